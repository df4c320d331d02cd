"""The account's menu: what the file may say, what the platform gets, and what tapping an entry asks."""

import asyncio
from pathlib import Path
from typing import Any

import pytest

from bot.gateway.texts import load_texts
from bot.gateway.wechat.api import ApiError, NotAuthorised
from bot.gateway.wechat.menu import MenuError, asked_by, read_menu
from bot.gateway.wechat.messages import Inbound
from bot.gateway.wechat.reading import Reader
from bot.gateway.wechat.simulator import PlatformApi

from .support import open_api

GOOD = """
- name: 办证件
  items:
    - {name: 居住证, ask: 怎么办理居住证}
    - {name: 办事大厅, url: "https://zwfw.example.gov.cn"}
    - name: 小程序
      miniprogram: {appid: wx1, pagepath: pages/index, url: "https://zwfw.example.gov.cn/old"}
- {name: 转人工, ask: 转人工}
"""
MENU = {
    "button": [
        {
            "name": "办证件",
            "sub_button": [
                {"name": "居住证", "type": "click", "key": "ask:怎么办理居住证"},
                {"name": "办事大厅", "type": "view", "url": "https://zwfw.example.gov.cn"},
                {
                    "name": "小程序",
                    "type": "miniprogram",
                    "appid": "wx1",
                    "pagepath": "pages/index",
                    "url": "https://zwfw.example.gov.cn/old",
                },
            ],
        },
        {"name": "转人工", "type": "click", "key": "ask:转人工"},
    ]
}


def written(folder: Path, text: str) -> Path:
    path = folder / "menu.yml"
    path.write_text(text, encoding="utf-8")
    return path


def create(platform: PlatformApi, menu: dict[str, Any], path: Path) -> None:
    async def push() -> None:
        api = open_api(platform, path)
        try:
            await api.create_menu(menu)
        finally:
            await api.close()

    asyncio.run(push())


def test_a_menu_is_read_in_the_platforms_form(tmp_path: Path) -> None:
    assert read_menu(written(tmp_path, GOOD)) == MENU


@pytest.mark.parametrize(
    ("text", "problems"),
    [
        ("", ["菜单应是一个列表"]),
        ("name: 办证件", ["菜单应是一个列表"]),
        ("- 办证件", ["菜单第 1 项应写成"]),
        ("- {ask: 你好}", ["菜单第 1 项缺少名称"]),
        ("- {name: 办证件}", ["菜单第 1 项“办证件”应有且只有一个动作"]),
        ("- {name: 办证件, ask: 一, url: 'https://a.cn'}", ["应有且只有一个动作"]),
        ("- {name: 办理各种证件, ask: 一}", ["菜单第 1 项“办理各种证件”的名称太长，最多 4 个汉字"]),
        ("- {name: 一, ask: 一, key: K}", ["有不认识的内容：key"]),
        ("- {name: 一, ask: 12345}", ["的 ask 应是文字"]),
        ("- {name: 一, ask: ' '}", ["的 ask 应是文字"]),
        (f"- {{name: 一, ask: {'问' * 42}}}", ["的问题太长，最多约 41 个汉字"]),
        ("- {name: 一, url: zwfw.example.gov.cn}", ["网址应以 https:// 或 http:// 开头"]),
        (f"- {{name: 一, url: 'https://a.cn/{'x' * 1024}'}}", ["网址太长，最多 1024 字节"]),
        ("- {name: 一, miniprogram: {appid: wx1}}", ["要有 appid、pagepath 和 url"]),
        ("- {name: 一, items: []}", ["菜单第 1 项“一”的子菜单应是一个列表"]),
        ("- {name: 一, items: [{name: 二, items: []}]}", ["子菜单第 1 项“二”：子菜单下面不能再有子菜单"]),
        ("\n".join(f"- {{name: 第{n}, ask: 问}}" for n in range(4)), ["菜单有 4 项，最多 3 项"]),
        (
            "- name: 一\n  items:\n" + "\n".join(f"    - {{name: 第{n}, ask: 问}}" for n in range(6)),
            ["的子菜单有 6 项，最多 5 项"],
        ),
        ("- {name: 一, ask: 一\n- x", ["第 2 行第"]),
        ("- {ask: 一}\n- {name: 二}", ["菜单第 1 项缺少名称", "菜单第 2 项“二”应有且只有一个动作"]),
    ],
)
def test_every_problem_of_a_menu_is_said_with_its_place(
    tmp_path: Path, text: str, problems: list[str]
) -> None:
    with pytest.raises(MenuError) as raised:
        read_menu(written(tmp_path, text))
    assert len(raised.value.problems) == len(problems)
    for found, expected in zip(raised.value.problems, problems, strict=True):
        assert expected in found


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    with pytest.raises(MenuError, match=r"nowhere\.yml"):
        read_menu(tmp_path / "nowhere.yml")
    (tmp_path / "gbk.yml").write_bytes("- {name: 办证件, ask: 一}".encode("gbk"))
    with pytest.raises(MenuError, match="UTF-8"):
        read_menu(tmp_path / "gbk.yml")


def test_names_are_measured_as_they_are_shown(tmp_path: Path) -> None:
    assert read_menu(written(tmp_path, "- {name: 12345办, ask: 一}"))["button"][0]["name"] == "12345办"
    with pytest.raises(MenuError):
        read_menu(written(tmp_path, "- {name: 12345办事, ask: 一}"))


def test_the_menu_takes_the_place_of_the_accounts(tmp_path: Path) -> None:
    platform = PlatformApi()
    create(platform, read_menu(written(tmp_path, GOOD)), tmp_path)
    assert platform.menu == MENU


def test_a_token_that_is_no_longer_valid_is_refreshed_once(tmp_path: Path) -> None:
    platform = PlatformApi()
    platform.errors.append(42001)
    create(platform, MENU, tmp_path)
    assert (platform.menu, platform.tokens) == (MENU, 2)


@pytest.mark.parametrize(("code", "kind"), [(48001, NotAuthorised), (40018, ApiError)])
def test_what_the_platform_refuses_leaves_its_menu(tmp_path: Path, code: int, kind: type[ApiError]) -> None:
    platform = PlatformApi()
    platform.errors.append(code)
    with pytest.raises(kind) as raised:
        create(platform, MENU, tmp_path)
    assert raised.value.code == code
    assert platform.menu is None


def test_tapping_an_entry_asks_its_question(tmp_path: Path) -> None:
    key = read_menu(written(tmp_path, GOOD))["button"][0]["sub_button"][0]["key"]
    reader = Reader(load_texts(city="澜川市"))

    def tapped(key: str) -> str | None:
        tap = Inbound("gh_1", "o1", "1", "event", {"Event": "CLICK", "EventKey": key})
        reading = reader.read(tap)
        return reading.text if reading and reading.kind == "text" else None

    assert tapped(key) == "怎么办理居住证"
    assert tapped("HUMAN") == "转人工"
    assert tapped("somebody-elses") == ""
    assert asked_by("HUMAN") is None

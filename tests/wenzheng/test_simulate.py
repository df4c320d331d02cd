"""`wenzheng wechat simulate`: what a line does, what is shown, and the page until Ctrl-C."""

import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Thread

import httpx
import pytest
import uvicorn
from fastapi import FastAPI, Request, Response

from bot.gateway.wechat.messages import parse_body, parse_inbound, render_text, render_transfer
from bot.gateway.wechat.simulator import Platform, PlatformApi
from bot.gateway.wechat.simulator.transcript import Option
from bot.gateway.wechat.simulator.wire import Article
from wenzheng.cli import main
from wenzheng.cli.citizen import Citizen

MENU = """
- name: 办证件
  items:
    - {name: 居住证, ask: 怎么办理居住证}
    - {name: 办事大厅, url: "https://zwfw.example.gov.cn"}
"""


def free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


@contextmanager
def served(app: FastAPI, port: int) -> Iterator[None]:
    server = uvicorn.Server(
        uvicorn.Config(app, "127.0.0.1", port, log_level="error", ws="none", lifespan="off")
    )
    thread = Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        assert thread.is_alive()
        time.sleep(0.01)
    yield
    server.should_exit = True
    thread.join(10)


def account() -> FastAPI:
    """An account of paper: says again what it hears, and nothing to events; 拒绝 is refused, 乱答 answered badly."""
    app = FastAPI()

    async def callback(request: Request) -> Response:
        raw = await request.body()
        body = parse_body(raw, 1 << 20)
        inbound = parse_inbound(body)
        said = inbound.fields.get("Content") or inbound.fields.get("Recognition", "")
        if said == "拒绝":
            return Response("no", status_code=403)
        if said == "乱答":
            return Response("???")
        if not said:
            return Response("success")
        if said == "转人工":
            return Response(render_transfer(inbound, 1, body.is_json))
        return Response(render_text(inbound, f"答：{said}{'（JSON）' * body.is_json}", 1, body.is_json))

    app.add_api_route("/wechat", callback, methods=["POST"])
    app.add_api_route("/health", lambda: {}, methods=["GET"])
    return app


@pytest.fixture
def gateway(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    port = free_port()
    settings = {
        "PORT": str(port),
        "WECHAT_TOKEN": "t",
        "WECHAT_MODE": "plain",
        "WECHAT_APPID": "",
        "WECHAT_SECRET": "",
    }
    for name, value in settings.items():
        monkeypatch.setenv(f"WENZHENG_{name}", value)
    with served(account(), port):
        yield


@pytest.fixture
def citizen() -> Citizen:
    api = PlatformApi()
    return Citizen(Platform(httpx.AsyncClient(), "t", api=api), api, "o1")


@pytest.mark.parametrize(
    ("line", "act"),
    [
        ("你好", ("text", "你好", "")),
        ("/不认识的 命令", ("text", "/不认识的 命令", "")),
        ("/图片", ("image", "", "")),
        ("/语音 医保断缴", ("voice", "医保断缴", "")),
        ("/语音", ("voice", "", "")),
        ("/位置 政务中心", ("location", "政务中心", "")),
        ("/链接 http://a", ("link", "http://a", "")),
        ("/关注", ("follow", "", "")),
        ("/关注 hall", ("follow", "", "hall")),
        ("/取消关注", ("leave", "", "")),
        ("/扫码 hall", ("scan", "", "hall")),
        ("/上报位置", ("whereabouts", "", "")),
        ("/菜单 HUMAN", ("click", "", "HUMAN")),
        ("/客服上线", ("agent-come", "", "")),
        ("/客服转接 wang@gh", ("agent-switch", "", "wang@gh")),
        ("/客服说 您好", ("agent-say", "您好", "")),
    ],
)
def test_a_line_says_what_to_do(citizen: Citizen, line: str, act: tuple[str, str, str]) -> None:
    assert citizen.meant(line) == act


def test_an_entry_of_the_menu_is_tapped_by_its_name(
    citizen: Citizen, capsys: pytest.CaptureFixture[str]
) -> None:
    assert citizen.meant("/菜单") is None
    assert "没有菜单" in capsys.readouterr().err
    button = {
        "name": "办证件",
        "sub_button": [{"name": "居住证", "key": "ask:居住证"}, {"name": "大厅", "url": "http://u"}],
    }
    citizen._api.menu = {"button": [button]}
    assert citizen.meant("/菜单 居住证") == ("click", "", "ask:居住证")
    assert citizen.meant("/菜单 大厅") == ("view", "", "http://u")
    assert citizen.meant("/菜单") is None
    assert "/菜单 大厅" in capsys.readouterr().err


def test_an_option_is_tapped_by_its_number(citizen: Citizen, capsys: pytest.CaptureFixture[str]) -> None:
    assert citizen.meant("/选 1") is None
    assert "没有给出" in capsys.readouterr().err
    citizen._api.transcript.add("o1", "account", "msgmenu", "？\n满意", options=[Option("101", "满意")])
    citizen.show_news()
    shown = capsys.readouterr()
    assert shown.out == "公众号：？\n满意\n\n"
    assert "/选 1　满意" in shown.err
    assert citizen.meant("/选 1") == ("tap", "满意", "101")
    assert citizen.meant("/选 2") is None
    assert citizen.meant("/选 ²") is None


def test_a_card_is_shown_with_its_picture_and_link(
    citizen: Citizen, capsys: pytest.CaptureFixture[str]
) -> None:
    article = Article("居住证怎么办", "点开在线办理", "https://a.example/p.png", "https://a.example/apply")
    citizen._api.transcript.add("o1", "account", "news", articles=[article])
    citizen.show_news()
    lines = (
        "［图文］居住证怎么办",
        "点开在线办理",
        "https://a.example/apply",
        "（图片 https://a.example/p.png）",
    )
    assert capsys.readouterr().out == "公众号：" + "\n".join(lines) + "\n\n"


@pytest.mark.usefixtures("gateway")
def test_messages_are_answered_one_after_another(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["wechat", "simulate", "--subscribe", "你好", "/语音 医保", "/图片"]) == 0
    shown = capsys.readouterr()
    assert shown.out == "市民：你好\n公众号：答：你好\n\n市民：/语音 医保\n公众号：答：医保\n\n市民：/图片\n"
    assert shown.err.count("第 1 次请求") == 4
    assert main(["wechat", "simulate", "--body", "json", "你好"]) == 0
    assert "答：你好（JSON）" in capsys.readouterr().out


@pytest.mark.usefixtures("gateway")
def test_a_transfer_to_the_platforms_agents_is_shown(capsys: pytest.CaptureFixture[str]) -> None:
    lines = [
        "/客服上线",
        "/客服手动",
        "转人工",
        "/客服接入",
        "您好",
        "/客服说 请讲",
        "/客服结束",
        "谢谢",
        "/客服说 晚了",
    ]
    assert main(["wechat", "simulate", *lines]) == 0
    shown = capsys.readouterr()
    assert "（已转接到公众平台客服，等待接入）" in shown.err
    assert "（消息由公众平台客服 kf2001@gh_simulator 接收）" in shown.err
    assert "市民：/客服说 请讲\n客服：请讲\n" in shown.out
    assert shown.out.endswith("公众号：答：谢谢\n\n市民：/客服说 晚了\n")
    assert "客服不能这样做：no session" in shown.err


@pytest.mark.usefixtures("gateway")
@pytest.mark.parametrize(
    ("said", "explained"), [("拒绝", "回调被拒绝（403）：no"), ("乱答", "回复不合平台的要求")]
)
def test_a_bad_reply_is_explained_and_fails(
    said: str, explained: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["wechat", "simulate", said, "你好"]) == 1
    shown = capsys.readouterr()
    assert "公众号：该公众号暂时无法提供服务，请稍后再试" in shown.out
    assert "答：你好" in shown.out
    assert explained in shown.err


@pytest.mark.usefixtures("gateway")
def test_a_port_in_use_a_bad_menu_and_a_missing_key_are_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "menu.yml").write_text("- {name: 二}\n", encoding="utf-8")
    assert main(["wechat", "simulate", "--menu", str(tmp_path / "menu.yml"), "你好"]) == 2
    assert "第 1 项" in capsys.readouterr().err
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        assert main(["wechat", "simulate", "--web", "--port", str(port)]) == 2
        assert str(port) in capsys.readouterr().err
        monkeypatch.setenv("WENZHENG_WECHAT_API_BASE", f"http://127.0.0.1:{port}")
        assert main(["wechat", "simulate", "你好"]) == 2
        assert str(port) in capsys.readouterr().err
    monkeypatch.setenv("WENZHENG_WECHAT_MODE", "secure")
    monkeypatch.delenv("WENZHENG_WECHAT_AES_KEY", raising=False)
    assert main(["wechat", "simulate", "你好"]) == 2
    assert "WENZHENG_WECHAT_AES_KEY" in capsys.readouterr().err


def test_without_a_running_service_the_terminal_says_so(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name, value in {"PORT": str(free_port()), "WECHAT_TOKEN": "t", "WECHAT_MODE": "plain"}.items():
        monkeypatch.setenv(f"WENZHENG_{name}", value)
    assert main(["wechat", "simulate", "你好"]) == 2
    assert "wenzheng up" in capsys.readouterr().err


@pytest.mark.usefixtures("gateway")
def test_the_page_is_served_until_it_is_interrupted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "menu.yml").write_text(MENU, encoding="utf-8")
    page, api = (f"http://127.0.0.1:{free_port()}" for _ in range(2))
    monkeypatch.setenv("WENZHENG_WECHAT_API_BASE", api)
    command = [
        "wechat",
        "simulate",
        "--web",
        "--port",
        page.rpartition(":")[2],
        "--menu",
        str(tmp_path / "menu.yml"),
    ]
    process = subprocess.Popen(
        [sys.executable, "-m", "wenzheng", *command], stderr=subprocess.PIPE, text=True
    )
    assert process.stderr is not None
    try:
        while page not in (line := process.stderr.readline()):
            assert line, "it ended before it began"
        with httpx.Client(base_url=page, trust_env=False, timeout=30) as client:
            act = {"openid": "o-simulated-citizen", "act": "text", "text": "你好"}
            assert client.post("/phone/act", json=act).status_code == 202
            news = {"entries": []}
            for _ in range(100):
                news = client.get("/phone/news", params={"after": -1}).json()
                if len(news["entries"]) == 2:
                    break
                time.sleep(0.05)
            assert [each["text"] for each in news["entries"]] == ["你好", "答：你好"]
            assert news["menu"]["button"][0]["name"] == "办证件"
            assert ["客服消息", api] in news["facts"]
        assert httpx.post(f"{api}/cgi-bin/stable_token", json={}, trust_env=False).json()["access_token"]
    finally:
        process.send_signal(signal.SIGINT)
        assert process.wait(20) == 0
    assert "Traceback" not in process.stderr.read()

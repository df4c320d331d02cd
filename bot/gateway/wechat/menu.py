"""The account's menu: from the file that people write to what the platform's `menu/create` takes.

    - name: 办证件
      items:
        - {name: 居住证, ask: 怎么办理居住证}
        - {name: 办事大厅, url: "https://zwfw.example.gov.cn"}
    - {name: 转人工, ask: 转人工}

Tapping an entry with ``ask`` asks that question: the entry's key holds it, so that a menu that was pushed stays valid
whatever else is changed.

Source of the limits: the platform's page 创建自定义菜单 (at most 3 entries with at most 5 below each; names of more
than 4 and 8 characters are cut off when shown) and its table of parameters (bytes of key and url).
"""

from __future__ import annotations

import unicodedata
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import yaml

MOST = (3, 5)
"""Entries at the top, and below one of them."""
NAME_LENGTH = (4, 8)
"""Characters of a name that are shown, at the top and below; two half-width ones are one."""
KEY_BYTES = 128
URL_BYTES = 1024
ASK = "ask:"
_ACTIONS = ("ask", "url", "miniprogram", "items")
_MINIPROGRAM = ("appid", "pagepath", "url")


class MenuError(ValueError):
    """The file is no menu; ``problems`` says everything that is wrong, and where."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems


def asked_by(key: str) -> str | None:
    """The question that the key of a tapped entry asks; None where the key was not made here."""
    return key[len(ASK) :] if key.startswith(ASK) else None


def read_menu(path: Path) -> dict[str, Any]:
    """The menu in the YAML file ``path`` as the body of `menu/create`. Raises MenuError."""
    try:
        entries = yaml.safe_load(path.read_text(encoding="utf-8-sig"))
    except OSError as error:
        raise MenuError([f"无法读取 {path}：{error.strerror}"]) from error
    except UnicodeDecodeError as error:
        raise MenuError([f"{path} 不是 UTF-8 编码的文本，请另存为 UTF-8。"]) from error
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        where = f"第 {mark.line + 1} 行第 {mark.column + 1} 列" if mark else ""
        raise MenuError(
            [f"{path} {where}不是有效的 YAML。请检查缩进，冒号后要有空格，网址请加引号。"]
        ) from error
    problems: list[str] = []
    buttons = _buttons(entries, 0, "菜单", problems)
    if problems:
        raise MenuError(problems)
    return {"button": buttons}


def _buttons(entries: Any, level: int, where: str, problems: list[str]) -> list[dict[str, Any]]:
    if not isinstance(entries, list) or not entries:
        problems.append(f"{where}应是一个列表，每项以“- name: 名称”开头。")
        return []
    if len(entries) > MOST[level]:
        problems.append(f"{where}有 {len(entries)} 项，最多 {MOST[level]} 项。")
    return [
        _button(entry, level, f"{where}第 {number} 项", problems) for number, entry in enumerate(entries, 1)
    ]


def _button(entry: Any, level: int, where: str, problems: list[str]) -> dict[str, Any]:
    if not isinstance(entry, dict):
        problems.append(f"{where}应写成“name: 名称”和一个动作（ask、url、miniprogram 或 items）。")
        return {}
    name = entry.get("name")
    if isinstance(name, str) and name.strip():
        where += f"“{name}”"
        if _width(name) > 2 * NAME_LENGTH[level]:
            problems.append(
                f"{where}的名称太长，最多 {NAME_LENGTH[level]} 个汉字，多出的部分在微信里会显示为“...”。"
            )
    else:
        problems.append(f"{where}缺少名称（name）。")
    if unknown := [str(key) for key in entry if key not in ("name", *_ACTIONS)]:
        problems.append(f"{where}有不认识的内容：{'、'.join(unknown)}。")
    actions = [key for key in _ACTIONS if key in entry]
    if len(actions) != 1:
        problems.append(
            f"{where}应有且只有一个动作：ask（提问）、url（网页）、miniprogram（小程序）、items（子菜单）。"
        )
        return {}
    button: dict[str, Any] = {"name": name}
    [action] = actions
    value = entry[action]
    if action == "items":
        if level:
            problems.append(f"{where}：子菜单下面不能再有子菜单。")
            return button
        return {**button, "sub_button": _buttons(value, 1, f"{where}的子菜单", problems)}
    if action == "miniprogram":
        return {**button, **_miniprogram(value, where, problems)}
    if not isinstance(value, str) or not value.strip():
        problems.append(f"{where}的 {action} 应是文字。")
        return button
    if action == "url":
        _check_url(value, where, problems)
        return {**button, "type": "view", "url": value}
    key = ASK + value.strip()
    if len(key.encode()) > KEY_BYTES:
        problems.append(f"{where}的问题太长，最多约 {(KEY_BYTES - len(ASK)) // 3} 个汉字。")
    return {**button, "type": "click", "key": key}


def _miniprogram(value: Any, where: str, problems: list[str]) -> dict[str, Any]:
    if not isinstance(value, dict) or not all(isinstance(value.get(key), str) for key in _MINIPROGRAM):
        problems.append(f"{where}的 miniprogram 要有 appid、pagepath 和 url（旧版微信打开的网页）。")
        return {}
    _check_url(value["url"], where, problems)
    return {"type": "miniprogram", **{key: value[key] for key in _MINIPROGRAM}}


def _check_url(value: str, where: str, problems: list[str]) -> None:
    try:
        parts = urlsplit(value)
        good = parts.scheme in ("http", "https") and bool(parts.hostname)
    except ValueError:
        good = False
    if not good:
        problems.append(f"{where}的网址应以 https:// 或 http:// 开头：{value}")
    elif len(value.encode()) > URL_BYTES:
        problems.append(f"{where}的网址太长，最多 {URL_BYTES} 字节。")


def _width(name: str) -> int:
    return sum(2 if unicodedata.east_asian_width(each) in "FWA" else 1 for each in name)

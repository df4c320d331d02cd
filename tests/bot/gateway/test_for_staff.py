"""Staff read what kind of message it was where it was no text."""

from pathlib import Path
from typing import Any

import pytest

from .support import CITIZEN, PLAIN, FakeDesk, until, world

CONVERSATION = f"wechat:{CITIZEN}"


@pytest.mark.parametrize(
    ("kind", "fields", "read"),
    [
        ("image", {"PicUrl": "http://x", "MediaId": "m"}, "［图片］ 可在公众平台的“消息管理”中查看"),
        ("video", {"MediaId": "m", "ThumbMediaId": "t"}, "［视频］ 可在公众平台的“消息管理”中查看"),
        ("voice", {"MediaId": "m", "Format": "amr"}, "［语音，未识别出文字］ 可在公众平台的“消息管理”中收听"),
        ("voice", {"MediaId": "m", "Format": "amr", "Recognition": "怎么办证"}, "怎么办证"),
        ("location", {"Location_X": "1", "Location_Y": "2", "Label": "海滨路1号"}, "［位置］海滨路1号"),
        ("location", {"Location_X": "1", "Location_Y": "2"}, "［位置］ 没有地名"),
        ("link", {"Title": "补贴通知", "Url": "http://x"}, "［链接］ 补贴通知"),
        ("file", {"Title": "a.pdf"}, "［文件］ 可在公众平台"),
        ("text", {"Content": "您好"}, "您好"),
        ("text", {"Content": "长" * 3000}, "只保留了开头"),
    ],
)
async def test_what_is_no_text_is_named(tmp_path: Path, kind: str, fields: dict[str, str], read: str) -> None:
    desk = FakeDesk(owners={CONVERSATION: "staff"})
    async with world(tmp_path, PLAIN, desk=desk) as w:
        await w.platform.send(CITIZEN, kind, fields)
        await until(lambda: desk.received)
        [(_, text)] = desk.received
        assert read in text


async def test_what_was_said_to_the_bot_is_named_the_same_way(tmp_path: Path) -> None:
    async with world(tmp_path, PLAIN) as w:
        await w.platform.send(CITIZEN, "image", {"PicUrl": "http://x", "MediaId": "m"})
        await until(lambda: w.desk.log)
        said: list[Any] = [text for _, author, text in w.desk.log if author == "citizen"]
        assert said == ["［图片］ 可在公众平台的“消息管理”中查看"]


async def test_a_place_that_the_bot_answers_too_late_is_named_the_same_way(tmp_path: Path) -> None:
    class Later(FakeDesk):
        """Staff have it by the time something is stored, but not before."""

        def owner(self, conversation_id: str, connection: Any = None) -> Any:
            return "bot" if connection is None else "staff"

    desk = Later()
    async with world(tmp_path, PLAIN, desk=desk) as w:
        fields = {"Location_X": "1", "Location_Y": "2", "Label": "海滨路1号"}
        await w.platform.send(CITIZEN, "location", fields)
        await until(lambda: desk.received)
        assert desk.received == [(CONVERSATION, "［位置］海滨路1号")]


async def test_what_is_no_text_is_never_taken_for_a_rating(tmp_path: Path) -> None:
    desk = FakeDesk(rating="满意")
    async with world(tmp_path, PLAIN, desk=desk) as w:
        await w.platform.send(CITIZEN, "location", {"Location_X": "1", "Location_Y": "2", "Label": "满意"})
        await until(lambda: desk.log or desk.received)
        assert desk.received == []

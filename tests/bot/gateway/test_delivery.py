"""How far what staff wrote is on its way to the citizen."""

from pathlib import Path
from typing import Any

from .support import CITIZEN, PLAIN, PUSHING, Now, until, world

CONVERSATION = f"wechat:{CITIZEN}"
HOUR = 3600.0


def staff_says(w: Any, text: str, conversation_id: str = CONVERSATION) -> int:
    with w.engine.begin() as connection:
        return int(w.gateway.deliver(connection, conversation_id, "staff", text))


def state(w: Any, row: int) -> str | None:
    return w.gateway.deliveries.of([row]).get(row)


async def test_what_was_pushed_is_delivered_and_the_desk_is_told(tmp_path: Path) -> None:
    async with world(tmp_path, PUSHING, enforce=True) as w:
        await w.platform.say(CITIZEN, "你好")
        w.moved.clear()
        row = staff_says(w, "请带身份证")
        await until(lambda: state(w, row) == "delivered" and w.moved == [CONVERSATION])


async def test_what_the_platform_allows_no_more_waits_for_the_citizen(tmp_path: Path) -> None:
    clock = Now()
    async with world(tmp_path, PUSHING, enforce=True, clock=clock) as w:
        await w.platform.say(CITIZEN, "你好")
        clock.offset = 49 * HOUR
        row = staff_says(w, "晚了")
        await until(lambda: state(w, row) == "held")
        await w.platform.say(CITIZEN, "在吗")
        await until(lambda: state(w, row) == "delivered")


async def test_an_account_that_may_not_push_holds_every_reply(tmp_path: Path) -> None:
    async with world(tmp_path, PLAIN) as w:
        await w.platform.say(CITIZEN, "你好")
        row = staff_says(w, "请带身份证")
        assert state(w, row) == "held"
        await w.platform.say(CITIZEN, "在吗")
        await until(lambda: state(w, row) == "delivered")


async def test_who_no_longer_follows_is_not_reached(tmp_path: Path) -> None:
    async with world(tmp_path, PLAIN) as w:
        await w.platform.say(CITIZEN, "你好")
        row = staff_says(w, "请带身份证")
        await w.platform.event(CITIZEN, "unsubscribe")
        await until(lambda: state(w, row) == "failed")


async def test_a_long_reply_is_delivered_once_its_last_part_is(tmp_path: Path) -> None:
    async with world(tmp_path, PUSHING, enforce=True) as w:
        await w.platform.say(CITIZEN, "你好")
        row = staff_says(w, "请带身份证。" * 300)
        assert row == max(each.id for each in w.rows() if each.author == "staff")
        assert len([each for each in w.rows() if each.author == "staff"]) > 1


async def test_a_web_page_has_a_reply_once_it_fetched_it(tmp_path: Path) -> None:
    async with world(tmp_path, PLAIN) as w:
        cookies = {"wz_citizen": "a" * 24}
        conversation = f"web:{'a' * 24}"
        row = staff_says(w, "请带身份证", conversation)
        assert state(w, row) == "held"
        answer = await w.client.get("/api/chat/messages", cookies=cookies)
        assert state(w, row) == "held", "the answer may still be lost"
        after = answer.json()["items"][-1]["id"]
        await w.client.get("/api/chat/messages", params={"after": after}, cookies=cookies)
        assert state(w, row) == "delivered"


async def test_a_row_that_is_not_there_has_no_state(tmp_path: Path) -> None:
    async with world(tmp_path, PLAIN) as w:
        assert w.gateway.deliveries.of([99]) == {}
        assert w.gateway.deliveries.of([]) == {}

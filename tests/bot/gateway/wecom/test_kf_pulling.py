"""Pulling: pages, the cursor, what is lost on the way, and what a death in between leaves."""

import asyncio
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy.exc import OperationalError

from bot.gateway.wechat.api import ApiError

from ..support import Now, until
from .kf_world import CITIZEN, OPEN_KFID, account, kf_world, make_server

DAY = 24 * 3600.0


async def test_many_messages_come_in_pages_and_in_their_order(tmp_path: Path) -> None:
    server = make_server(page=3)
    async with kf_world(tmp_path, server) as k:
        k.wecom.silent = True
        for number in range(10):
            await k.wecom.say(CITIZEN, f"第{number}问")
        k.wecom.silent = False
        await k.wecom.tell()
        await until(lambda: len(k.w.heard()) == 10)
        assert k.w.heard() == [f"第{number}问" for number in range(10)]
        await until(lambda: k.cursor() == "10")


async def test_the_same_message_pulled_twice_is_answered_once(tmp_path: Path) -> None:
    async with kf_world(tmp_path) as k:
        entry = await k.wecom.say(CITIZEN, "问")
        await until(lambda: k.said() == ["答：问"])
        k.server.add(entry)
        await k.wecom.say(CITIZEN, "另问")
        await until(lambda: k.said() == ["答：问", "答：另问"])
        assert k.texts() == ["问", "另问"]


async def test_a_callback_that_gets_lost_loses_nothing(tmp_path: Path) -> None:
    async with kf_world(tmp_path, account=account(pull_every=0.1)) as k:
        k.wecom.silent = True
        await k.wecom.say(CITIZEN, "问")
        await until(lambda: k.said() == ["答：问"])


async def test_what_came_while_nobody_was_there_is_pulled_at_the_start(tmp_path: Path) -> None:
    clock = Now()
    server = make_server(clock)
    async with kf_world(tmp_path, server, clock=clock) as k:
        await k.wecom.say(CITIZEN, "早")
        await until(lambda: k.said() == ["答：早"])
        k.wecom.silent = True
    clock.offset = 3600.0
    await k.wecom.say(CITIZEN, "有人吗")
    clock.offset = 7200.0
    async with kf_world(tmp_path, server, clock=clock) as k:
        await until(lambda: k.said() == ["答：早", "答：有人吗"])


async def test_history_from_before_the_very_first_start_is_not_answered(tmp_path: Path) -> None:
    clock = Now()
    server = make_server(clock, page=2)
    now = clock()
    for number, age in enumerate([4 * DAY, 2 * DAY, 3600.0, 120.0, 30.0]):
        whose = {"open_kfid": OPEN_KFID, "external_userid": f"wm{number}", "origin": 3}
        server.standing(f"wm{number}").heard(now - age)
        server.add(
            {**whose, "msgtype": "text", "text": {"content": f"{age:.0f}"}, "send_time": int(now - age)}
        )
    async with kf_world(tmp_path, server, clock=clock) as k:
        await until(lambda: k.server.sent)
        await until(lambda: k.cursor() == "5")
        assert k.texts() == ["30"], "what was written while it started is answered"


async def test_a_death_before_the_first_page_is_done_does_not_make_history_recent(tmp_path: Path) -> None:
    clock = Now()
    server = make_server(clock)
    server.errors_at["sync_msg"].extend([-1] * 1000)
    async with kf_world(tmp_path, server, clock=clock) as k:
        await until(lambda: k.calls("sync_msg") > 1)
        k.wecom.silent = True
    clock.offset = 3600.0
    await k.wecom.say(CITIZEN, "第一次启动之后的问题")
    clock.offset = 2 * 3600.0
    server.errors_at["sync_msg"].clear()
    async with kf_world(tmp_path, server, clock=clock) as k:
        await until(lambda: k.said() == ["答：第一次启动之后的问题"])


@pytest.mark.parametrize("stored", [0, 1, 3])
async def test_a_death_in_a_page_neither_loses_nor_doubles(tmp_path: Path, stored: int) -> None:
    """Before anything is stored, half-way, and between the last message and the cursor."""
    server = make_server()
    async with kf_world(tmp_path, server) as k:
        await until(lambda: k.cursor() == "0")
        accept, left = k.w.gateway._inbox.accept, [stored]

        def dying_accept(*args: Any) -> Any:
            if not left[0]:
                raise OperationalError("INSERT", {}, Exception("the disk is gone"))
            left[0] -= 1
            return accept(*args)

        def dying_advance(*_: Any) -> None:
            raise OperationalError("UPDATE", {}, Exception("the disk is gone"))

        k.w.gateway._inbox.accept = dying_accept  # type: ignore[method-assign]
        k.w.gateway._kf.puller._cursors.advance = dying_advance
        k.wecom.silent = True
        for number in range(3):
            await k.wecom.say(f"wm{number}", f"第{number}问")
        k.wecom.silent = False
        await k.wecom.tell()
        await until(lambda: k.w.gateway._kf.puller._failures)
        assert (len(k.texts()), k.cursor()) == (stored, "0")
    async with kf_world(tmp_path, server) as k:
        await until(lambda: k.cursor() == "3")
        await until(lambda: len(server.sent) == 3)
        assert sorted(k.texts()) == ["第0问", "第1问", "第2问"]
        assert [k.said(f"wm{number}") for number in range(3)] == [[f"答：第{n}问"] for n in range(3)]


async def test_who_was_welcomed_before_a_death_is_not_welcomed_again(tmp_path: Path) -> None:
    server = make_server()
    async with kf_world(tmp_path, server) as k:
        await until(lambda: k.cursor() == "0")

        def dying_advance(*_: Any) -> None:
            raise OperationalError("UPDATE", {}, Exception("the disk is gone"))

        k.w.gateway._kf.puller._cursors.advance = dying_advance
        await k.wecom.enter(CITIZEN)
        await until(k.said)
    async with kf_world(tmp_path, server) as k:
        await until(lambda: k.cursor() == "1")
        assert k.said() == [k.w.texts.say("kf.welcome")]


async def test_a_callback_whose_token_is_too_old_is_pulled_for_without_it(tmp_path: Path) -> None:
    async with kf_world(tmp_path) as k:
        k.server.pull_token = lambda: "ENC-of-yesterday"  # type: ignore[method-assign]
        await k.wecom.say(CITIZEN, "问")
        await until(lambda: k.said() == ["答：问"])


@pytest.mark.parametrize("code", [-1, 45009, 40058, 48002, 60020, 95000])
async def test_a_pull_that_fails_is_tried_again(tmp_path: Path, code: int) -> None:
    async with kf_world(tmp_path) as k:
        await until(lambda: k.calls("sync_msg"))
        k.server.errors_at["sync_msg"].extend([code] * 3)
        await k.wecom.say(CITIZEN, "问")
        await until(lambda: k.said() == ["答：问"])


async def test_after_many_failures_a_callback_is_pulled_for_at_once(tmp_path: Path) -> None:
    async with kf_world(tmp_path) as k:
        await until(lambda: k.calls("sync_msg"))
        puller, api = k.w.gateway._kf.puller, k.w.gateway._kf._api
        pull = api.pull

        async def failing(*_: Any) -> Any:
            api.pull = pull
            puller._failures = 12
            raise ApiError(-1, "simulated")

        api.pull = failing
        await k.wecom.say(CITIZEN, "问")
        await until(lambda: puller._failures == 13)
        await k.wecom.say(CITIZEN, "在吗")
        await until(lambda: k.said() == ["答：问", "答：在吗"])


@pytest.mark.parametrize(("path", "code"), [("sync_msg", 60020), ("gettoken", 40001), ("send_msg", 48002)])
async def test_what_the_operator_has_to_mend_is_told_until_it_is_mended(
    tmp_path: Path, path: str, code: int
) -> None:
    async with kf_world(tmp_path) as k:
        await until(lambda: k.calls("sync_msg"))
        k.server.expire_tokens()
        k.server.errors_at[path].extend([code] * 500)
        await k.wecom.say(CITIZEN, "问")
        await until(lambda: k.w.gateway.troubles.get("kf", "").startswith(str(code)))
        k.server.errors_at[path].clear()
        await until(lambda: k.said() == ["答：问"])
        await until(lambda: k.w.gateway.troubles == {})


async def test_an_access_token_that_ended_early_is_replaced(tmp_path: Path) -> None:
    async with kf_world(tmp_path) as k:
        await k.wecom.say(CITIZEN, "问")
        await until(lambda: k.said() == ["答：问"])
        k.server.expire_tokens()
        await k.wecom.say(CITIZEN, "另问")
        await until(lambda: k.said() == ["答：问", "答：另问"])
        assert k.calls("gettoken") == 2


async def test_an_access_token_is_asked_for_once_in_its_life(tmp_path: Path) -> None:
    """WeCom gives the same one again until its end: asking early would ask at every call."""
    clock = Now()
    async with kf_world(tmp_path, clock=clock) as k:
        await until(lambda: k.calls("sync_msg"))
        clock.offset = 7200.0 - 200.0
        await k.wecom.say(CITIZEN, "问")
        await until(lambda: k.said() == ["答：问"])
        assert k.calls("gettoken") == 1
        clock.offset = 7200.0 + 1.0
        await k.wecom.say(CITIZEN, "另问")
        await until(lambda: k.said() == ["答：问", "答：另问"])
        assert k.calls("gettoken") == 2


async def test_another_secret_is_another_application_with_a_token_of_its_own(tmp_path: Path) -> None:
    async with kf_world(tmp_path) as k:
        await until(lambda: k.cursor() == "0")
    server = make_server()
    server._secret = "another"
    async with kf_world(tmp_path, server, account(secret="another")) as k:
        await k.wecom.say(CITIZEN, "问")
        await until(lambda: k.said() == ["答：问"])
        assert k.calls("gettoken") == 1, "the other's token was not even tried"


async def test_a_message_that_does_not_say_when_it_was_sent_is_answered(tmp_path: Path) -> None:
    async with kf_world(tmp_path) as k:
        k.server.standing(CITIZEN).heard(k.server.clock())
        whose = {"msgid": "1", "open_kfid": OPEN_KFID, "external_userid": CITIZEN, "origin": 3}
        k.server.put({**whose, "msgtype": "text", "text": {"content": "问"}})
        await k.wecom.tell()
        await until(lambda: k.said() == ["答：问"])


@pytest.mark.parametrize(
    "entry",
    [
        "not an object",
        None,
        {},
        {"msgid": "1", "origin": 3, "msgtype": "text", "text": {"content": "谁？"}},
        {"msgid": "1", "origin": 3, "msgtype": "text", "external_userid": CITIZEN, "text": "x"},
        {"msgid": "1", "origin": "3", "msgtype": ["text"], "external_userid": {"a": 1}},
        {"msgid": "1", "origin": 3, "msgtype": "text", "external_userid": "w" * 4000, "text": {}},
        {
            "msgid": "m" * 4000,
            "origin": 3,
            "msgtype": "text",
            "external_userid": "wmA",
            "text": {"content": "a"},
        },
        {
            "msgid": "1",
            "origin": 3,
            "msgtype": "text",
            "external_userid": "wmA",
            "send_time": 1e300,
            "text": {},
        },
        {"msgid": "1", "origin": 4, "msgtype": "event", "event": {"event_type": "servicer_status_change"}},
        {"msgid": "1", "origin": 4, "msgtype": "event", "event": {"event_type": "msg_send_fail"}},
        {"msgid": "1", "origin": 4, "msgtype": "event", "event": [1]},
        {"msgid": "1", "origin": 4, "msgtype": "event", "event": {"event_type": "user_recall_msg"}},
        {"msgid": "1", "origin": 3, "open_kfid": "wkOther", "msgtype": "text", "external_userid": "wmA"},
    ],
)
async def test_an_entry_that_makes_no_sense_keeps_nothing_else_back(tmp_path: Path, entry: Any) -> None:
    async with kf_world(tmp_path) as k:
        k.server.put(entry)
        await k.wecom.say(CITIZEN, "问")
        await until(lambda: "答：问" in k.said())
        await until(lambda: k.cursor() == "2")


async def test_a_page_that_says_there_is_more_and_not_where_is_not_pulled_forever(tmp_path: Path) -> None:
    async with kf_world(tmp_path) as k:
        await until(lambda: k.calls("sync_msg"))
        k.server.stuck = True
        await k.wecom.say(CITIZEN, "问")
        await until(lambda: k.said() == ["答：问"])
        before = k.calls("sync_msg")
        await asyncio.sleep(0.2)
        assert k.calls("sync_msg") == before

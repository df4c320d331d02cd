"""A reply that may not have arrived is not lost, and one that did is not given again."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy.exc import OperationalError

from bot.gateway.wechat.messages import render
from bot.gateway.wechat.simulator.platform import ACCOUNT

from .support import CITIZEN, IMPATIENT, PLAIN, PUSHING, Now, until, world

QUICK = replace(PLAIN, settle_after=0.2)


def statuses(w: Any) -> list[str]:
    return [row.status for row in w.rows()]


class LetGo(Exception):
    """The platform let go before the reply was read."""


async def unread(w: Any, text: str, message_id: str, tries: int = 1) -> None:
    """Send a message whose replies get lost on the way."""
    for _ in range(tries):
        fields = {"ToUserName": ACCOUNT, "FromUserName": CITIZEN, "CreateTime": 1, "MsgType": "text"}
        message = render({**fields, "Content": text, "MsgId": message_id}, False)
        url, body = w.platform.signed(message)
        transport = Cut(w.client._transport)
        async with httpx.AsyncClient(transport=transport, base_url="http://city") as client:
            with pytest.raises(LetGo):
                await client.post(url, content=body)


class Cut(httpx.AsyncBaseTransport):
    """The platform hangs up at the moment the answer is ready: its request reads as disconnected."""

    def __init__(self, inner: Any) -> None:
        self._app = inner.app

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        content = await request.aread()
        scope = {
            "type": "http",
            "asgi": {"version": "3.0"},
            "http_version": "1.1",
            "method": request.method,
            "headers": [(name.lower(), value) for name, value in request.headers.raw],
            "scheme": "http",
            "path": request.url.path,
            "raw_path": request.url.raw_path,
            "query_string": request.url.query,
            "server": ("city", 80),
            "client": ("127.0.0.1", 1),
            "root_path": "",
        }
        messages = [{"type": "http.request", "body": content, "more_body": False}]

        async def receive() -> dict[str, Any]:
            return messages.pop() if messages else {"type": "http.disconnect"}

        async def send(_message: dict[str, Any]) -> None:
            return

        await self._app(scope, receive, send)
        raise LetGo


async def test_what_a_reply_carried_is_delivered_once_the_platform_has_it(tmp_path: Path) -> None:
    async with world(tmp_path, QUICK) as w:
        await w.platform.say(CITIZEN, "问")
        await until(lambda: statuses(w) == ["delivered"])
        assert (w.rows()[0].delivered_by, w.rows()[0].carried_by) == ("reply", w.inbox()[0].id)


async def test_a_retry_reads_the_reply_that_got_lost(tmp_path: Path) -> None:
    async with world(tmp_path) as w:
        await unread(w, "问", "1")
        assert statuses(w) == ["replying"]
        assert (await w.platform.say(CITIZEN, "问", message_id="1")).text == "答：问"
        await until(lambda: statuses(w) == ["delivered"])


async def test_no_further_try_means_that_the_reply_arrived(tmp_path: Path) -> None:
    async with world(tmp_path, QUICK) as w:
        await unread(w, "问", "1")
        await until(lambda: statuses(w) == ["delivered"])
        assert (await w.platform.say(CITIZEN, "另问")).text == "答：另问"


async def test_a_reply_to_the_last_try_that_got_lost_comes_with_the_next_message(tmp_path: Path) -> None:
    async with world(tmp_path, QUICK) as w:
        await unread(w, "问", "1", tries=3)
        await until(lambda: statuses(w) == ["pending"])
        label = w.texts.say("parts.answer_to", question="问")
        assert (await w.platform.say(CITIZEN, "另问")).text == f"{label}\n答：问\n\n答：另问"
        await until(lambda: statuses(w) == ["delivered", "delivered"])


async def test_where_customer_messages_go_out_a_lost_reply_follows_as_one(tmp_path: Path) -> None:
    async with world(tmp_path, replace(PUSHING, settle_after=0.2)) as w:
        await unread(w, "问", "1", tries=3)
        await until(lambda: w.api.sent)
        assert w.api.sent == [(CITIZEN, f"{w.texts.say('parts.answer_to', question='问')}\n答：问")]
        await until(lambda: statuses(w) == ["delivered"])


async def test_a_new_process_settles_what_the_old_one_was_replying(tmp_path: Path) -> None:
    clock = Now()
    async with world(tmp_path, clock=clock) as w:
        await unread(w, "一", "1", tries=3)
        await unread(w, "二", "2")
    clock.offset = 60.0
    async with world(tmp_path, QUICK, clock=clock) as w:
        assert statuses(w) == ["replying", "replying"], "the platform's next try may be on its way"
        await until(lambda: statuses(w) == ["pending", "delivered"])


# The database is away


def stumbling(w: Any, failures: int) -> list[int]:
    """Make the next so many attempts to store a message fail."""
    accept, left = w.gateway._inbox.accept, [failures]

    def stumble(*args: Any) -> Any:
        if left[0]:
            left[0] -= 1
            raise OperationalError("INSERT", {}, Exception("database is locked"))
        return accept(*args)

    w.gateway._inbox.accept = stumble
    return left


async def test_a_message_that_cannot_be_stored_for_a_moment_is_stored_then(tmp_path: Path) -> None:
    async with world(tmp_path) as w:
        left = stumbling(w, 2)
        exchange = await w.platform.say(CITIZEN, "问")
        assert (exchange.text, exchange.tries, left) == ("答：问", 1, [0])


async def test_a_message_that_cannot_be_stored_at_all_is_said_to_be_lost(tmp_path: Path) -> None:
    async with world(tmp_path, replace(IMPATIENT, hold_for=0.7, reply_within=0.3)) as w:
        stumbling(w, 1000)
        old = {"Content": "问", "MsgId": "1", "CreateTime": "1"}  # the platform's third try
        exchange = await w.platform.send(CITIZEN, "text", old)
        assert exchange.text == w.texts.say("replies.not_stored")
        assert w.inbox() == []


# The dialogue is away


@pytest.mark.parametrize("push", [False, True])
async def test_a_citizen_is_told_that_the_system_recovers_and_then_answered(
    tmp_path: Path, push: bool
) -> None:
    account = replace(PUSHING if push else PLAIN, reply_within=0.5, hold_for=1.8)
    async with world(tmp_path, account) as w:
        w.rasa.away = True
        told = (await w.platform.say(CITIZEN, "问")).text
        assert told == w.texts.say("replies.recovering_push" if push else "replies.recovering")
        w.rasa.away = False
        await until(w.rows)
        answer = f"{w.texts.say('parts.answer_to', question='问')}\n答：问"
        if push:
            await until(lambda: w.api.sent == [(CITIZEN, answer)])
        else:
            assert (await w.platform.say(CITIZEN, "继续")).text == answer


async def test_a_request_that_waited_for_the_start_is_answered_sooner(tmp_path: Path) -> None:
    account = replace(PLAIN, reply_within=3.0, typing_after=0.1, starting=60.0)
    async with world(tmp_path, account) as w:
        gate = w.rasa.hold("问")
        exchange = await w.platform.say(CITIZEN, "问")
        assert (exchange.text, exchange.tries) == (w.texts.say("replies.recovering"), 1)
        gate.set()
        await until(w.rows)


async def test_a_second_try_does_not_wait_for_what_is_away(tmp_path: Path) -> None:
    """The first try may not have got here, and then the second to be counted is the platform's last."""
    async with world(tmp_path, replace(PLAIN, reply_within=0.3, hold_for=0.9)) as w:
        w.rasa.away = True
        exchange = await w.platform.say(CITIZEN, "问")
        assert (exchange.text, exchange.tries) == (w.texts.say("replies.recovering"), 2)

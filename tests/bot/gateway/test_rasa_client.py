"""What the gateway understands of what Rasa answers."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from bot.gateway.rasa_client import BotMessage, RasaAway, RasaClient, RasaSilent


def client(status: int, body: Any) -> RasaClient:
    return RasaClient(
        "http://rasa", transport=httpx.MockTransport(lambda _request: httpx.Response(status, json=body))
    )


async def test_each_entry_is_a_message_with_its_answer_and_what_is_none_is_left_out() -> None:
    answer = {"status": "answered", "text": "第一段\n\n第二段"}
    heard = [
        {"recipient_id": "web:x", "text": " 第一段\n\n第二段 ", "custom": answer},
        {"recipient_id": "web:x", "text": "尾"},
        {"recipient_id": "web:x", "text": ""},
        "not a message",
    ]
    assert await client(200, heard).say("web:x", "问", "1") == [
        BotMessage("第一段\n\n第二段", answer),
        BotMessage("尾"),
    ]


async def test_no_message_at_all_is_silence() -> None:
    with pytest.raises(RasaSilent):
        await client(200, []).say("web:x", "问", "1")


@pytest.mark.parametrize(("status", "body"), [(500, []), (200, {"text": "x"}), (401, [])])
async def test_anything_but_a_list_of_messages_means_that_rasa_is_away(status: int, body: Any) -> None:
    with pytest.raises(RasaAway):
        await client(status, body).say("web:x", "问", "1")


async def test_restarts_share_one_client_until_the_end() -> None:
    class Transport(httpx.MockTransport):
        closed = 0

        def close(self) -> None:
            self.closed += 1

    transport = Transport(lambda _request: httpx.Response(200, json={}))
    rasa = RasaClient("http://rasa", sync_transport=transport)
    rasa.restart("web:x")
    rasa.restart("web:y")
    assert transport.closed == 0
    await rasa.close()
    assert transport.closed == 1

"""The channel hands each bot message over whole."""

from __future__ import annotations

from typing import Any

import pytest
from rasa.core.actions.action import RemoteAction
from rasa.core.channels.channel import CollectingOutputChannel, UserMessage
from rasa.core.channels.rest import RestInput
from rasa.core.run import _create_single_channel
from rasa.shared.exceptions import RasaException

from bot.dialogue import action_result
from bot.dialogue.channel import AnswerOutputChannel, AnswerRestInput, complete_answer


async def test_text_and_payload_are_one_message_even_with_blank_lines() -> None:
    collected: list[dict[str, Any]] = []
    payload = complete_answer("一\n\n二", {"status": "answered", "id": "a1"})
    await AnswerOutputChannel(collected).send_response("web:1", {"text": "一\n\n二", "custom": payload})
    assert collected == [{"recipient_id": "web:1", "text": "一\n\n二", "custom": payload}]


async def test_a_payload_from_the_domain_is_completed() -> None:
    collected: list[dict[str, Any]] = []
    message = {"text": "再见", "custom": {"status": "small_talk"}, "buttons": [], "elements": []}
    await AnswerOutputChannel(collected).send_response("web:1", message)
    (answer,) = [message["custom"] for message in collected]
    assert answer["text"] == "再见"
    assert answer["status"] == "small_talk"
    assert answer["sources"] == answer["options"] == []
    assert {"id", "confidence", "reason", "department", "release", "timings_ms"} <= set(answer)


async def test_an_empty_message_is_not_sent() -> None:
    collected: list[dict[str, Any]] = []
    await AnswerOutputChannel(collected).send_response("web:1", {"text": None, "custom": None})
    assert collected == []


def test_it_takes_the_place_of_rest() -> None:
    channel = _create_single_channel("bot.dialogue.channel.AnswerRestInput", {})
    assert isinstance(channel, AnswerRestInput)
    assert channel.name() == "rest"


async def test_the_webhook_collects_whole_messages(monkeypatch: pytest.MonkeyPatch) -> None:
    """Rasa's blueprint makes the collector and returns its list; ours has to fill that same list."""
    given: list[Any] = []
    monkeypatch.setattr(RestInput, "blueprint", lambda self, on_new_message: given.append(on_new_message))

    async def bot(message: UserMessage) -> None:
        assert message.output_channel is not None
        for number in (1, 2):
            said = {"text": f"{number}", "custom": {"status": "answered", "id": f"a{number}"}}
            await message.output_channel.send_response(message.sender_id, said)

    AnswerRestInput().blueprint(bot)
    collector = CollectingOutputChannel()
    await given[0](UserMessage("你好", collector, "web:1"))
    assert [(one["text"], one["custom"]["id"]) for one in collector.messages] == [("1", "a1"), ("2", "a2")]


@pytest.mark.parametrize(
    ("result", "fine"),
    [
        ({"events": [], "responses": []}, True),
        ({"events": [{"event": "slot", "name": "x", "value": 1}], "responses": [{"text": "好"}]}, True),
        ({}, True),
        (None, False),
        ({"events": None}, False),
        ({"events": [{"name": "x"}]}, False),
        ({"responses": ["好"]}, False),
    ],
)
def test_a_malformed_result_of_the_action_server_is_refused(result: Any, fine: bool) -> None:
    action_result.install()
    action = RemoteAction("action_answer", None)
    if fine:
        assert action._validate_action_result(result)
    else:
        with pytest.raises(RasaException):
            action._validate_action_result(result)

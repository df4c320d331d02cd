"""The channel hands each bot message over whole."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from rasa.core.actions.action import RemoteAction
from rasa.core.channels.channel import UserMessage
from rasa.core.run import _create_single_channel
from rasa.engine.runner.dask import DaskGraphRunner
from rasa.shared.core.events import BotUttered, Event, UserUttered
from rasa.shared.exceptions import RasaException
from rasa.utils.endpoints import EndpointConfig

from bot.dialogue import speed
from bot.dialogue.channel import AnswerOutputChannel, AnswerRestInput, complete_answer, respond


async def test_text_and_payload_are_one_message_even_with_blank_lines() -> None:
    channel = AnswerOutputChannel()
    payload = complete_answer("一\n\n二", {"status": "answered", "id": "a1"})
    await channel.send_response("web:1", {"text": "一\n\n二", "custom": payload})
    assert channel.messages == [{"recipient_id": "web:1", "text": "一\n\n二", "custom": payload}]


async def test_a_payload_from_the_domain_is_completed() -> None:
    channel = AnswerOutputChannel()
    message = {"text": "再见", "custom": {"status": "small_talk"}, "buttons": [], "elements": []}
    await channel.send_response("web:1", message)
    (answer,) = [message["custom"] for message in channel.messages]
    assert answer["text"] == "再见"
    assert answer["status"] == "small_talk"
    assert answer["sources"] == answer["options"] == []
    assert {"id", "confidence", "reason", "department", "release", "timings_ms"} <= set(answer)


async def test_an_empty_message_is_not_sent() -> None:
    channel = AnswerOutputChannel()
    await channel.send_response("web:1", {"text": None, "custom": None})
    assert channel.messages == []


def test_it_takes_the_place_of_rest() -> None:
    channel = _create_single_channel("bot.dialogue.channel.AnswerRestInput", {})
    assert isinstance(channel, AnswerRestInput)
    assert channel.name() == "rest"


class Agent:
    """Rasa's agent as far as the channel knows it: a lock, and what the tracker holds."""

    def __init__(self, *events: Event) -> None:
        self.lock_store = self.tracker_store = self
        self.events = events
        self.heard: list[UserMessage] = []
        self.locked = False

    @asynccontextmanager
    async def lock(self, _sender: str) -> AsyncIterator[None]:
        self.locked = True
        yield
        self.locked = False

    async def retrieve(self, _sender: str) -> Any:
        assert self.locked
        return self if self.events else None

    async def process(self, message: UserMessage) -> None:
        assert not self.locked
        self.heard.append(message)
        for number in (1, 2):
            said = {"text": f"新{number}", "custom": {"status": "answered", "id": f"a{number}"}}
            assert message.output_channel is not None
            await message.output_channel.send_response(message.sender_id, said)

    async def asked(self, **metadata: Any) -> list[str]:
        body = {"sender": "web:1", "message": "第二个", "metadata": metadata}
        return [one["text"] for one in await respond(self, body, self.process)]


def user(message_id: str) -> UserUttered:
    return UserUttered("第二个", metadata={"message_id": message_id})


def bot(text: str, reason: str | None = None) -> BotUttered:
    return BotUttered(text, {"custom": {"status": "answered", "reason": reason}})


async def test_a_message_is_processed_with_its_id_and_answered_whole() -> None:
    agent = Agent()
    assert await agent.asked(message_id="7", again=False) == ["新1", "新2"]
    (message,) = agent.heard
    assert (message.sender_id, message.input_channel) == ("web:1", "rest")
    assert message.metadata == {"message_id": "7", "again": False}


async def test_what_was_said_to_a_message_is_said_again_and_nothing_processed() -> None:
    agent = Agent(user("6"), bot("别的"), user("7"), bot("旧一"), bot("旧二"), user("8"), bot("后来"))
    assert await agent.asked(message_id="7", again=True) == ["旧一", "旧二"]
    assert agent.heard == []


@pytest.mark.parametrize(
    "events",
    [
        [],
        [user("6"), bot("别的")],
        [user("7")],
        [user("7"), bot("出错了", reason="error")],
        [user("7"), user("7")],
    ],
    ids=["new conversation", "never came", "killed on the way", "failed", "killed twice"],
)
async def test_a_message_that_was_not_answered_is_processed(events: list[Event]) -> None:
    agent = Agent(*events)
    assert await agent.asked(message_id="7", again=True) == ["新1", "新2"]
    assert len(agent.heard) == 1


async def test_a_first_try_looks_nothing_up() -> None:
    agent = Agent(user("7"), bot("旧"))
    assert await agent.asked(message_id="7") == ["新1", "新2"]


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
    speed.install()
    assert (DaskGraphRunner.run, EndpointConfig.session) == (speed.run_graph, speed.kept_session)
    action = RemoteAction("action_answer", None)
    if fine:
        assert action._validate_action_result(result)
    else:
        with pytest.raises(RasaException):
            action._validate_action_result(result)

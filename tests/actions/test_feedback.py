"""Praise and blame."""

from __future__ import annotations

import httpx
import pytest
from actions_fakes import FakeBackend, Say, bot

from actions.feedback import ActionFeedback
from actions.payload import answer


@pytest.mark.parametrize(("intent", "helpful"), [("helpful", True), ("not_helpful", False)])
async def test_a_verdict_is_stored_with_the_last_answer(
    fake: FakeBackend, say: Say, intent: str, helpful: bool
) -> None:
    said = await say(ActionFeedback, "评价", intent)
    assert (said["status"], said["reason"]) == ("small_talk", None)
    assert fake.sent("/api/answers/a1/feedback") == {"helpful": helpful, "comment": "评价"}
    assert ("人工" in said["text"]) is not helpful
    offered = {"offer": "person", "offer_reason": "asked_for_human", "misses": 1}
    assert said["_metadata"] == ({"misses": 0} if helpful else offered)


async def test_praise_for_nothing_is_taken_kindly(fake: FakeBackend, say: Say) -> None:
    fake.set("GET", "/api/answers/latest", httpx.Response(404))
    said = await say(ActionFeedback, "有用", "helpful")
    assert (said["status"], said["reason"]) == ("small_talk", None)


async def test_blame_after_an_offer_calls_a_person(fake: FakeBackend, say: Say) -> None:
    before = [bot(answer("small_talk", "抱歉"), offer="person", misses=1)]
    said = await say(ActionFeedback, "没用", "not_helpful", before)
    assert (said["status"], said["reason"]) == ("handoff", "declined_twice")
    assert fake.sent("/api/answers/a1/feedback")["helpful"] is False


@pytest.mark.parametrize(
    "failure",
    [
        ConnectionRefusedError("refused"),
        TimeoutError("slow"),
        httpx.Response(500),
        httpx.Response(200, text="not json"),
        httpx.Response(200, json={}),
    ],
)
async def test_a_lost_verdict_is_admitted(
    fake: FakeBackend, say: Say, failure: httpx.Response | Exception
) -> None:
    fake.set("GET", "/api/answers/latest", failure)
    said = await say(ActionFeedback, "没用", "not_helpful")
    assert (said["status"], said["reason"]) == ("small_talk", "error")
    assert said["_metadata"]["offer"] == "person"

"""The whole text behind the last answer."""

from __future__ import annotations

import httpx
import pytest
from actions_fakes import FakeBackend, Say

from actions.full_text import ActionFullText


async def test_the_full_text_of_the_conversations_last_answer_is_shown(fake: FakeBackend, say: Say) -> None:
    said = await say(ActionFullText, "全文", "full_text")
    assert (said["status"], said["text"]) == ("answered", "可以。")
    sent = fake.sent("/api/answer")
    assert (sent["conversation_id"], sent["full_text"], sent["message_id"]) == ("web:1", True, "7")


async def test_without_an_answer_the_citizen_is_told_and_nobody_is_called(
    fake: FakeBackend, say: Say
) -> None:
    fake.set("POST", "/api/answer", httpx.Response(409))
    said = await say(ActionFullText, "全文", "full_text")
    assert (said["status"], said["reason"]) == ("small_talk", None)
    assert [path for _, path, _ in fake.calls] == ["/api/answer"]


@pytest.mark.parametrize("failure", [TimeoutError("slow"), httpx.Response(500), httpx.Response(200, json={})])
async def test_a_failure_is_admitted_without_calling_a_person(
    fake: FakeBackend, say: Say, failure: httpx.Response | Exception
) -> None:
    fake.set("POST", "/api/answer", failure)
    said = await say(ActionFullText, "全文", "full_text")
    assert (said["status"], said["reason"]) == ("no_answer", "error")
    assert [path for _, path, _ in fake.calls] == ["/api/answer"]

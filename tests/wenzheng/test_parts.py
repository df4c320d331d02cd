"""The parts are wired so that one can rely on the other."""

from __future__ import annotations

from pathlib import Path

import pytest

from bot.gateway.rasa_client import RasaClient
from wenzheng.database import migrate, open_engine
from wenzheng.parts import build_parts
from wenzheng.settings import load_settings


def test_a_conversation_that_returns_from_staff_begins_anew(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    restarted: list[str] = []
    monkeypatch.setattr(RasaClient, "restart", lambda _self, conversation: restarted.append(conversation))
    settings = load_settings(home=tmp_path)
    engine = open_engine(settings.database)
    migrate(engine)
    parts = build_parts(settings, engine)
    parts.knowledge.citizens.live_in("web:1", "临港区")
    parts.knowledge.citizens.live_in("web:2", "临港区")
    receipt = parts.desk.open_handoff("web:1", "asked_for_human", None, "人工", None)
    parts.desk.receive("web:1", "返回")
    parts.desk.owner("web:1")
    assert receipt.number
    assert restarted == ["web:1"]
    assert parts.knowledge.citizens.known("web:1").region == ""
    assert parts.knowledge.citizens.known("web:2").region == "临港区"
    engine.dispose()

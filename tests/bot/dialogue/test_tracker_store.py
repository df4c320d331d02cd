"""The tracker store keeps the end of a conversation and no more."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest
from rasa.core.tracker_store import SQLTrackerStore, TrackerStore
from rasa.shared.core.domain import Domain
from rasa.shared.core.events import ActionExecuted, BotUttered, Event, Restarted, SessionStarted, UserUttered
from rasa.utils.endpoints import EndpointConfig
from sqlalchemy.exc import OperationalError

from bot.dialogue.tracker_store import BoundedTrackerStore

MAX_EVENTS = 20


@pytest.fixture
def store(tmp_path: Path) -> BoundedTrackerStore:
    return BoundedTrackerStore(
        Domain.empty(), dialect="sqlite", db=str(tmp_path / "t.db"), max_events=MAX_EVENTS
    )


async def _turn(store: SQLTrackerStore, conversation: str, text: str, *before: Event) -> None:
    tracker = await store.get_or_create_tracker(conversation)
    for event in (*before, UserUttered(text), BotUttered(f"re {text}"), ActionExecuted("action_listen")):
        tracker.update(event)
    await store.save(tracker)


def _rows(tmp_path: Path, conversation: str) -> int:
    with sqlite3.connect(tmp_path / "t.db") as db:
        return db.execute("select count(*) from events where sender_id = ?", [conversation]).fetchone()[0]


async def test_a_long_conversation_stays_bounded_and_keeps_its_end(
    store: BoundedTrackerStore, tmp_path: Path
) -> None:
    await _turn(store, "web:other", "hello")
    for number in range(60):
        await _turn(store, "web:1", str(number))
        tracker = await store.retrieve("web:1")
        assert tracker is not None
        assert len(tracker.events) <= MAX_EVENTS
        said = [event.text for event in tracker.events if isinstance(event, UserUttered)]
        assert said[-3:] == [str(n) for n in range(max(0, number - 2), number + 1)]
        assert _rows(tmp_path, "web:1") <= 2 * MAX_EVENTS
    assert _rows(tmp_path, "web:other") == 4


async def test_many_short_sessions_stay_bounded_too(store: BoundedTrackerStore, tmp_path: Path) -> None:
    for number in range(40):
        await _turn(store, "web:1", str(number), SessionStarted())
        assert _rows(tmp_path, "web:1") <= 2 * MAX_EVENTS + 5


async def test_a_conversation_is_read_as_rasa_reads_it(store: BoundedTrackerStore, tmp_path: Path) -> None:
    rasas = SQLTrackerStore(Domain.empty(), dialect="sqlite", db=str(tmp_path / "rasas.db"))
    before: list[list[Event]] = [[SessionStarted()], [], [Restarted()], [], [SessionStarted()], []]
    for number, events in enumerate(before):
        for each in (store, rasas):
            await _turn(each, "web:1", str(number), *events)
        ours, theirs = await store.retrieve("web:1"), await rasas.retrieve("web:1")
        assert ours is not None
        assert theirs is not None
        assert list(map(str, ours.events)) == list(map(str, theirs.events))
        assert [type(event) for event in ours.applied_events()] == [
            type(event) for event in theirs.applied_events()
        ]


async def test_what_is_stored_is_not_stored_again(store: BoundedTrackerStore, tmp_path: Path) -> None:
    await _turn(store, "web:1", "你好")
    tracker = await store.retrieve("web:1")
    assert tracker is not None
    await store.save(tracker)
    tracker.update(UserUttered("再见"))
    await store.save(tracker)
    await store.save(tracker)
    assert _rows(tmp_path, "web:1") == 5


async def test_a_tracker_made_elsewhere_adds_what_is_new(store: BoundedTrackerStore, tmp_path: Path) -> None:
    await _turn(store, "web:1", "你好")
    tracker = await store.retrieve("web:1")
    assert tracker is not None
    copied = tracker.copy()
    copied.update(UserUttered("再见"))
    await store.save(copied)
    assert _rows(tmp_path, "web:1") == 5


async def test_a_conversation_that_could_not_be_read_goes_on(
    store: BoundedTrackerStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    await _turn(store, "web:1", "你好", SessionStarted())

    async def unreadable(_sender: str) -> None:
        return None

    with monkeypatch.context() as patch:
        patch.setattr(store, "retrieve", unreadable)
        await _turn(store, "web:1", "再见", SessionStarted())
    tracker = await store.retrieve("web:1")
    assert tracker is not None
    assert [event.text for event in tracker.events if isinstance(event, UserUttered)] == ["再见"]


async def test_events_survive_a_restart_of_the_process(store: BoundedTrackerStore, tmp_path: Path) -> None:
    await _turn(store, "web:1", "你好")
    again = BoundedTrackerStore(Domain.empty(), dialect="sqlite", db=str(tmp_path / "t.db"))
    tracker = await again.retrieve("web:1")
    assert tracker is not None
    assert tracker.latest_message is not None
    assert tracker.latest_message.text == "你好"


async def test_a_failed_deletion_is_no_lost_database(
    store: BoundedTrackerStore, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def locked(sender_id: str) -> None:
        raise OperationalError("delete", {}, Exception("database is locked"))

    monkeypatch.setattr(store, "_prune", locked)
    await _turn(store, "web:1", "你好", SessionStarted())
    assert await store.retrieve("web:1") is not None
    assert "not deleted" in caplog.text


def test_too_few_events_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="max_events"):
        BoundedTrackerStore(Domain.empty(), db=str(tmp_path / "t.db"), max_events=3)


def test_rasa_makes_it_from_the_endpoints(tmp_path: Path) -> None:
    config = EndpointConfig(
        type="bot.dialogue.tracker_store.BoundedTrackerStore", dialect="sqlite", db=str(tmp_path / "t.db")
    )
    assert isinstance(TrackerStore.create(config, domain=Domain.empty()), BoundedTrackerStore)

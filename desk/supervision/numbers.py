"""The numbers of the supervisors' page: what is going on now, and how today went.

`Overview` is what the page and others read. What comes from elsewhere later becomes a further field of it, or of
`Tally` where it is told per department and per reason.
"""

import threading
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import date, datetime, tzinfo
from pathlib import Path
from typing import Literal

from sqlalchemy.engine import Engine

from desk import audit
from desk.database import Clock
from desk.records import StaffMember, moment
from desk.supervision import cases
from desk.supervision.cases import Case, Seat
from desk.supervision.measures import Measure, Promises, load_promises, measure

SATISFIED = 4
"""From this score on, of five, a citizen is satisfied."""
KEEP_SECONDS = 1.0
"""How long one reading of the database serves everybody who looks."""


@dataclass(frozen=True)
class Waiting:
    """Citizens who wait: how many, and for how many seconds the one who has waited longest (None: nobody waits).

    `of` is the department or the reason; empty: all together.
    """

    of: str
    count: int
    longest: float | None


@dataclass(frozen=True)
class Present:
    """Somebody who serves citizens and has a page open."""

    name: str
    department: str
    serving: int
    state: Literal["busy", "idle", "away"]
    since: datetime


@dataclass(frozen=True)
class Tally:
    """The handoffs of a day: all of them (`of` is empty), of one department or for one reason."""

    of: str
    handoffs: int
    answered: int  # staff have replied at least once
    left: int  # the citizen did not wait any longer
    tickets: int
    rated: int
    satisfied: float | None  # the share of the rated ones with `SATISFIED` or better; None: nobody has rated
    wait: Measure
    first_response: Measure
    handling: Measure


@dataclass(frozen=True)
class Overview:
    """Everything on the page, read at one moment."""

    at: datetime
    day: date
    waiting: Waiting
    waiting_by_department: list[Waiting]
    waiting_by_reason: list[Waiting]
    serving: int
    present: list[Present]
    today: Tally
    by_department: list[Tally]
    by_reason: list[Tally]


@dataclass(frozen=True)
class _Reading:
    at: float
    day: date
    handoffs: list[Case]
    seats: list[Seat]
    overviews: dict[str | None, Overview] = field(default_factory=dict)


class Numbers:
    """Reads the database at most once in `KEEP_SECONDS`, however many people look. Thread-safe.

    Args:
        engine: the database, with `desk.tables.metadata` created in it.
        clock: the present as epoch seconds.
        zone: the city's time zone, whose calendar day is today.
        present_for: seconds in which a page of somebody who is there asked for news.
        promises: path of the promises; `None` takes promises.yml.
    """

    def __init__(
        self,
        engine: Engine,
        clock: Clock,
        zone: tzinfo,
        present_for: float,
        promises: Path | None = None,
    ) -> None:
        self._present_for = present_for
        self.promises: Promises = load_promises(promises)
        self._engine = engine
        self._clock = clock
        self._zone = zone
        self._lock = threading.Lock()
        self._reading: _Reading | None = None

    def overview(self, department: str | None = None) -> Overview:
        """The numbers of one department, or of the whole city (`None`); up to `KEEP_SECONDS` old."""
        with self._lock:
            reading = self._current()
            if department not in reading.overviews:
                reading.overviews[department] = self._build(reading, department)
            return reading.overviews[department]

    def export(self, by: StaffMember, first: date, last: date, department: str | None = None) -> list[Case]:
        """Every handoff of these calendar days, both included, in the order of their numbers.

        That `by` took them out is written to the audit log.
        """
        with self._engine.connect() as connection:
            found = cases.of_days(connection, _stored(first), _stored(last))
        found = [case for case in found if department in (None, case.department)]
        days = {"first_day": first.isoformat(), "last_day": last.isoformat()}
        with self._engine.begin() as connection:
            audit.write(
                connection,
                by,
                "numbers_exported",
                department or "",
                at=self._clock(),
                handoffs=len(found),
                **days,
            )
        return found

    def today(self) -> date:
        """The city's calendar day."""
        return datetime.fromtimestamp(self._clock(), self._zone).date()

    def _current(self) -> _Reading:
        at = self._clock()
        if self._reading is None or not 0 <= at - self._reading.at < KEEP_SECONDS:
            day = datetime.fromtimestamp(at, self._zone).date()
            with self._engine.connect() as connection:
                found = cases.of_day_or_open(connection, _stored(day))
                self._reading = _Reading(at, day, found, cases.present(connection, at, self._present_for))
        return self._reading

    def _build(self, reading: _Reading, department: str | None) -> Overview:
        mine = [case for case in reading.handoffs if department in (None, case.department)]
        queued = [case for case in mine if case.status == "queued"]
        today = [case for case in mine if case.day == _stored(reading.day)]
        # Counted over all departments: a conversation of another one keeps its member of staff busy, too.
        served = Counter(case.claimed_by for case in reading.handoffs if case.status == "claimed")
        return Overview(
            at=moment(reading.at),
            day=reading.day,
            waiting=_waiting("", queued, reading.at),
            waiting_by_department=_waiting_by(queued, _department, reading.at),
            waiting_by_reason=_waiting_by(queued, _reason, reading.at),
            serving=sum(case.status == "claimed" for case in mine),
            present=[
                _present(seat, served[seat.staff_id])
                for seat in reading.seats
                if department in (None, seat.department)
            ],
            today=self._tally("", today, reading.at),
            by_department=self._tally_by(today, _department, reading.at),
            by_reason=self._tally_by(today, _reason, reading.at),
        )

    def _tally_by(self, found: list[Case], key: Callable[[Case], str], at: float) -> list[Tally]:
        tallies = [self._tally(of, group, at) for of, group in _grouped(found, key).items()]
        return sorted(tallies, key=lambda tally: (-tally.handoffs, tally.of))

    def _tally(self, of: str, found: list[Case], at: float) -> Tally:
        handled = (case.handling(at) for case in found)
        scores = [case.score for case in found if case.score is not None]
        return Tally(
            of=of,
            handoffs=len(found),
            answered=sum(case.first_reply_at is not None for case in found),
            left=sum(case.outcome == "cancelled" for case in found),
            tickets=sum(case.outcome == "ticket" for case in found),
            rated=len(scores),
            satisfied=sum(score >= SATISFIED for score in scores) / len(scores) if scores else None,
            wait=measure(self.promises.wait, (case.wait(at) for case in found)),
            first_response=measure(self.promises.first_response, (case.first_response(at) for case in found)),
            handling=measure(self.promises.handling, (span for span in handled if span)),
        )


def _present(seat: Seat, serving: int) -> Present:
    state: Literal["busy", "idle", "away"] = "away" if not seat.available else "busy" if serving else "idle"
    return Present(seat.name, seat.department, serving, state, moment(seat.since))


def _waiting_by(queued: list[Case], key: Callable[[Case], str], at: float) -> list[Waiting]:
    groups = [_waiting(of, group, at) for of, group in _grouped(queued, key).items()]
    return sorted(groups, key=lambda group: (-group.count, group.of))


def _waiting(of: str, queued: list[Case], at: float) -> Waiting:
    longest = max((case.wait(at).seconds for case in queued), default=None)
    return Waiting(of, len(queued), longest)


def _grouped(found: Iterable[Case], key: Callable[[Case], str]) -> dict[str, list[Case]]:
    groups: dict[str, list[Case]] = {}
    for case in found:
        groups.setdefault(key(case), []).append(case)
    return groups


def _department(case: Case) -> str:
    return case.department


def _reason(case: Case) -> str:
    return case.reason


def _stored(day: date) -> str:
    return day.strftime("%Y%m%d")

"""From the clock on the wall to the moment, where clocks are put forward and back."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

_MINUTE = timedelta(minutes=1)


def moment_at(day: date, minutes: int, zone: ZoneInfo) -> float:
    """Epoch seconds when the clock shows ``minutes`` after midnight of ``day``; 1440 is the next midnight.

    A time that comes twice is its first; for one that is skipped, the moment when the clock was put forward. So a
    later time is never an earlier moment.
    """
    wall = datetime.combine(day, time()) + minutes * _MINUTE
    while not _exists(wall, zone):
        wall += _MINUTE
    return wall.replace(tzinfo=zone).timestamp()


def _exists(wall: datetime, zone: ZoneInfo) -> bool:
    there = wall.replace(tzinfo=zone)
    return there.astimezone(UTC).astimezone(zone).replace(tzinfo=None) == wall

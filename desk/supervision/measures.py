"""How long something took, in many cases: median, 90th percentile, and whether what was promised was kept."""

import math
import statistics
from collections.abc import Iterable
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import yaml

PROMISES_FILE = Path(__file__).with_name("promises.yml")


@dataclass(frozen=True)
class Promise:
    """At least `share` (0…1) of the cases take at most `within_seconds`."""

    within_seconds: float
    share: float


@dataclass(frozen=True)
class Promises:
    """One for each measure; see promises.yml."""

    wait: Promise
    first_response: Promise
    handling: Promise


@dataclass(frozen=True)
class Span:
    """How many seconds one case took, or has taken so far where it is not `done`."""

    seconds: float
    done: bool


@dataclass(frozen=True)
class Measure:
    """The cases together.

    `median` and `p90` (seconds) are those of the cases that are done, None where there is none. `judged` cases
    have kept the promise or broken it; `kept` of them have kept it.
    """

    promise: Promise
    done: int
    median: float | None
    p90: float | None
    judged: int
    kept: int

    @property
    def share(self) -> float | None:
        """The share of judged cases that kept the promise; None where there is none."""
        return self.kept / self.judged if self.judged else None

    @property
    def is_kept(self) -> bool | None:
        """Was the promise kept? None where nothing can be judged."""
        return None if self.share is None else self.share >= self.promise.share


def measure(promise: Promise, spans: Iterable[Span]) -> Measure:
    """All spans against one promise."""
    spans = list(spans)
    done = sorted(span.seconds for span in spans if span.done)
    kept = sum(seconds <= promise.within_seconds for seconds in done)
    overdue = sum(not span.done and span.seconds > promise.within_seconds for span in spans)
    return Measure(
        promise=promise,
        done=len(done),
        median=statistics.median(done) if done else None,
        p90=percentile(done, 0.9),
        judged=len(done) + overdue,
        kept=kept,
    )


def percentile(ordered: list[float], share: float) -> float | None:
    """The smallest of these ascending values that at least `share` of them do not exceed; None for no values."""
    if not ordered:
        return None
    # Rounded first: 0.9 × 10 must not become the tenth of ten by a rounding error.
    return ordered[max(0, math.ceil(round(share * len(ordered), 9)) - 1)]


def load_promises(path: Path | None = None) -> Promises:
    """The promises of a YAML file; `None` takes promises.yml.

    Raises:
        ValueError: one is missing, or its seconds or share are no sensible number.
    """
    path = path or PROMISES_FILE
    loaded: Any = yaml.safe_load(path.read_text(encoding="utf-8"))
    promises = {}
    for field in fields(Promises):
        given: Any = loaded.get(field.name) if isinstance(loaded, dict) else None
        try:
            promise = Promise(float(given["within_seconds"]), float(given["share"]))
        except (TypeError, KeyError, ValueError):
            raise ValueError(f"{path}: {field.name} needs within_seconds and share") from None
        if promise.within_seconds <= 0 or not 0 < promise.share <= 1:
            raise ValueError(f"{path}: {field.name}: within_seconds above 0, share above 0 and at most 1")
        promises[field.name] = promise
    return Promises(**promises)

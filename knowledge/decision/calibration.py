"""What a release has learnt of its own certainty."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from typing import Any


@dataclass(frozen=True)
class Calibration:
    """From scores to probabilities, and the probabilities from which to answer and to ask back.

    ``scale`` and ``nothing`` make a candidate's probability exp(scale · score) among all candidates' and nothing's,
    exp(nothing). ``answer`` is the least confidence that answers, ``clarify`` the least sum of all candidates' that
    asks back; above 1 nothing does. ``questions`` is how many held-out questions they were learnt from: 0 for those
    of ``search.yml``, which hold until a release has learnt its own. ``expected`` is what was measured on the same
    questions, by name.
    """

    scale: float = 1.0
    nothing: float = 0.0
    answer: float = 1.0
    clarify: float = 1.0
    questions: int = 0
    expected: Mapping[str, float] | None = None

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Calibration:
        """Read what :meth:`to_dict` wrote. Raises TypeError for what it did not."""
        known = {field.name for field in fields(cls)}
        if set(data) != known:
            raise TypeError(f"not a calibration: {sorted(set(data) ^ known)}")
        return cls(**data)

    def probabilities(self, scores: Sequence[float]) -> list[float]:
        """The candidates' probabilities; what is missing to 1 is that of nothing."""
        sums = [self.scale * score for score in scores]
        # Relative to the highest, so that no exponential is too large.
        highest = max([self.nothing, *sums])
        shares = [math.exp(each - highest) for each in sums]
        total = sum(shares) + math.exp(self.nothing - highest)
        return [share / total for share in shares]

"""What releases have learnt, in the database."""

from __future__ import annotations

import hashlib
import json
import time

from sqlalchemy import insert, select
from sqlalchemy.engine import Engine
from sqlalchemy.exc import IntegrityError

from knowledge.config import SearchConfig
from knowledge.decision.calibration import Calibration
from knowledge.store import Release
from knowledge.tables import calibrations

LEARNING = 2  # raise it when questions are held out, searched with or compared in another way: it is learnt anew then


class CalibrationStore:
    """Keeps a calibration for each content, embedder and configuration: with this code, all that it is learnt from."""

    def __init__(self, engine: Engine, config: SearchConfig, fingerprint: str) -> None:
        self._engine = engine
        parts = json.dumps([LEARNING, fingerprint, config.learnt_from()], sort_keys=True)
        self._suffix = hashlib.sha256(parts.encode()).hexdigest()[:16]
        self._start = Calibration(answer=config.decision.answer, clarify=config.decision.clarify)

    def get(self, release: Release) -> Calibration | None:
        """What was learnt for this release's content, or ``None``."""
        query = select(calibrations.c.payload).where(calibrations.c.key == self._key(release))
        with self._engine.connect() as connection:
            payload = connection.execute(query).scalar()
        return None if payload is None else Calibration.from_dict(payload)

    def latest(self) -> Calibration:
        """What was learnt last under this configuration, for whatever content; the configured one before the first."""
        query = (
            select(calibrations.c.payload)
            .where(calibrations.c.key.like(f"%-{self._suffix}"))
            .order_by(calibrations.c.created_at.desc())
            .limit(1)
        )
        with self._engine.connect() as connection:
            payload = connection.execute(query).scalar()
        return self._start if payload is None else Calibration.from_dict(payload)

    def put(self, release: Release, calibration: Calibration) -> None:
        """Keep what was learnt; who learnt the same at the same time is no error."""
        row = dict(key=self._key(release), payload=calibration.to_dict(), created_at=time.time())
        try:
            with self._engine.begin() as connection:
                connection.execute(insert(calibrations).values(**row))
        except IntegrityError:
            if self.get(release) is None:
                raise

    def _key(self, release: Release) -> str:
        return f"{release.digest[:32]}-{self._suffix}"

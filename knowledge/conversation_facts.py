"""What a conversation knows of its citizen, kept only as long as it is of use."""

from __future__ import annotations

import time
from collections.abc import Iterable

from sqlalchemy import bindparam, delete, insert, select
from sqlalchemy.engine import Connection, Engine

from knowledge.pipeline.residence import Residence
from knowledge.tables import conversation_facts as facts

_REGION, _AUDIENCE = "region", "audience"
# Made once: every question asks for it, and making it takes as long as running it.
_KNOWN = (
    select(facts)
    .where(facts.c.conversation_id == bindparam("conversation_id"), facts.c.updated_at > bindparam("since"))
    .order_by(facts.c.value)
)


class ConversationFacts:
    """Regions and audiences by conversation; every method is one transaction.

    A fact counts for ``hours`` after it was told, and is deleted with the next one that is written: a region and a
    group of people are personal data.
    """

    def __init__(self, engine: Engine, hours: float) -> None:
        self._engine = engine
        self._seconds = hours * 3600

    def known(self, conversation_id: str) -> Residence:
        """What is known; empty where nothing was told or it was too long ago."""
        values = {"conversation_id": conversation_id, "since": time.time() - self._seconds}
        with self._engine.connect() as connection:
            rows = connection.execute(_KNOWN, values).all()
        region = next((row.value for row in rows if row.kind == _REGION and row.holds), "")
        excluded = tuple(row.value for row in rows if row.kind == _REGION and not row.holds)
        audience = next((row.value for row in rows if row.kind == _AUDIENCE and row.holds), "")
        return Residence(region, excluded, audience)

    def live_in(self, conversation_id: str, region: str) -> None:
        """The citizen lives in ``region``; what was known of regions before is forgotten."""
        with self._engine.begin() as connection:
            self._forget(connection, conversation_id, _REGION)
            self._write(connection, conversation_id, _REGION, [region], holds=True)

    def live_in_none_of(self, conversation_id: str, regions: Iterable[str]) -> None:
        """The citizen lives in none of ``regions``, beside those that were excluded before."""
        with self._engine.begin() as connection:
            stale = delete(facts).where(
                facts.c.conversation_id == conversation_id,
                facts.c.kind == _REGION,
                facts.c.holds | facts.c.value.in_(list(regions)),
            )
            connection.execute(stale)
            self._write(connection, conversation_id, _REGION, regions, holds=False)

    def belong_to(self, conversation_id: str, audience: str) -> None:
        """The citizen is one of ``audience``."""
        with self._engine.begin() as connection:
            self._forget(connection, conversation_id, _AUDIENCE)
            self._write(connection, conversation_id, _AUDIENCE, [audience], holds=True)

    def forget(self, conversation_id: str) -> None:
        """Forget all that is known of a conversation's citizen."""
        with self._engine.begin() as connection:
            connection.execute(delete(facts).where(facts.c.conversation_id == conversation_id))

    def _forget(self, connection: Connection, conversation_id: str, kind: str) -> None:
        connection.execute(
            delete(facts).where(facts.c.conversation_id == conversation_id, facts.c.kind == kind)
        )

    def _write(
        self, connection: Connection, conversation_id: str, kind: str, values: Iterable[str], *, holds: bool
    ) -> None:
        now = time.time()
        connection.execute(delete(facts).where(facts.c.updated_at <= now - self._seconds))
        rows = [
            dict(conversation_id=conversation_id, kind=kind, value=value, holds=holds, updated_at=now)
            for value in dict.fromkeys(values)
        ]
        if rows:
            connection.execute(insert(facts), rows)

"""Content in the database: the editors' drafts, and the immutable releases made of them."""

from __future__ import annotations

import hashlib
import time
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from sqlalchemy import and_, delete, func, insert, literal, select, update
from sqlalchemy.engine import Connection, Engine

from knowledge.content import Document, Faq, Synonym, content_hash, from_json, to_json
from knowledge.errors import NothingPublished, UnknownRelease
from knowledge.tables import current_release, drafts, item_versions, release_items, releases

Item = Document | Faq | Synonym
_CHUNK = 400  # rows a statement: below SQLite's limit of variables
_CURRENT = select(current_release.c.release_id)  # made once: every question asks for it


@dataclass(frozen=True)
class ImportCounts:
    """What putting items into the drafts changed."""

    added: int = 0
    changed: int = 0
    unchanged: int = 0

    def __add__(self, other: ImportCounts) -> ImportCounts:
        return ImportCounts(
            self.added + other.added, self.changed + other.changed, self.unchanged + other.unchanged
        )


@dataclass(frozen=True)
class Release:
    """An immutable set of published content. ``published_at`` is ``None`` until its index has answered."""

    id: int
    digest: str
    note: str
    documents: int
    faqs: int
    created_at: float
    published_at: float | None
    current: bool


def kind_of(item: Item) -> str:
    """``document``, ``faq`` or ``synonym``."""
    if isinstance(item, Synonym):
        return "synonym"
    return "faq" if isinstance(item, Faq) else "document"


class ContentStore:
    """Drafts and releases. Every method is one transaction."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def put(self, items: Iterable[Item]) -> ImportCounts:
        """Put items into the drafts; an item with a known id replaces its draft. The last of equal ids wins."""
        latest = {(kind_of(item), item.id): item for item in items}
        hashes = {key: content_hash(item) for key, item in latest.items()}
        now = time.time()
        added = changed = unchanged = 0
        with self._engine.begin() as connection:
            known = {(row.kind, row.item_id): row.hash for row in connection.execute(select(drafts))}
            stored = self._stored_hashes(connection, list(hashes.values()))
            versions, fresh = [], []
            for (kind, identifier), item in latest.items():
                digest = hashes[kind, identifier]
                before = known.get((kind, identifier))
                if before == digest:
                    unchanged += 1
                    continue
                if digest not in stored:
                    stored.add(digest)
                    versions.append(
                        dict(
                            hash=digest, kind=kind, item_id=identifier, payload=to_json(item), created_at=now
                        )
                    )
                fresh.append((kind, identifier, digest, before is not None))
            if versions:
                connection.execute(insert(item_versions), versions)
            for kind, identifier, digest, existed in fresh:
                if existed:
                    connection.execute(
                        update(drafts)
                        .where(drafts.c.kind == kind, drafts.c.item_id == identifier)
                        .values(hash=digest, updated_at=now)
                    )
                    changed += 1
                else:
                    added += 1
            new = [
                dict(kind=kind, item_id=identifier, hash=digest, updated_at=now)
                for kind, identifier, digest, existed in fresh
                if not existed
            ]
            if new:
                connection.execute(insert(drafts), new)
        return ImportCounts(added, changed, unchanged)

    def remove(self, kind: str, identifiers: Sequence[str]) -> int:
        """Take items out of the drafts (published releases keep theirs); returns how many were there."""
        with self._engine.begin() as connection:
            removed = 0
            for start in range(0, len(identifiers), _CHUNK):
                part = list(identifiers[start : start + _CHUNK])
                chosen = delete(drafts).where(drafts.c.kind == kind, drafts.c.item_id.in_(part))
                removed += int(connection.execute(chosen).rowcount)
            return removed

    def drafts(self) -> list[Item]:
        """The drafts, by kind and id."""
        query = (
            select(item_versions.c.payload)
            .join(drafts, drafts.c.hash == item_versions.c.hash)
            .order_by(drafts.c.kind, drafts.c.item_id)
        )
        return self._items(query)

    def release_content(self, release_id: int) -> list[Item]:
        """The content of a release, by kind and id. Raises UnknownRelease."""
        self.release(release_id)
        query = (
            select(item_versions.c.payload)
            .join(release_items, release_items.c.hash == item_versions.c.hash)
            .where(release_items.c.release_id == release_id)
            .order_by(release_items.c.kind, release_items.c.item_id)
        )
        return self._items(query)

    def synonyms(self, release_id: int) -> list[Synonym]:
        """The everyday words of a release, by themselves."""
        query = (
            select(item_versions.c.payload)
            .join(release_items, release_items.c.hash == item_versions.c.hash)
            .where(release_items.c.release_id == release_id, release_items.c.kind == "synonym")
            .order_by(release_items.c.item_id)
        )
        return [item for item in self._items(query) if isinstance(item, Synonym)]

    def release_hashes(self, release_id: int) -> list[str]:
        """The content hashes of what a release answers from, by kind and id. Raises UnknownRelease."""
        self.release(release_id)
        query = (
            select(release_items.c.hash)
            .where(release_items.c.release_id == release_id, release_items.c.kind != "synonym")
            .order_by(release_items.c.kind, release_items.c.item_id)
        )
        with self._engine.connect() as connection:
            return list(connection.execute(query).scalars())

    def dropped(self, release_id: int, current_id: int) -> list[str]:
        """The content hashes of what release ``release_id`` has and release ``current_id`` has not."""
        old, new = release_items.alias(), release_items.alias()
        same = and_(
            new.c.release_id == current_id,
            new.c.kind == old.c.kind,
            new.c.item_id == old.c.item_id,
            new.c.hash == old.c.hash,
        )
        query = select(old.c.hash).where(
            old.c.release_id == release_id, ~select(new.c.hash).where(same).exists()
        )
        with self._engine.connect() as connection:
            return list(connection.execute(query).scalars())

    def versions(self, hashes: Sequence[str]) -> list[tuple[str, Document | Faq]]:
        """What answers, by their content hashes, each with its hash, in the order asked for."""
        payloads: dict[str, str] = {}
        with self._engine.connect() as connection:
            for start in range(0, len(hashes), _CHUNK):
                part = list(hashes[start : start + _CHUNK])
                query = select(item_versions.c.hash, item_versions.c.payload).where(
                    item_versions.c.hash.in_(part)
                )
                payloads.update({row.hash: row.payload for row in connection.execute(query)})
        items = ((each, from_json(payloads[each])) for each in hashes)
        return [(each, item) for each, item in items if isinstance(item, Document | Faq)]

    def freeze(self, note: str) -> Release:
        """Make a release of the drafts, or return the newest one when it has the same content already."""
        now = time.time()
        with self._engine.begin() as connection:
            rows = connection.execute(
                select(drafts.c.kind, drafts.c.item_id, drafts.c.hash).order_by(
                    drafts.c.kind, drafts.c.item_id
                )
            ).all()
            text = "\n".join(f"{kind}\t{item_id}\t{version}" for kind, item_id, version in rows)
            digest = hashlib.sha256(text.encode()).hexdigest()
            newest = connection.execute(select(releases).order_by(releases.c.id.desc()).limit(1)).first()
            if newest is not None and newest.digest == digest:
                return self._release(newest, self._current_id(connection))
            kinds = Counter(kind for kind, _, _ in rows)
            values = dict(
                digest=digest,
                note=note,
                documents=kinds["document"],
                faqs=kinds["faq"],
                created_at=now,
            )
            (identifier,) = connection.execute(insert(releases).values(**values)).inserted_primary_key
            columns = (drafts.c.kind, drafts.c.item_id, drafts.c.hash)
            connection.execute(
                insert(release_items).from_select(
                    ["release_id", "kind", "item_id", "hash"], select(literal(identifier), *columns)
                )
            )
        return self.release(identifier)

    def activate(self, release_id: int) -> Release:
        """Let a release answer from now on. Raises UnknownRelease."""
        self.release(release_id)
        with self._engine.begin() as connection:
            changed = connection.execute(update(current_release).values(release_id=release_id)).rowcount
            if not changed:
                connection.execute(insert(current_release).values(id=1, release_id=release_id))
            connection.execute(
                update(releases)
                .where(releases.c.id == release_id, releases.c.published_at.is_(None))
                .values(published_at=time.time())
            )
        return self.release(release_id)

    def restore_drafts(self, release_id: int) -> None:
        """Set the drafts to a release's content, so that the next publication starts from it."""
        self.release(release_id)
        with self._engine.begin() as connection:
            connection.execute(delete(drafts))
            columns = (release_items.c.kind, release_items.c.item_id, release_items.c.hash)
            chosen = select(*columns, literal(time.time())).where(release_items.c.release_id == release_id)
            connection.execute(insert(drafts).from_select(["kind", "item_id", "hash", "updated_at"], chosen))

    def current_id(self) -> int | None:
        """Number of the release that answers now; ``None`` before the first."""
        with self._engine.connect() as connection:
            return self._current_id(connection)

    def current(self) -> Release:
        """The release that answers now. Raises NothingPublished."""
        identifier = self.current_id()
        if identifier is None:
            raise NothingPublished("还没有发布任何内容。请先导入并发布：wenzheng kb import 路径 --publish")
        return self.release(identifier)

    def release(self, release_id: int) -> Release:
        """One release. Raises UnknownRelease."""
        with self._engine.connect() as connection:
            row = connection.execute(select(releases).where(releases.c.id == release_id)).first()
            if row is None:
                raise UnknownRelease(
                    f"没有编号为 {release_id} 的发布版本。用 wenzheng kb releases 查看所有版本。"
                )
            return self._release(row, self._current_id(connection))

    def releases(self) -> list[Release]:
        """All releases, newest first."""
        with self._engine.connect() as connection:
            current = self._current_id(connection)
            rows = connection.execute(select(releases).order_by(releases.c.id.desc()))
            return [self._release(row, current) for row in rows]

    def draft_counts(self) -> dict[str, int]:
        """How many drafts there are of each kind."""
        query = select(drafts.c.kind, func.count()).group_by(drafts.c.kind)
        with self._engine.connect() as connection:
            return {kind: int(count) for kind, count in connection.execute(query)}

    def _items(self, query: object) -> list[Item]:
        with self._engine.connect() as connection:
            payloads = [row.payload for row in connection.execute(query)]
        items = [from_json(payload) for payload in payloads]
        return [item for item in items if isinstance(item, Item)]

    @staticmethod
    def _stored_hashes(connection: Connection, hashes: list[str]) -> set[str]:
        found: set[str] = set()
        for start in range(0, len(hashes), _CHUNK):
            part = hashes[start : start + _CHUNK]
            query = select(item_versions.c.hash).where(item_versions.c.hash.in_(part))
            found.update(row.hash for row in connection.execute(query))
        return found

    @staticmethod
    def _current_id(connection: Connection) -> int | None:
        row = connection.execute(_CURRENT).first()
        return None if row is None else int(row.release_id)

    @staticmethod
    def _release(row: object, current: int | None) -> Release:
        values = dict(row._mapping)  # type: ignore[attr-defined]
        return Release(**values, current=values["id"] == current)

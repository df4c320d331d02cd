"""A run of items on disk, never changed once written: their facts, their sources, the vectors of their pieces."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from functools import cached_property, lru_cache
from pathlib import Path

import numpy as np

from knowledge.content import Document, Faq
from knowledge.index.approximate import Approximate, open_approximate
from knowledge.index.dense import VECTORS, load_vectors, save_vectors
from knowledge.index.pieces import cut, titled
from knowledge.source import Source

GROUPS = ("questions", "passages")
_ITEMS, _IDS, _SOURCES, _OFFSETS = "items.json", "ids.json", "sources.jsonl", "offsets.npy"
_OWNERS = "owners.npy"
_TOKENS, _STARTS = "token_vectors.npy", "token_starts.npy"  # of passages
_KEPT_SOURCES = 8192  # parsed sources kept in memory by each segment


@dataclass(frozen=True)
class ItemFacts:
    """What a release knows of an item without reading its sources, named as in :class:`knowledge.source.Source`.

    ``sources`` is how many it has.
    """

    hash: str
    kind: str
    id: str
    sources: int
    title: str = ""
    region: str = ""
    audience: tuple[str, ...] = ()
    department: str = ""
    url: str = ""
    effective_from: str | None = None
    effective_to: str | None = None
    status: str = ""
    doc_number: str = ""
    supersedes: tuple[str, ...] = ()
    superseded_by: str = ""


@dataclass(frozen=True)
class Pack:
    """An item made ready for an index.

    ``texts`` holds for each of ``sources``, by group, what it is searched by; ``vectors`` holds their vectors by
    group, in the same order, and ``token_vectors`` those of the passages' tokens.
    """

    facts: ItemFacts
    sources: tuple[Source, ...]
    texts: tuple[dict[str, list[str]], ...]
    vectors: dict[str, np.ndarray]
    token_vectors: Sequence[np.ndarray]


def texts_of(source: Source, piece_length: int) -> dict[str, list[str]]:
    """By group, what a source is searched by: the questions it answers, the pieces of its text under its title."""
    pieces = cut(source.search_text, piece_length) if source.searched else []
    return {
        "questions": list(source.questions),
        "passages": [titled(source.title, piece) for piece in pieces],
    }


def facts_of(item: Document | Faq, digest: str, sources: int) -> ItemFacts:
    """The facts of an item that has ``sources`` sources and the content hash ``digest``."""
    if isinstance(item, Faq):
        return ItemFacts(
            digest,
            "faq",
            item.id,
            sources,
            title=item.standard_question,
            region=item.region,
            audience=item.audience,
            department=item.department,
            url=item.link,
            effective_from=item.effective_from,
            effective_to=item.effective_to,
        )
    return ItemFacts(
        digest,
        "document",
        item.id,
        sources,
        title=item.title,
        region=item.region,
        audience=item.audience,
        department=item.issuer,
        url=item.source_url,
        effective_from=item.effective_from,
        effective_to=item.effective_to,
        status=item.status,
        doc_number=item.doc_number,
        supersedes=item.supersedes,
        superseded_by=item.superseded_by,
    )


class Segment:
    """Items, sources and rows (pieces, by group) known by their numbers, from 0 in the order they were written.

    An item's sources stand together, and so do a source's rows.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        rows = json.loads((folder / _ITEMS).read_text(encoding="utf-8"))
        self.items = [
            ItemFacts(**{**row, **{name: tuple(row[name]) for name in ("audience", "supersedes")}})
            for row in rows
        ]
        self.starts = np.cumsum([0, *(item.sources for item in self.items)])
        """Number of each item's first source; at the end, how many sources there are."""
        self.ids: list[str] = json.loads((folder / _IDS).read_text(encoding="utf-8"))
        self.owners = {name: np.load(folder / name / _OWNERS) for name in GROUPS}
        """By group: the source that each row belongs to."""
        self.vectors = {name: load_vectors(folder / name / VECTORS) for name in GROUPS}
        self._token_vectors = load_vectors(folder / _TOKENS)
        self._token_starts = np.load(folder / _STARTS)
        self.offsets = np.load(folder / _OFFSETS)
        self._file = (folder / _SOURCES).open("rb")
        self.source = lru_cache(_KEPT_SOURCES)(self._read_source)

    def __del__(self) -> None:
        if hasattr(self, "_file"):
            self._file.close()

    @cached_property
    def approximate(self) -> dict[str, Approximate | None]:
        """By group: the approximate index of the vectors, where there are too many for exact search."""
        return {name: open_approximate(self.folder / name) for name in GROUPS}

    @cached_property
    def numbers(self) -> dict[str, int]:
        """Source numbers by id; the last where an id was written again."""
        return {identifier: number for number, identifier in enumerate(self.ids)}

    def token_vectors(self, passage: int) -> np.ndarray:
        """The vectors of a passage's tokens by its row, read from disk."""
        return self._token_vectors[self._token_starts[passage] : self._token_starts[passage + 1]]

    def line(self, number: int) -> bytes:
        """A source as it is stored."""
        start, end = int(self.offsets[number]), int(self.offsets[number + 1])
        return os.pread(self._file.fileno(), end - start, start)

    def _read_source(self, number: int) -> Source:
        return Source.from_dict(json.loads(self.line(number)))

    def pack(self, item: int, piece_length: int) -> Pack:
        """An item with all that belongs to it, read from disk."""
        first, last = int(self.starts[item]), int(self.starts[item + 1])
        sources = tuple(self._read_source(number) for number in range(first, last))
        rows = {name: np.searchsorted(owners, [first, last]).tolist() for name, owners in self.owners.items()}
        vectors = {name: self.vectors[name][start:end] for name, (start, end) in rows.items()}
        texts = tuple(texts_of(source, piece_length) for source in sources)
        tokens = [self.token_vectors(row) for row in range(*rows["passages"])]
        return Pack(self.items[item], sources, texts, vectors, tokens)


def write_segment(folder: Path, packs: Iterable[Pack], after: Segment | None = None) -> None:
    """Write ``packs`` to a new ``folder``; behind the contents of the segment ``after``, whose numbers stay valid."""
    folder.mkdir(parents=True)
    items = [asdict(item) for item in after.items] if after else []
    ids = list(after.ids) if after else []
    offsets: list[int] = after.offsets.tolist() if after else [0]
    owners: dict[str, list[int]] = {name: after.owners[name].tolist() if after else [] for name in GROUPS}
    vectors: dict[str, list[np.ndarray]] = {name: [after.vectors[name]] if after else [] for name in GROUPS}
    tokens = [after._token_vectors] if after else []
    starts = after._token_starts.tolist() if after else [0]
    if after:
        shutil.copyfile(after.folder / _SOURCES, folder / _SOURCES)
    with (folder / _SOURCES).open("ab") as file:
        for pack in packs:
            items.append(asdict(pack.facts))
            for source, texts in zip(pack.sources, pack.texts, strict=True):
                for name in GROUPS:
                    owners[name].extend([len(ids)] * len(texts[name]))
                ids.append(source.id)
                line = json.dumps(source.to_dict(), ensure_ascii=False).encode() + b"\n"
                offsets.append(offsets[-1] + file.write(line))
            for name in GROUPS:
                vectors[name].append(pack.vectors[name])
            for each in pack.token_vectors:
                tokens.append(each)
                starts.append(starts[-1] + len(each))
    (folder / _ITEMS).write_text(json.dumps(items, ensure_ascii=False), encoding="utf-8")
    (folder / _IDS).write_text(json.dumps(ids, ensure_ascii=False), encoding="utf-8")
    np.save(folder / _OFFSETS, np.array(offsets, dtype=np.int64))
    save_vectors(folder / _TOKENS, tokens)
    np.save(folder / _STARTS, np.array(starts, dtype=np.int64))
    for name in GROUPS:
        save_vectors(folder / name / VECTORS, vectors[name])
        np.save(folder / name / _OWNERS, np.array(owners[name], dtype=np.int64))

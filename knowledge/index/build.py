"""Write the index of a release: from nothing, or from another release's index by what differs."""

from __future__ import annotations

import itertools
import os
import shutil
import tempfile
import uuid
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import numpy as np

from knowledge.config import RetrievalConfig
from knowledge.content import Document, Faq, content_hash
from knowledge.embedding import EmbeddingCache
from knowledge.embedding.embedder import Progress
from knowledge.index.approximate import choose
from knowledge.index.dense import VECTORS, load_vectors
from knowledge.index.hybrid import LEXICAL_FOLDER
from knowledge.index.lexical import Entry, LexicalIndex
from knowledge.index.segment import GROUPS, Pack, facts_of, texts_of, write_segment
from knowledge.index.stored import BASE, TAIL, StoredIndex, is_complete, share_of_overhang, write_state
from knowledge.index.whole import FOLDER as WHOLE
from knowledge.index.whole import whole_entries
from knowledge.source import sources_of

Fetch = Callable[[Sequence[str]], Iterable[tuple[str, Document | Faq]]]
"""Finds items by their content hashes: pairs of hash and item, in the order asked for."""

WORK_PREFIX = ".building-"


def build_release_index(
    folder: Path,
    items: Sequence[Document | Faq],
    cache: EmbeddingCache,
    config: RetrievalConfig,
    progress: Progress | None = None,
    previous: Path | None = None,
) -> None:
    """Write the index of ``items`` to ``folder``; :func:`build_index` says how."""
    known = {content_hash(item): item for item in items}
    build_index(
        folder,
        list(known),
        lambda hashes: ((each, known[each]) for each in hashes),
        cache,
        config,
        progress,
        previous,
    )


def build_index(
    folder: Path,
    wanted: Sequence[str],
    fetch: Fetch,
    cache: EmbeddingCache,
    config: RetrievalConfig,
    progress: Progress | None = None,
    previous: Path | None = None,
    shared: StoredIndex | None = None,
) -> None:
    """Write the index of the items with the content hashes ``wanted`` to ``folder``, whole or not at all.

    An index that is there already is kept. ``previous`` is another index of the same embedder and format: what it has
    is not fetched, and while little differs, its files are shared and only the difference is written. ``shared`` is an
    index in memory, whose base is not read again where it is the same.
    ``progress(done, total)`` counts the pieces that have to be embedded.
    """
    if is_complete(folder):
        return
    before = StoredIndex(previous, shared) if previous else None
    held = before.numbers if before else {}
    fresh = _packs(fetch([each for each in wanted if each not in held]), cache, config, progress)
    with _work_folder(folder) as work:
        if before is not None:
            kept = set(wanted)
            gone = [number for digest, number in held.items() if digest not in kept]
            added = _rows(fresh)
            if before.overhang(gone) + added <= config.overhang * (before.rows() + added):
                _extend(work, before, gone, fresh)
                return
        packs = {pack.facts.hash: pack for pack in fresh}
        _write_whole(work, _all_packs(wanted, packs, before, config), config)


def needs_compacting(folder: Path, config: RetrievalConfig) -> bool:
    """Whether an index has grown by half as much as an increment may."""
    return share_of_overhang(folder) > config.overhang / 2


def compact(folder: Path, target: Path, config: RetrievalConfig) -> None:
    """Write an index that has grown anew to ``target``: what it answers stays the same but for what ADR 13 names."""
    stored = StoredIndex(folder)
    with _work_folder(target) as work:
        _write_whole(work, _all_packs(list(stored.numbers), {}, stored, config), config)


def _rows(packs: Sequence[Pack]) -> int:
    return sum(len(texts[name]) for pack in packs for texts in pack.texts for name in GROUPS)


def _packs(
    items: Iterable[tuple[str, Document | Faq]],
    cache: EmbeddingCache,
    config: RetrievalConfig,
    progress: Progress | None,
) -> list[Pack]:
    """Items split and embedded; all texts in one call, because like lengths are embedded together."""
    split = []
    for digest, item in items:
        sources = tuple(sources_of([item]))
        texts = tuple(texts_of(source, config.piece_length) for source in sources)
        split.append((facts_of(item, digest, len(sources)), sources, texts))
    groups = {
        name: [text for _, _, texts in split for each in texts for text in each[name]] for name in GROUPS
    }
    vectors, tokens = cache.passages_with_token_vectors(
        [text for name in GROUPS for text in groups[name]],
        [name == "passages" for name in GROUPS for _ in groups[name]],
        progress,
    )
    places = {name: sum(len(groups[each]) for each in GROUPS[:order]) for order, name in enumerate(GROUPS)}
    packs = []
    for facts, sources, texts in split:
        rows = {}
        for name in GROUPS:
            start = places[name]
            places[name] += sum(len(each[name]) for each in texts)
            rows[name] = slice(start, places[name])
        own = {name: vectors[rows[name]] for name in GROUPS}
        packs.append(Pack(facts, sources, texts, own, tokens[rows["passages"]]))
    return packs


def _all_packs(
    wanted: Sequence[str], fresh: dict[str, Pack], before: StoredIndex | None, config: RetrievalConfig
) -> Iterator[Pack]:
    for digest in wanted:
        if digest in fresh:
            yield fresh[digest]
        elif before is not None:
            yield before.pack(before.numbers[digest], config.piece_length)


def _entries(packs: Iterable[Pack], name: str, first_row: int, first_item: int) -> Iterator[Entry]:
    rows = itertools.count(first_row)
    for item, pack in enumerate(packs, first_item):
        for texts in pack.texts:
            for text in texts[name]:
                yield Entry(next(rows), item, text)


def _write_whole(work: Path, packs: Iterable[Pack], config: RetrievalConfig) -> None:
    packs = list(packs)
    write_segment(work / BASE, packs)
    for name in GROUPS:
        LexicalIndex.build(work / name / LEXICAL_FOLDER, _entries(packs, name, 0, 0))
        choose(work / BASE / name, load_vectors(work / BASE / name / VECTORS), config)
    LexicalIndex.build(work / WHOLE, whole_entries(pack.sources for pack in packs))
    write_state(work, uuid.uuid4().hex, [], _rows(packs), 0)


def _extend(work: Path, before: StoredIndex, gone: list[int], fresh: Sequence[Pack]) -> None:
    _link_tree(before.folder / BASE, work / BASE)
    if fresh or before.tail:
        write_segment(work / TAIL, fresh, after=before.tail)
    for name in GROUPS:
        entries = _entries(fresh, name, len(before.owners[name]), len(before.items))
        LexicalIndex.extend(
            work / name / LEXICAL_FOLDER, before.folder / name / LEXICAL_FOLDER, gone, entries
        )
    wholes = whole_entries((pack.sources for pack in fresh), len(before.items))
    LexicalIndex.extend(work / WHOLE, before.folder / WHOLE, gone, wholes)
    dead = sorted([*np.flatnonzero(before.dead).tolist(), *gone])
    added = _rows(fresh)
    write_state(work, before.base_name, dead, before.rows() + added, before.overhang(gone) + added)


def _link_tree(source: Path, target: Path) -> None:
    shutil.copytree(source, target, copy_function=os.link)


@contextmanager
def _work_folder(folder: Path) -> Iterator[Path]:
    """A folder to write in, which takes the place of ``folder`` at the end, unless something fails."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    work = Path(tempfile.mkdtemp(dir=folder.parent, prefix=WORK_PREFIX))
    try:
        yield work
        shutil.rmtree(folder, ignore_errors=True)  # what is there is not complete
        os.replace(work, folder)
    finally:
        shutil.rmtree(work, ignore_errors=True)

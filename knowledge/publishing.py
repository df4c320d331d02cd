"""Make the drafts into a release that answers, in one step that others never see half done."""

from __future__ import annotations

import fcntl
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from knowledge.config import SearchConfig
from knowledge.embedding import Embedder, EmbeddingCache
from knowledge.embedding.embedder import Progress
from knowledge.index.build import build_index, compact, needs_compacting
from knowledge.index.release import FORMAT, ReleaseIndex
from knowledge.index.stored import StoredIndex, is_complete
from knowledge.store import ContentStore, Release

KEPT = 3  # indexes of the newest releases stay on disk for a quick way back; older ones are rebuilt when asked for
_COMPACTED = "-whole"  # ends the name of an index that had grown by increments and was written anew


class Publisher:
    """Builds the index of a release and lets it answer. Safe across processes: one publication at a time.

    ``home`` holds the indexes (``index/``) and the vectors (``cache/``); both can be rebuilt from the database.
    """

    def __init__(self, store: ContentStore, embedder: Embedder, config: SearchConfig, home: Path) -> None:
        self._store = store
        self._embedder = embedder
        self._config = config
        self._indexes = home / "index"
        self._cache_folder = home / "cache"
        self._indexes.mkdir(parents=True, exist_ok=True)
        self._opened: StoredIndex | None = None
        # Indexes that end alike were made by the same means, so that one can be made from another.
        self._suffix = f"-{embedder.fingerprint}-{config.retrieval.piece_length}-v{FORMAT}"

    def publish(self, note: str = "", progress: Progress | None = None) -> Release:
        """Freeze the drafts, index them, then switch. Publishing unchanged drafts again changes nothing."""
        with self._exclusive():
            release = self._store.freeze(note)
            self._build(release, progress)
            return self._activate(release)

    def rollback(self, release_id: int, progress: Progress | None = None) -> Release:
        """Let an earlier release answer again and set the drafts to it. Raises UnknownRelease."""
        with self._exclusive():
            release = self._store.release(release_id)
            self._build(release, progress)
            self._store.restore_drafts(release_id)
            return self._activate(release)

    def open(self, release: Release, shared: ReleaseIndex | None = None) -> ReleaseIndex:
        """The release's index, built from the database where it is missing or of an older format.

        What ``shared`` has in common with it is not read again.
        """
        while True:
            if not self.is_built(release):
                with self._exclusive():
                    self._build(release, None)
            folder = self._folder(release)
            try:
                index = ReleaseIndex(folder, release.id, self._config.retrieval, shared)
            except FileNotFoundError:
                if is_complete(folder):
                    raise
                continue  # another process has published meanwhile and deleted it
            self._opened = index.stored
            return index

    def is_built(self, release: Release) -> bool:
        """Whether the release's index is on disk."""
        return is_complete(self._folder(release))

    def _build(self, release: Release, progress: Progress | None) -> None:
        if self.is_built(release):
            return
        build_index(
            self._folder(release),
            self._store.release_hashes(release.id),
            self._store.versions,
            EmbeddingCache(self._cache_folder, self._embedder),
            self._config.retrieval,
            progress,
            self._nearest(),
            self._opened,
        )

    def _nearest(self) -> Path | None:
        """The index to start from: that of the release that answers now, else the one written last."""
        current = self._store.current_id()
        if current is not None and self.is_built(release := self._store.release(current)):
            return self._folder(release)
        built = [path for path in self._indexes.glob(f"[!.]*{self._suffix}*") if is_complete(path)]
        return max(built, key=lambda path: path.stat().st_mtime, default=None)

    def _activate(self, release: Release) -> Release:
        """Switch; then write an index anew that has grown, and delete what nobody answers from."""
        release = self._store.activate(release.id)
        grown = self._folder(release)
        if needs_compacting(grown, self._config.retrieval):
            compact(grown, grown.with_name(grown.name + _COMPACTED), self._config.retrieval)
        kept = {self._folder(each).name for each in [release, *self._store.releases()[:KEPT]]}
        for folder in self._indexes.iterdir():
            if folder.is_dir() and folder.name not in kept:
                self._discard(folder)
        return release

    def _discard(self, folder: Path) -> None:
        """Delete a folder: out of sight first, so that a process killed half-way leaves none that looks whole."""
        if not folder.name.startswith("."):
            hidden = folder.with_name(f".deleted-{folder.name}")
            shutil.rmtree(hidden, ignore_errors=True)
            folder = folder.rename(hidden)
        shutil.rmtree(folder, ignore_errors=True)

    def _folder(self, release: Release) -> Path:
        folder = self._indexes / f"{release.digest[:16]}{self._suffix}"
        compacted = folder.with_name(folder.name + _COMPACTED)
        return compacted if is_complete(compacted) else folder

    @contextmanager
    def _exclusive(self) -> Iterator[None]:
        descriptor = os.open(self._indexes / ".lock", os.O_CREAT | os.O_RDWR)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            yield
        finally:
            os.close(descriptor)

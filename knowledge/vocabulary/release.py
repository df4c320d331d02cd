"""The vocabulary of a release: the common words, its editors' own, and the words of its content."""

from __future__ import annotations

import threading

from knowledge.index.release import ReleaseIndex
from knowledge.store import ContentStore
from knowledge.vocabulary import HomophoneCorrector, Vocabulary, common_synonyms


class ReleaseVocabulary:
    """Makes the vocabulary of the index that was asked for last. Thread-safe."""

    def __init__(self, store: ContentStore) -> None:
        self._store = store
        self._lock = threading.Lock()
        self._made: tuple[ReleaseIndex, Vocabulary] | None = None

    @property
    def latest(self) -> Vocabulary | None:
        """The one made last; None before the first."""
        return self._made[1] if self._made else None

    def of(self, index: ReleaseIndex) -> Vocabulary:
        """The vocabulary of the release that ``index`` is of."""
        return self._known(index) or self._make(index)

    def _known(self, index: ReleaseIndex) -> Vocabulary | None:
        made = self._made
        return made[1] if made is not None and made[0] is index else None

    def _make(self, index: ReleaseIndex) -> Vocabulary:
        with self._lock:
            if known := self._known(index):  # whoever had the lock before may have made it
                return known
            own = {each.word: each.official for each in self._store.synonyms(index.release_id)}
            sounds = HomophoneCorrector(index.phrases, lambda pair: index.frequency(pair) > 0)
            vocabulary = Vocabulary(common_synonyms().extended(own), sounds)
            self._made = (index, vocabulary)
            return vocabulary

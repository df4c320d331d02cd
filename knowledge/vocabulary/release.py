"""The vocabulary of a release: the common words, its editors' own, and the words of its content."""

from __future__ import annotations

import threading

from knowledge.index.release import ReleaseIndex
from knowledge.store import ContentStore
from knowledge.vocabulary import HomophoneCorrector, Vocabulary, common_synonyms


class ReleaseVocabulary:
    """Makes the vocabulary of the release that was asked for last. Thread-safe."""

    def __init__(self, store: ContentStore) -> None:
        self._store = store
        self._lock = threading.Lock()
        self._made: tuple[ReleaseIndex, Vocabulary] | None = None

    def of(self, index: ReleaseIndex) -> Vocabulary:
        """The vocabulary of the release that ``index`` is of."""
        made = self._made
        if made is not None and made[0] is index:
            return made[1]
        with self._lock:
            own = {each.word: each.official for each in self._store.synonyms(index.release_id)}
            known = HomophoneCorrector(index.phrases, lambda pair: index.frequency(pair) > 0)
            vocabulary = Vocabulary(common_synonyms().extended(own), known)
            self._made = (index, vocabulary)
            return vocabulary

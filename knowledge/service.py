"""The knowledge service: the one object that other parts use."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import date, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy.engine import Engine

from knowledge.answer import Answer
from knowledge.answers import AnswerLog
from knowledge.config import SearchConfig, load_search_config
from knowledge.current_index import CurrentIndex
from knowledge.embedding import Embedder
from knowledge.embedding.embedder import Progress
from knowledge.errors import NoOptionsPending, NothingPublished, OptionOutOfRange
from knowledge.index.release import ReleaseIndex
from knowledge.pipeline import Context, run_pipeline
from knowledge.pipeline.compose import answer_from
from knowledge.pipeline.validity import why_not
from knowledge.publishing import Publisher
from knowledge.store import ContentStore, ImportCounts, Item, Release
from knowledge.texts import text


def city_today() -> date:
    """Today in the city: rules start and end at its midnight."""
    return datetime.now(ZoneInfo("Asia/Shanghai")).date()


class KnowledgeService:
    """Answers from the current release; imports, publishes and rolls back content. Thread-safe.

    Parameters: ``engine`` with ``knowledge.tables`` created in it, ``home`` for indexes and vectors, ``embedder``,
    ``config`` (default: ``search.yml``), ``today`` for tests.
    """

    def __init__(
        self,
        engine: Engine,
        home: Path,
        embedder: Embedder,
        config: SearchConfig | None = None,
        today: Callable[[], date] = city_today,
    ) -> None:
        self.store = ContentStore(engine)
        self.log = AnswerLog(engine)
        self.config = config or load_search_config()
        self._embedder = embedder
        self._publisher = Publisher(self.store, embedder, self.config, home)
        self._today = today
        self._current = CurrentIndex(self.store, self._publisher)

    def answer(self, question: str, conversation_id: str | None = None) -> Answer:
        """Answer a citizen's question from the current release and keep the answer.

        Never raises for what a citizen can type; before the first publication the answer says so (``not_ready``).
        """
        try:
            index = self.index()
        except NothingPublished:
            answer = Answer(status="no_answer", text=text("not_ready"), reason="not_ready")
            self.log.add(answer, question, conversation_id, {})
            return answer
        context = Context(question, self._today(), index, self._embedder, self.config)
        answer = run_pipeline(context)
        self.log.add(answer, question, conversation_id, context.trace())
        return answer

    def choose(self, conversation_id: str, number: int) -> Answer:
        """Answer with option ``number`` (from 1) of the conversation's last answer.

        Raises NoOptionsPending when that answer offered none, OptionOutOfRange when it offered fewer.
        """
        last = self.log.latest(conversation_id)
        if last is None or last["status"] != "clarify" or not last["options"]:
            raise NoOptionsPending("目前没有可选的选项，请直接说出您的问题。")
        options = last["options"]
        if not 1 <= number <= len(options):
            raise OptionOutOfRange(f"请回复 1 到 {len(options)} 之间的数字。")
        index = self.index()
        label = options[number - 1]["label"]
        context = Context(label, self._today(), index, self._embedder, self.config, text=label)
        source = index.by_id.get(options[number - 1]["id"])
        if source is None or why_not(source, context):
            # The option's content was taken back, or has ended, since it was offered.
            answer = Answer(status="no_answer", text=text("no_answer"), reason="low_confidence")
        else:
            # The citizen has named the source, so what is left of doubt is none of ours.
            answer = answer_from(source, context, confidence=1.0)
        answer = replace(answer, release=str(index.release_id))
        self.log.add(answer, label, conversation_id, {"choice_of": last["id"]})
        return answer

    def import_items(self, items: Iterable[Item]) -> ImportCounts:
        """Put documents and FAQs into the drafts."""
        return self.store.put(items)

    def publish(self, note: str = "", progress: Progress | None = None) -> Release:
        """Publish the drafts; the next question is answered from them."""
        release = self._publisher.publish(note, progress)
        self._current.get(patience=None)
        return release

    def rollback(self, release_id: int, progress: Progress | None = None) -> Release:
        """Let an earlier release answer again. Raises UnknownRelease."""
        release = self._publisher.rollback(release_id, progress)
        self._current.get(patience=None)
        return release

    def index(self) -> ReleaseIndex:
        """The index to answer from (:class:`knowledge.current_index.CurrentIndex`). Raises NothingPublished."""
        return self._current.get()

    def warm_up(self) -> None:
        """Load the model and the index now; raises NothingPublished or EmbeddingModelError."""
        self.store.current()  # before the model is loaded: without content there is nothing to be ready for
        self._embedder.queries(["预热"])
        self.index()

    def index_is_built(self, release: Release) -> bool:
        """Whether a release's index is on disk."""
        return self._publisher.is_built(release)

    def status(self) -> dict[str, Any]:
        """What health checks and the doctor report."""
        loaded = self._current.loaded
        return {
            "release": self.store.current_id(),
            "pieces": loaded.pieces() if loaded else 0,
            "drafts": self.store.draft_counts(),
        }

"""The knowledge service: the one object that other parts use."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from datetime import date, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy.engine import Engine

from knowledge.answer import Answer
from knowledge.answers import AnswerLog
from knowledge.config import SearchConfig, load_search_config
from knowledge.conversation_facts import ConversationFacts
from knowledge.current_index import CurrentIndex
from knowledge.decision.calibration import Calibration
from knowledge.decision.examples import examples, held_out
from knowledge.decision.learn import ENOUGH, learn
from knowledge.decision.store import CalibrationStore
from knowledge.drafts import FaqDrafts
from knowledge.embedding import Embedder
from knowledge.embedding.embedder import Progress
from knowledge.errors import (
    NoOptionsPending,
    NothingPublished,
    NothingToShow,
    NotReplayable,
    OptionOutOfRange,
)
from knowledge.index.release import ReleaseIndex
from knowledge.pipeline import Context, run_pipeline
from knowledge.pipeline.compose import answer_from, full_text
from knowledge.pipeline.context import Previous
from knowledge.pipeline.residence import Residence, read_reply
from knowledge.pipeline.validity import why_not
from knowledge.publishing import Publisher
from knowledge.read_ahead import ReadAhead
from knowledge.replay import Replay, compare, replay_context
from knowledge.source import Source
from knowledge.store import ContentStore, ImportCounts, Item, Release
from knowledge.text import normalise
from knowledge.texts import text
from knowledge.vocabulary.release import ReleaseVocabulary

logger = logging.getLogger(__name__)


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
        self.faq_drafts = FaqDrafts(engine)
        self.config = config or load_search_config()
        self.calibrations = CalibrationStore(engine, self.config, embedder.fingerprint)
        self._calibrated: tuple[int, Calibration] | None = None
        self._vocabulary = ReleaseVocabulary(self.store)
        self.citizens = ConversationFacts(engine, self.config.residence.hours)
        self._embedder = embedder
        self._publisher = Publisher(self.store, embedder, self.config, home)
        self._today = today
        self._current = CurrentIndex(self.store, self._publisher)
        longest = self.config.decision.max_question_length
        self._ahead = ReadAhead(embedder, lambda: self._vocabulary.latest, longest)

    def expect(self, question: str) -> None:
        """Begin to read a question that is probably asked next, and return at once."""
        self._ahead.begin(question)

    def answer(
        self, question: str, conversation_id: str | None = None, message_id: str | None = None
    ) -> Answer:
        """Answer a citizen's question from the current release and keep the answer.

        Free words that answer "您在哪个区？" (临港的) choose that option. Never raises for what a citizen can type;
        before the first publication the answer says so (``not_ready``). ``message_id`` is kept with the answer
        (:meth:`AnswerLog.given_to`).
        """
        last = self.log.latest_row(conversation_id) if conversation_id else None
        if conversation_id and last and (number := _replied(question, last)):
            return self.choose(conversation_id, number, message_id)
        try:
            index = self.index()
        except NothingPublished:
            answer = Answer(status="no_answer", text=text("not_ready"), reason="not_ready")
            self.log.add(answer, question, conversation_id, {}, message_id)
            return answer
        context = self.context(question, index, conversation_id, last)
        answer = run_pipeline(context)
        if conversation_id:
            self._remember(context, conversation_id)
        self.log.add(answer, question, conversation_id, context.trace(), message_id)
        return answer

    def choose(self, conversation_id: str, number: int, message_id: str | None = None) -> Answer:
        """Answer with option ``number`` (from 1) of the conversation's last answer.

        A region or a group of people that is chosen is remembered for the conversation's later questions. Raises
        NoOptionsPending when that answer offered none, OptionOutOfRange when it offered fewer.
        """
        last = self.log.latest_row(conversation_id)
        if last is None or last["status"] != "clarify" or not last["answer"]["options"]:
            raise NoOptionsPending("目前没有可选的选项，请直接说出您的问题。")
        options = last["answer"]["options"]
        if not 1 <= number <= len(options):
            raise OptionOutOfRange(f"请回复 1 到 {len(options)} 之间的数字。")
        chosen = options[number - 1]
        self._remember_choice(chosen, options, conversation_id)
        index = self.index()
        context = self.context(last["question"], index, conversation_id, last)
        context.region_named = bool(chosen.get("region"))  # said just now, not recalled
        answer, origin = self._chosen(chosen, context)
        answer = replace(answer, release=str(index.release_id))
        trace = {**context.trace(), "origin": origin, "choice_of": last["id"], "chosen": chosen["id"]}
        self.log.add(answer, chosen["label"], conversation_id, trace, message_id)
        return answer

    def locate(self, conversation_id: str, place: str, message_id: str | None = None) -> Answer:
        """Take where the citizen is, in the words of a map (澜川市临港区海滨路1号), and say what was made of it.

        It answers an open "您在哪个区？", and is remembered for the conversation's later questions.
        """
        try:
            index = self.index()
        except NothingPublished:
            return self.answer(place, conversation_id, message_id)
        said, city = normalise(place), index.city
        districts = sorted(index.regions - {city}, key=len, reverse=True)
        district = next((each for each in districts if normalise(each) in said), "")
        elsewhere = not district and bool(city) and normalise(city) in said
        last = self.log.latest(conversation_id)
        options = last["options"] if last and last["status"] == "clarify" else []
        for number, option in enumerate(options if district or elsewhere else [], 1):
            if option.get("region") == district:  # "" is offered for all others
                return self.choose(conversation_id, number, message_id)
        if district:
            self.citizens.live_in(conversation_id, district)
            told = text("located", region=district)
        elif elsewhere:
            self.citizens.live_in_none_of(conversation_id, districts)
            told = text("located_elsewhere", city=city)
        else:
            told = text("located_nowhere")
        answer = Answer(status="small_talk", text=told, release=str(index.release_id))
        self.log.add(answer, place, conversation_id, {}, message_id)
        return answer

    def full_text(self, conversation_id: str, message_id: str | None = None) -> Answer:
        """The whole text of what the conversation's last answer was taken from ("全文").

        An FAQ's answer that was given whole already is left out where it has a basis to show instead. Raises
        NothingToShow when there is no answer, or when nothing of it is published, and in force, any more.
        """
        last = self.log.latest_row(conversation_id, status="answered")
        if last is None:
            raise NothingToShow(text("nothing_to_show"))
        index = self.index()
        context = self.context(last["question"], index, conversation_id, self.log.latest_row(conversation_id))
        cited = [index.by_id.get(each["id"]) for each in last["answer"]["sources"]]
        sources = [each for each in cited if each is not None and why_not(each, context) is None]
        if len(sources) > 1 and sources[0].kind == "faq" and not last["answer"].get("clipped"):
            sources = sources[1:]
        if not sources:
            raise NothingToShow(text("nothing_to_show"))
        answer = full_text(sources, context)
        trace = {**context.trace(), "origin": "full_text", "full_text_of": last["id"]}
        self.log.add(answer, last["question"], conversation_id, trace, message_id)
        return answer

    def replay(self, answer_id: str) -> Replay:
        """Give a stored answer again, from the release and on the day that gave it, and compare.

        The index of an older release is built anew where it is no longer on disk. What the release had learnt by then
        is used again; where configured limits have changed since, that is among the differences. Nothing is stored.
        Raises UnknownAnswer, or NotReplayable for an answer that was given before anything was published.
        """
        stored = self.log.explained(answer_id)
        trace = stored["trace"]
        if not stored["release_id"] or "today" not in trace:
            raise NotReplayable(f"答复 {answer_id} 不是由已发布的内容给出的，无法重放。")
        release = self.store.release(stored["release_id"])
        loaded = self._current.loaded
        if loaded is not None and loaded.release_id == release.id:
            index = loaded
        else:
            index = self._publisher.open(release, loaded)
        context = replay_context(stored, index, self._embedder, self.config, self._vocabulary.of(index))
        origin = trace.get("origin", "question")
        if origin == "full_text":
            sources = [index.by_id[each["id"]] for each in stored["answer"]["sources"]]
            answer = full_text(sources, context)
        elif origin == "choice":
            answer, _ = self._chosen({"id": trace["chosen"]}, context)
        else:
            answer = run_pipeline(context)
        return compare(stored, answer, context)

    def calibration(self, index: ReleaseIndex) -> Calibration:
        """What the release of ``index`` has learnt; until it has, what was learnt last, or what is configured."""
        known = self._calibrated
        if known is not None and known[0] == index.release_id:
            return known[1]
        found = self.calibrations.get(self.store.release(index.release_id))
        if found is None:
            return self.calibrations.latest()
        self._calibrated = (index.release_id, found)
        return found

    def learn(self, progress: Progress | None = None) -> Calibration:
        """Learn from the current release when to answer and when not, unless that was done already.

        Answering goes on meanwhile. ``progress(done, total)`` counts questions. Raises NothingPublished. Content that
        has no similar questions teaches nothing: what holds then is the start in ``search.yml``.
        """
        index = self.index()
        release = self.store.release(index.release_id)
        if known := self.calibrations.get(release):
            return known
        pairs = held_out(self.answering_faqs(index), self.config.decision.questions)
        if len(pairs) < ENOUGH:
            return self.calibrations.latest()
        found = list(examples(pairs, lambda question: self.context(question, index), progress))
        calibration = learn(found, self.config.weights, self.config.decision)
        self.calibrations.put(release, calibration)
        logger.info("release %s learnt from %s questions: %s", release.id, len(found), calibration)
        return calibration

    def answering_faqs(self, index: ReleaseIndex) -> list[Source]:
        """The FAQs that may answer today: what has lapsed cannot be right for a question that is held out."""
        context = self.context("", index)
        faqs = (each for each in index.sources if each.kind == "faq")
        return [each for each in faqs if why_not(each, context) is None]

    def forget(self, conversation_id: str) -> None:
        """Forget what the conversation knows of its citizen: it begins anew."""
        self.citizens.forget(conversation_id)

    def context(
        self,
        question: str,
        index: ReleaseIndex | None = None,
        conversation_id: str | None = None,
        last: Mapping[str, Any] | None = None,
    ) -> Context:
        """A run of the pipeline on ``index`` (default: the current one) before its first step.

        ``last`` is the row of the conversation's last answer. Raises NothingPublished.
        """
        index = index or self.index()
        known = self.citizens.known(conversation_id) if conversation_id else Residence()
        return Context(
            question,
            self._today(),
            index,
            self._embedder,
            self.config,
            text=question,
            vocabulary=self._vocabulary.of(index),
            calibration=self.calibration(index),
            known=known,
            previous=self._previous(last) if last else None,
        )

    def _previous(self, last: Mapping[str, Any]) -> Previous | None:
        """What the conversation was about, where that was not too long ago."""
        if last["asked_at"] < time.time() - 60 * self.config.conversation.minutes:
            return None
        given = last["answer"]
        sources = tuple(each["id"] for each in [*given["sources"], *given["options"]] if each["id"])
        asked = last["trace"].get("text") or normalise(last["question"])
        return Previous(asked[-self.config.decision.max_question_length :], sources) if sources else None

    def _chosen(self, option: dict[str, Any], context: Context) -> tuple[Answer, str]:
        """The answer to a chosen option, and how it came about: as its ``choice``, or by asking the ``question`` again.

        A region, once it is known, may change more than the one source that was the first for it: the question is
        asked again, and where that is no clearer that source answers.
        """
        if option.get("region") is not None:
            again = run_pipeline(context)
            doubtful = again.status == "no_answer" or (again.status == "clarify" and len(again.options) < 2)
            if not doubtful or not option["id"]:
                return again, "question"
        source = context.index.by_id.get(option["id"])
        if source is None or why_not(source, context):
            # The option's content was taken back, or has ended, since it was offered.
            return Answer(status="no_answer", text=text("no_answer"), reason="low_confidence"), "choice"
        # The citizen has named the source, so what is left of doubt is none of ours.
        return answer_from(source, context, confidence=1.0), "choice"

    def _remember(self, context: Context, conversation_id: str) -> None:
        """Keep the district that the question names, and the group that the citizen says they belong to."""
        if context.region_named and context.region not in ("", context.index.city, context.known.region):
            self.citizens.live_in(conversation_id, context.region)
        if context.audience and context.audience != context.known.audience:
            self.citizens.belong_to(conversation_id, context.audience)

    def _remember_choice(
        self, chosen: dict[str, Any], options: list[dict[str, Any]], conversation_id: str
    ) -> None:
        if chosen.get("region"):
            self.citizens.live_in(conversation_id, chosen["region"])
        elif chosen.get("region") == "":
            others = [option["region"] for option in options if option.get("region")]
            self.citizens.live_in_none_of(conversation_id, others)
        if chosen.get("audience"):
            self.citizens.belong_to(conversation_id, chosen["audience"][0])

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
        """Load the model, the index and its vocabulary now; raises NothingPublished or EmbeddingModelError."""
        self.store.current()  # before the model is loaded: without content there is nothing to be ready for
        self._embedder.queries(["预热"])
        self._vocabulary.of(self.index())

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


def _replied(question: str, last: Mapping[str, Any]) -> int | None:
    """The option that free words choose, where the last answer asked for a region or a group."""
    if last["status"] != "clarify":
        return None
    options = last["answer"]["options"]
    asks = any(option.get("region") is not None or option.get("audience") for option in options)
    return read_reply(question, options) if asks else None

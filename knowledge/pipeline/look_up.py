"""A question that names a document goes straight to it: to the article it names, or to how the document stands."""

from __future__ import annotations

import re
from dataclasses import dataclass

from knowledge.answer import Answer
from knowledge.content import normalize_anchor
from knowledge.index.tokens import bigram_set
from knowledge.pipeline.compose import answer_from, cite, clause_on
from knowledge.pipeline.context import Context
from knowledge.pipeline.notice import notice_of
from knowledge.pipeline.phrases import pattern
from knowledge.pipeline.validity import why_not
from knowledge.texts import text
from knowledge.validity_facts import DocumentFacts, Standing, facts_of

_NUMERAL = "[〇零一二两三四五六七八九十百千0-9]+"
_ARTICLE = re.compile(
    rf"第\s*{_NUMERAL}\s*条(?:之{_NUMERAL})?(?:第{_NUMERAL}款)?(?:第[(（]?{_NUMERAL}[)）]?项)?"
)
_YEAR = re.compile(r"(?:19|20)\d{2}(?!\d)")


@dataclass(frozen=True)
class _Named:
    """The document that a question names: its editions, what the question says beside the name, how well it fits."""

    editions: list[Standing]
    beside: str
    share: float

    @property
    def standing(self) -> Standing:
        """Of several editions the one that holds, or else the one that began last."""
        return max(self.editions, key=lambda each: (each.lapse is None, each.document.effective_from or ""))


def look_up(context: Context) -> None:
    """End the run where the question names a document by number or title and asks for an article or its validity.

    An article of what is in force is given. Asked whether the document holds, or for an article of one that does
    not, the answer is how it stands. Any other question goes on, with a notice where what it names is not in force.
    """
    article = _ARTICLE.search(context.text)
    rest = context.text.replace(article[0], " ") if article else context.text
    named = _by_number(rest, context) or _by_title(rest, context)
    if named is None and article and context.answer is None:
        named = _talked_about(rest, context)
    if named is None or context.answer is not None:
        return
    if article:
        for edition in named.editions:
            clause = context.index.clause(edition.document.id, normalize_anchor(article[0]))
            if clause and why_not(clause, context) is None:
                context.answer = answer_from(clause, context, confidence=named.share)
                return
    standing = named.standing
    if (article and standing.lapse) or (not article and _only_validity(named.beside, _titles(standing))):
        context.answer = _how_it_stands(standing, named.share, context)
    elif standing.lapse:
        context.notice = notice_of(standing, context.today.isoformat())


def _by_number(rest: str, context: Context) -> _Named | None:
    """By the first document number in the question; ends the run when it asks about one that nobody knows."""
    facts = facts_of(context.index)
    for written, key in facts.numbers_in(rest):
        beside = rest.replace(written, " ")
        standing = facts.standing_of_number(key, context.today.isoformat())
        if standing is not None:
            return _Named([standing], beside, 1.0)
        if _only_validity(beside, ""):
            words = text("notice_unknown", document=key.replace("|", "〔", 1).replace("|", "〕", 1) + "号")
            context.answer = Answer(status="no_answer", text=words, reason="low_confidence")
    return None


def _by_title(rest: str, context: Context) -> _Named | None:
    facts, today = facts_of(context.index), context.today.isoformat()
    asked = bigram_set(rest)
    best: tuple[float, int] = (0.0, 0)
    found: list[DocumentFacts] = []
    for pairs, documents in facts.titles.items():
        share = len(asked & pairs) / len(pairs)
        # The longer of two titles that fit alike is the one that was named: 劳动合同法实施条例 holds 劳动合同法.
        if share >= context.config.decision.title_match and (share, len(pairs)) > best:
            best, found = (share, len(pairs)), documents
    if not found:
        return None
    years = set(_YEAR.findall(rest))
    of_year = [each for each in found if years & each.years]
    return _Named([facts.standing(each.id, today) for each in of_year or found], rest, best[0])


def _talked_about(rest: str, context: Context) -> _Named | None:
    """The document of the conversation's last answer: 第8条怎么说 by itself is about that."""
    facts, today = facts_of(context.index), context.today.isoformat()
    for identifier in context.previous.sources if context.previous else ():
        document = identifier.partition("#")[0]
        if document != identifier and document in facts.documents:
            return _Named([facts.standing(document, today)], rest, 1.0)
    return None


def _only_validity(beside: str, title: str) -> bool:
    """Whether nothing is asked beside a document's name but whether, and from when to when, it holds."""
    left = pattern("about_validity").sub("", beside)
    return len({sign for sign in left if sign.isalnum()} - set(title)) <= 1


def _titles(standing: Standing) -> str:
    return "".join(each.title for each in (standing.document, *standing.successors))


def _how_it_stands(standing: Standing, share: float, context: Context) -> Answer:
    """The answer on a document's validity, with the clause that says it."""
    notice = notice_of(standing, context.today.isoformat())
    cited = clause_on(standing, context)
    return Answer(
        status="answered",
        text=notice.text,
        confidence=round(share, 4),
        sources=(cite(cited),) if cited else (),
        notice=notice,
        department=(cited.department or None) if cited else None,
    )

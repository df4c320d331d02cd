"""Word the answer from its source, verbatim."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from knowledge.answer import Answer, Citation, Notice
from knowledge.index.tokens import bigram_set
from knowledge.pipeline.context import Context
from knowledge.pipeline.notice import amendment, standing_of
from knowledge.pipeline.validity import why_not
from knowledge.source import Source
from knowledge.texts import text
from knowledge.validity_facts import Standing, facts_of

# Where a document says when it ends another, and when it begins itself.
_ENDING = ("同时废止", "废止")
_BEGINNING = ("起施行", "有效期", "施行")

_SENTENCE = re.compile(r"[^。！？；\n]*[。！？；\n]+|[^。！？；\n]+")


def compose(context: Context) -> None:
    """Answer with the best candidate."""
    best = context.candidates[0]
    context.answer = answer_from(best.source, context, best.confidence)


def answer_from(source: Source, context: Context, confidence: float) -> Answer:
    """An FAQ's answer verbatim with its basis as sources, or the sentences of a clause that the question is about.

    Every line is a whole sentence or more of the source, or one of ``texts.yml``. Together with the notice it stays
    within ``compose.length`` characters; what is left out, "全文" shows. A basis that may not answer itself
    (repealed, expired …) is not cited.
    """
    index, sources = context.index, [source]
    notice = context.notice or _amended(source, context)
    before = [notice.text] if notice else []
    after = [text("by_region", region=source.region)] if _by_memory(source, context) else []
    if source.kind == "faq":
        sources += basis_of(source, context)
    lines, clipped = _body(source, context, context.config.compose.length - _size(before) - _size(after))
    return Answer(
        status="answered",
        text="\n".join([*before, *lines, *after]),
        confidence=round(confidence, 4),
        sources=tuple(cite(each) for each in sources),
        notice=notice,
        department=source.department or None,
        release=str(index.release_id),
        clipped=clipped,
    )


def basis_of(source: Source, context: Context) -> list[Source]:
    """What an FAQ rests on and may be cited."""
    found = {each.id: each for each in map(context.index.find, source.basis) if each is not None}
    return [each for each in found.values() if why_not(each, context) is None]


def full_text(sources: Sequence[Source], context: Context) -> Answer:
    """All of ``sources``, whole and verbatim, each under its title; the first is what was answered from.

    An FAQ stands by itself: its answer needs no heading. Its picture was shown with the answer, and is not cited again.
    """
    lines: list[str] = []
    for source in sources:
        if source.kind == "clause":
            lines.append(_heading(source, source.text, "full_text_heading", "full_text_heading_bare"))
        lines.append(source.text)
    notice = _amended(sources[0], context)
    return Answer(
        status="answered",
        text="\n".join([*([notice.text] if notice else []), *lines]),
        confidence=1.0,
        sources=tuple(replace(cite(each), picture="") for each in sources),
        notice=notice,
        department=sources[0].department or None,
        release=str(context.index.release_id),
    )


def clause_on(standing: Standing, context: Context) -> Source | None:
    """The clause that says how a document stands: the successor's that ends it, or else its own on when it holds."""
    facts, index = facts_of(context.index), context.index
    document = standing.document
    held = [each for each in standing.successors if each.id]
    if held:
        clauses = index.clauses_of(held[0].id)
        return facts.clause_about(clauses, document.doc_number, document.title, *_ENDING)
    return facts.clause_about(index.clauses_of(document.id), *_BEGINNING)


def _body(source: Source, context: Context, room: int) -> tuple[list[str], bool]:
    """The lines taken from a source, at most ``room`` characters, and whether something of it was left out."""
    if source.kind == "faq":
        if len(source.text) <= room:
            return [source.text], False
        hint = text("clipped")
        excerpt = opening(source.text, room - _size([hint]))
        return [*filter(None, [excerpt]), hint], True
    intro = _heading(source, source.text, "clause_intro", "clause_intro_bare")
    if len(source.text) <= room - _size([intro]):
        return [intro, source.text], False
    hint = text("clipped")
    longest = text("clause_intro", title=source.title, article=source.article)
    excerpt = most_relevant(source.text, context.text, room - _size([longest, hint]))[0]
    if not excerpt:
        whole = text("clause_too_long", title=source.title, article=source.article)
        return [whole, text("clipped_all")], True
    return [_heading(source, excerpt, "clause_intro", "clause_intro_bare"), excerpt, hint], True


def _heading(source: Source, excerpt: str, full: str, bare: str) -> str:
    """A clause's title, with its article unless the excerpt begins with it: 第七条规定：第七条 … says it twice."""
    says_it = source.article and "".join(excerpt.split()).startswith("".join(source.article.split()))
    if says_it or not source.article:
        return text(bare, title=source.title)
    return text(full, title=source.title, article=source.article)


def _size(lines: Sequence[str]) -> int:
    return sum(len(line) + 1 for line in lines)


def _by_memory(source: Source, context: Context) -> bool:
    """Whether a district's rule is given because of what the citizen said earlier."""
    return bool(source.region) and source.region == context.known.region and not context.region_named


def _amended(source: Source, context: Context) -> Notice | None:
    today = context.today.isoformat()
    standing = standing_of(source, facts_of(context.index), today) if source.kind == "clause" else None
    if standing is None or not standing.amended:
        return None
    return amendment(standing)


def cite(source: Source) -> Citation:
    """A source as the contract has it."""
    return Citation(
        kind=source.kind,
        id=source.id,
        title=source.title,
        doc_number=source.doc_number,
        article=source.article,
        quote=source.text,
        effective_from=source.effective_from,
        effective_to=source.effective_to,
        url=source.url,
        picture=source.picture,
    )


def opening(passage: str, length: int) -> str:
    """The whole sentences at the beginning of ``passage`` that fit into ``length`` characters; maybe none."""
    end = 0
    for sentence in _SENTENCE.finditer(passage):
        if len(passage[: sentence.end()].rstrip()) > length:
            break
        end = sentence.end()
    return passage[:end].rstrip()


def most_relevant(passage: str, question: str, length: int) -> tuple[str, bool]:
    """Consecutive whole sentences of ``passage``, at most ``length`` characters, that share most with ``question``.

    Returns them and whether anything was left out. A sentence longer than ``length`` is left out, so that there may
    be nothing to return.
    """
    if len(passage) <= length:
        return passage, False
    asked = bigram_set(question)
    sentences = _SENTENCE.findall(passage)
    worth = [len(asked & bigram_set(sentence)) for sentence in sentences]
    best, chosen = -1, (0, 0)
    for start in range(len(sentences)):
        size = total = 0
        for end in range(start, len(sentences)):
            size += len(sentences[end])
            if size > length:
                break
            total += worth[end]
            if total > best:
                best, chosen = total, (start, end + 1)
    return "".join(sentences[chosen[0] : chosen[1]]).strip(), True

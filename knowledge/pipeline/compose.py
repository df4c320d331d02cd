"""Word the answer from its source, verbatim."""

from __future__ import annotations

import re

from knowledge.answer import Answer, Citation
from knowledge.index.tokens import bigram_set
from knowledge.pipeline.context import Context
from knowledge.pipeline.validity import why_not
from knowledge.source import Source
from knowledge.texts import text

CLAUSE_LENGTH = 500  # characters: with its title and source line a clause answer stays within one WeChat text
_SENTENCE = re.compile(r"[^。！？；\n]*[。！？；\n]+|[^。！？；\n]+")


def compose(context: Context) -> None:
    """Answer with the best candidate."""
    best = context.candidates[0]
    context.answer = answer_from(best.source, context, best.confidence)


def answer_from(source: Source, context: Context, confidence: float) -> Answer:
    """An FAQ's answer verbatim with its basis as sources, or the sentences of a clause that the question is about.

    A basis that may not answer itself (repealed, expired …) is not cited.
    """
    index, sources = context.index, [source]
    if source.kind == "faq":
        body = source.text
        found = {each.id: each for each in map(index.find, source.basis) if each is not None}
        sources += [each for each in found.values() if why_not(each, context) is None]
    else:
        excerpt, clipped = most_relevant(source.text, context.text, CLAUSE_LENGTH)
        intro = text("clause_intro", title=source.title, article=source.article)
        body = "\n".join([intro, excerpt, *([text("clipped")] if clipped else [])])
    return Answer(
        status="answered",
        text=body,
        confidence=round(confidence, 4),
        sources=tuple(cite(each) for each in sources),
        department=source.department or None,
        release=str(index.release_id),
    )


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
    )


def most_relevant(passage: str, question: str, length: int) -> tuple[str, bool]:
    """Consecutive whole sentences of ``passage``, at most ``length`` characters, that share most with ``question``.

    Returns them and whether anything was left out. A table or sentence longer than ``length`` is given whole.
    """
    if len(passage) <= length:
        return passage, False
    asked = bigram_set(question)
    sentences = _SENTENCE.findall(passage)
    worth = [len(asked & bigram_set(sentence)) for sentence in sentences]
    best, chosen = -1, (0, 1)
    for start in range(len(sentences)):
        size = total = 0
        for end in range(start, len(sentences)):
            size += len(sentences[end])
            if size > length and end > start:
                break
            total += worth[end]
            if total > best:
                best, chosen = total, (start, end + 1)
    return "".join(sentences[chosen[0] : chosen[1]]).strip(), True

"""A question that names an article of a document goes straight to it."""

from __future__ import annotations

import re

from knowledge.content import normalize_anchor
from knowledge.index.tokens import bigram_set
from knowledge.pipeline.compose import answer_from
from knowledge.pipeline.context import Context
from knowledge.pipeline.validity import why_not
from knowledge.source import Source

_NUMERAL = "[〇零一二两三四五六七八九十百千0-9]+"
_ARTICLE = re.compile(
    rf"第\s*{_NUMERAL}\s*条(?:之{_NUMERAL})?(?:第{_NUMERAL}款)?(?:第[(（]?{_NUMERAL}[)）]?项)?"
)


def look_up(context: Context) -> None:
    """End the run with the article that the question names, if a document so called has it and it is in force."""
    named = _ARTICLE.search(context.text)
    if named is None:
        return
    anchor = normalize_anchor(named[0])
    asked = bigram_set(context.text.replace(named[0], " "))
    found: list[tuple[float, Source]] = []
    for title, documents in context.index.titles.items():
        share = len(asked & title) / len(title)
        if share >= context.config.decision.title_match:
            clauses = (context.index.clause(document, anchor) for document in documents)
            found += [(share, clause) for clause in clauses if clause and why_not(clause, context) is None]
    if found:
        # The longer of two titles that fit alike is the one that was named: 劳动合同法实施条例 holds 劳动合同法.
        share, clause = max(found, key=lambda pair: (pair[0], len(pair[1].title)))
        context.answer = answer_from(clause, context, confidence=share)

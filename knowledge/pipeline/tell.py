"""Tell the citizen of a rule that is not in force, where no answer has done so yet."""

from __future__ import annotations

from dataclasses import replace

from knowledge.answer import Answer, Citation, Notice
from knowledge.pipeline.compose import cite, clause_on
from knowledge.pipeline.context import Context
from knowledge.validity_facts import facts_of


def tell_notice(context: Context) -> None:
    """Put the notice into an answer that asks back, or into the place of one that declined.

    A rule that has not begun is an answer by itself, cited: it says from when it holds. What has ended is none: the
    citizen is told so, and what replaced it.
    """
    notice, answer = context.notice, context.answer
    if notice is None or answer is None or answer.status not in ("clarify", "no_answer"):
        return
    if notice.kind == "not_yet":
        context.answer = _not_yet(notice, answer, context)
    elif answer.status == "clarify":
        context.answer = replace(answer, text=f"{notice.text}\n{answer.text}", notice=notice)
    elif notice.kind in ("repealed", "superseded", "expired"):
        context.answer = replace(answer, text=notice.text, notice=notice, reason=notice.kind)


def _not_yet(notice: Notice, answer: Answer, context: Context) -> Answer:
    facts = facts_of(context.index)
    sources: tuple[Citation, ...] = ()
    if notice.id in facts.documents:
        cited = clause_on(facts.standing(notice.id, context.today.isoformat()), context)
        sources = (cite(cited),) if cited else ()
    elif (faq := context.index.by_id.get(notice.id)) is not None:
        sources = (cite(faq),)
    return replace(
        answer, status="answered", text=notice.text, sources=sources, options=(), reason=None, notice=notice
    )

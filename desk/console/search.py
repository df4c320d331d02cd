"""`GET /console/desk/search`: what the assistant knows, for the panel beside the composer."""

from typing import Any

from fastapi import APIRouter, Request, Response

from desk.console.gate import Gate
from desk.console.views import Views, web_address
from desk.errors import BadInput, DeskError
from desk.ports import Knowledge, KnowledgeAway
from desk.records import StaffMember
from desk.texts import Texts

QUESTION_LIMIT = 500
SOURCES_NAMED = 2
"""How many documents the source line of an inserted text names."""


class NothingPublished(DeskError):
    code = "nothing_published"
    http_status = 503


def build_search(gate: Gate, views: Views, texts: Texts, knowledge: Knowledge) -> APIRouter:
    """The router of the search."""
    router = APIRouter(include_in_schema=False)

    @router.get("/console/desk/search")
    def search(request: Request, q: str = "") -> Response:
        def found(_staff: StaffMember) -> dict[str, Any]:
            question = q.strip()
            if not question:
                raise BadInput(texts.say("search.empty"))
            if len(question) > QUESTION_LIMIT:
                raise BadInput(texts.say("search.long", length=len(question), limit=QUESTION_LIMIT))
            try:
                results = knowledge.search(question)
            except KnowledgeAway as error:
                raise NothingPublished(texts.say("search.nothing_published")) from error
            shown = [{**result, "insert": insertion(result, texts)} for result in results]
            return {"found": len(shown), "html": views.render("_found.html", results=shown)}

        return gate.answer(request, found)

    return router


def insertion(result: dict[str, Any], texts: Texts) -> str:
    """What goes into the reply box: the text, and where it stands."""
    lines = [result["text"].strip()]
    policies = [result] if result["kind"] == "clause" else result["basis"]
    named = [_source(policy, texts) for policy in policies[:SOURCES_NAMED]]
    if named:
        lines.append(texts.say("search.source", source="、".join(dict.fromkeys(named))))
    address = web_address(result["url"])
    if address:
        lines.append(texts.say("search.link" if result["kind"] == "clause" else "search.apply", url=address))
    return "\n".join(lines)


def _source(policy: dict[str, Any], texts: Texts) -> str:
    title = policy["title"]
    words = title if title.startswith("《") else texts.say("search.title", title=title)
    if policy["doc_number"]:
        words += texts.say("search.doc_number", number=policy["doc_number"])
    return words + (policy["article"] or "")

"""What staff teach the assistant: a good reply becomes a draft FAQ, a wrong answer is flagged for editors."""

from typing import Annotated, Any

from fastapi import APIRouter, Form, Request, Response

from desk.console.gate import Gate
from desk.errors import BadInput, UnknownHandoff
from desk.ports import AnswerUnknown, Knowledge
from desk.records import StaffMember
from desk.texts import Texts

QUESTION_LIMIT = 500  # an FAQ table's 标准问题 takes no more
ANSWER_LIMIT = 5000
COMMENT_LIMIT = 1000


def build_learning(gate: Gate, texts: Texts, knowledge: Knowledge) -> APIRouter:
    """The router of both."""
    router = APIRouter(include_in_schema=False)

    def checked(name: str, value: str, limit: int) -> str:
        value = value.replace("\r\n", "\n").strip()
        if not value:
            raise BadInput(texts.say(f"learning.{name}_empty"))
        if len(value) > limit:
            raise BadInput(texts.say(f"learning.{name}_long", length=len(value), limit=limit))
        return value

    @router.post("/console/desk/learn")
    def learn(
        request: Request,
        c: Annotated[str, Form()] = "",
        question: Annotated[str, Form()] = "",
        answer: Annotated[str, Form()] = "",
        form_token: Annotated[str, Form()] = "",
    ) -> Response:
        def keep(staff: StaffMember) -> dict[str, Any]:
            gate.visible(staff, c)
            asked = " ".join(checked("question", question, QUESTION_LIMIT).split())
            told = checked("answer", answer, ANSWER_LIMIT)
            draft = knowledge.draft(asked, told, c, staff.display_name)
            return {"ok": True, "message": texts.say("learning.kept", id=draft)}

        return gate.answer(request, keep, form_token)

    @router.post("/console/desk/flag")
    def flag(
        request: Request,
        c: Annotated[str, Form()] = "",
        answer_id: Annotated[str, Form()] = "",
        comment: Annotated[str, Form()] = "",
        form_token: Annotated[str, Form()] = "",
    ) -> Response:
        def keep(staff: StaffMember) -> dict[str, Any]:
            shown = gate.visible(staff, c).messages
            if answer_id not in {(said.payload or {}).get("id") for said in shown}:
                raise UnknownHandoff(texts.say("learning.answer_unknown"))
            try:
                knowledge.flag(answer_id, staff.display_name, checked("comment", comment, COMMENT_LIMIT))
            except AnswerUnknown as error:
                raise UnknownHandoff(texts.say("learning.answer_unknown")) from error
            return {"ok": True, "message": texts.say("learning.flagged")}

        return gate.answer(request, keep, form_token)

    return router

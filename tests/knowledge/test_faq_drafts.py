"""FAQs that staff drafted wait for an editor; answers that staff flagged are listed."""

import pytest
from knowledge_fakes import faq

from knowledge.errors import UnknownAnswer
from knowledge.service import KnowledgeService


def test_a_draft_waits_until_it_is_taken_up(service: KnowledgeService) -> None:
    drafts = service.faq_drafts
    first = drafts.add("怎么办居住证", "带身份证。", "web:a", "王敏")
    second = drafts.add("怎么签注\ud800", "到社区。", "web:b", "李强")
    found = drafts.open()
    assert [each.id for each in found] == [first, second]
    assert (found[0].conversation_id, found[0].staff_name, found[0].status) == ("web:a", "王敏", "open")
    assert drafts.close([first, "D-0"], "exported") == [first]
    assert drafts.close([first], "dropped") == []
    assert [each.id for each in drafts.open()] == [second]


def test_a_draft_is_a_row_of_an_faq_table(service: KnowledgeService) -> None:
    draft = service.faq_drafts.add("怎么办居住证", "带身份证。", "web:a", "王敏")
    [found] = service.faq_drafts.open()
    assert found.to_faq() == faq(draft, "怎么办居住证", "带身份证。")


def test_only_what_staff_found_wrong_is_flagged(service: KnowledgeService) -> None:
    answer = service.answer("怎么办居住证")
    service.log.rate(answer.id, False, "市民不满意")
    service.log.rate(answer.id, True, "很好", "王敏")
    assert service.log.flagged() == []
    service.log.rate(answer.id, False, "新办法已施行", "王敏")
    [flagged] = service.log.flagged()
    assert (flagged["answer_id"], flagged["comment"], flagged["staff_name"]) == (
        answer.id,
        "新办法已施行",
        "王敏",
    )
    assert (flagged["question"], flagged["answer"]["status"]) == ("怎么办居住证", "no_answer")
    with pytest.raises(UnknownAnswer):
        service.log.rate("0000", False, "没有", "王敏")

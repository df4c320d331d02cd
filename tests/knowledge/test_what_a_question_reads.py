"""What a question or a publication reads does not grow with the content that it is not about."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from knowledge_fakes import document, faq

from knowledge.content import Document
from knowledge.index.segment import Segment
from knowledge.index.stored import StoredIndex
from knowledge.service import KnowledgeService
from knowledge.validity_facts import facts_of

Publish = Callable[..., KnowledgeService]

CONTENT = (
    document(
        "permit", "居住证办法", "申领居住证应当满半年。", "居住证每年签注一次。", doc_number="某发〔2024〕1号"
    ),
    document(
        "new",
        "公租房新办法",
        "公租房轮候期不超过三年。",
        "旧办法同时废止。",
        supersedes=("某发〔2017〕6号",),
        doc_number="某发〔2024〕6号",
        effective_from="2024-03-01",
    ),
    document("old", "公租房旧规", "公租房轮候期不超过五年。", doc_number="某发〔2017〕6号"),
    faq("F1", "老年卡怎么办理", audience=("老年人",), basis=("permit#第一条",)),
    faq("F2", "社保卡丢了怎么补办"),
)


def unrelated(numbers: range) -> tuple[Document, ...]:
    """Documents about nothing that is asked for."""
    return tuple(
        document(f"x{n}", f"鹤鹿{n}纲目", "鹤飞鹿鸣。", "鲸潜鲨游。", audience=(f"第{n}群鹤",))
        for n in numbers
    )


QUESTIONS = (
    ("居住证每年签注一次", ["permit#第二条"]),
    ("我是老年人，老年卡怎么办理", ["F1", "permit#第一条"]),
    ("某发〔2017〕6号还有效吗", ["new#第二条"]),
    ("居住证办法还有效吗", ["permit#第一条"]),
    ("居住证办法第二条怎么规定", ["permit#第二条"]),
    ("公租房轮候期不超过三年", ["new#第一条"]),
    ("今天天气好吗", []),
)


@pytest.fixture
def read(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The ids of the sources that are read."""
    ids: list[str] = []
    source = StoredIndex.source

    def spy(self: StoredIndex, number: int) -> object:
        ids.append(self.id(number))
        return source(self, number)

    monkeypatch.setattr(StoredIndex, "source", spy)
    return ids


def reads(service: KnowledgeService, read: list[str], question: str, cited: list[str]) -> int:
    """How many sources a question reads, which are candidates or of a document that is cited or of a candidate."""
    read.clear()
    answer = service.answer(question)
    assert [source.id for source in answer.sources] == cited
    trace = service.log.explained(answer.id)["trace"]
    weighed = {row["id"] for row in [*trace.get("candidates", ()), *trace.get("rejected", ())]}
    documents = {identifier.partition("#")[0] for identifier in (*weighed, *cited)}
    assert {identifier.partition("#")[0] for identifier in read} <= documents
    return len(read)


def test_a_question_reads_as_much_among_many_documents_as_among_few(
    publish: Publish, read: list[str]
) -> None:
    service = publish(*CONTENT, *unrelated(range(50)))
    among_few = [reads(service, read, *asked) for asked in QUESTIONS]
    service = publish(*unrelated(range(50, 550)))
    assert [reads(service, read, *asked) for asked in QUESTIONS] == among_few


def test_publishing_one_change_reads_no_source_of_another(
    publish: Publish, monkeypatch: pytest.MonkeyPatch
) -> None:
    publish(*CONTENT, *unrelated(range(200)))
    lines: list[int] = []
    line = Segment.line

    def spy(self: Segment, number: int) -> bytes:
        lines.append(number)
        return line(self, number)

    monkeypatch.setattr(Segment, "line", spy)
    service = publish(faq("F3", "残疾证怎么换领", audience=("残疾人",)))
    index = service.index()
    assert {"残疾人", "老年人"} < index.audiences
    assert facts_of(index).standing("old", "2026-06-15").lapse == "superseded"
    assert lines == []
    assert index.by_id["F3"].title == "残疾证怎么换领"
    assert len(lines) == 1

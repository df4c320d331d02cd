"""Real documents: 2020's notices, fifty laws, Taipei's FAQs; imported, published and asked about."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.stack.running import RunningStack

pytestmark = pytest.mark.stack
LAWS = 50
ASKED = "劳动合同法(2012"


@pytest.fixture(scope="module")
def published(
    stack: RunningStack, shared_data: Path, tmp_path_factory: pytest.TempPathFactory
) -> RunningStack:
    """The stack with the real input published beside the sample city."""
    notices = tmp_path_factory.mktemp("notices")
    for line in (shared_data / "ncp" / "corpus.jsonl").read_text(encoding="utf-8").splitlines():
        row = json.loads(line)
        title = json.dumps(row["title"], ensure_ascii=False)
        text = f"---\ntitle: {title}\n---\n\n{row['text']}\n"
        (notices / f"{row['_id']}.md").write_text(text, encoding="utf-8")
    # The shortest ones, and the one that is asked about: embedding is what takes the time here.
    laws = sorted(
        (shared_data / "laws").rglob("*.md"), key=lambda path: (ASKED not in path.name, path.stat().st_size)
    )
    paths = [notices, *laws[:LAWS], shared_data / "taipei" / "faq.csv"]
    imported = stack.run("kb", "import", *map(str, paths), "--publish", "--json")
    report = json.loads(imported.stdout)
    assert report["documents"] == 599 + LAWS
    # Two rows of the table have an empty answer; they are reported and the others are kept.
    assert report["faqs"] == 1875
    assert sum(problem["severity"] == "error" for problem in report["problems"]) == 2
    assert imported.returncode == 1
    return stack


def test_a_law_answers_with_its_article(published: RunningStack) -> None:
    exchange = published.say(
        "o-law", "用人单位自用工之日起超过一个月不与劳动者订立书面劳动合同要支付几倍工资"
    )
    assert exchange.text is not None
    assert "劳动合同法" in exchange.text
    assert "第八十二条" in exchange.text


def test_a_notice_is_found_by_a_citizens_real_question(published: RunningStack) -> None:
    answer = published.answer("浙江省新型肺炎公共服务与管理平台的访问路径是什么？")
    offered = [source["quote"] for source in answer["sources"]] + [
        option["label"] for option in answer["options"]
    ]
    assert any("平台" in text for text in offered), answer


def test_a_traditional_question_finds_the_taipei_answer(published: RunningStack) -> None:
    answer = published.answer("哪裡可以查到市有土地參與都市更新的資料？")
    assert answer["status"] == "answered", answer
    assert answer["sources"][0]["id"] == "GIP_102800163"

"""Question words, which passages are searched without."""

from pathlib import Path

import pytest
from knowledge_fakes import FakeEmbedder, document, faq

from knowledge.config import load_search_config
from knowledge.embedding import EmbeddingCache
from knowledge.index.question_words import asked_about
from knowledge.index.release import ReleaseIndex, build_release_index


@pytest.mark.parametrize(
    ("question", "left"),
    [
        ("育儿补贴有哪些条件", "育儿补贴 条件"),
        ("社保卡丢了怎么办?", "社保卡丢了 ?"),
        ("居住证怎么办理", "居住证 办理"),
        ("什么时候开始报名呢", "开始报名"),
        ("请问公积金可不可以提取吗", "公积金 提取"),
        ("最多能贷多少", "最多能贷"),
        ("很多大学生落户", "很多大学生落户"),
        ("那么远的地方", "那么远的地方"),
        ("任何单位和个人", "任何单位和个人"),
        ("具体行政行为", "具体行政行为"),
        ("很多少数民族", "很多少数民族"),
        ("增多长期工", "增多长期工"),
        ("何家村何时拆迁", "何家村 拆迁"),
        ("为何不予受理", "不予受理"),
        ("北京市有何支持政策", "北京市有 支持政策"),
        ("怎么办", ""),
        ("", ""),
    ],
)
def test_what_makes_a_text_a_question_is_left_out(question: str, left: str) -> None:
    assert " ".join(asked_about(question).split()) == left


def test_passages_are_searched_without_question_words_and_questions_with_them(tmp_path: Path) -> None:
    """An interview has more of a question's words than the rule that it asks about."""
    embedder, config = FakeEmbedder(), load_search_config().retrieval
    items = [
        document("interview", "访谈", "记者问有哪些，怎么样，有哪些。"),
        document("rule", "办法", "育儿补贴按月发放。"),
        faq("FAQ-1", "有哪些托育机构"),
    ]
    build_release_index(tmp_path / "index", items, EmbeddingCache(tmp_path, embedder), config)
    index = ReleaseIndex(tmp_path / "index", 1, config)

    def scores(group: str, question: str) -> dict[str, float]:
        hits = index.search(group, question, embedder.queries([question]), 9)
        return {source.id.partition("#")[0]: hit.lexical for source, hit in hits}

    passages = scores("passages", "育儿补贴有哪些,怎么样")
    assert passages["interview"] == 0 < passages["rule"]
    assert scores("questions", "育儿补贴有哪些,怎么样")["FAQ-1"] > 0
    assert set(scores("passages", "怎么样,有哪些")) == {"interview", "rule", "FAQ-1"}, (
        "found by meaning alone"
    )

"""The searchable form of a release."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from knowledge_fakes import FakeEmbedder, document, faq

from knowledge.config import load_search_config
from knowledge.content import Document, Faq
from knowledge.embedding import EmbeddingCache
from knowledge.index.lexical import LexicalIndex
from knowledge.index.release import ReleaseIndex, build_release_index, is_complete

RETRIEVAL = load_search_config().retrieval
PERMIT = document(
    "permit",
    "居住证管理办法",
    "申领居住证应当满半年。",
    "居住证每年签注一次。",
    doc_number="澜政规〔2024〕2号",
    issuer="公安局",
    region="澜川市",
    effective_from="2024-03-01",
)
FUND = faq(
    "FAQ-1", "公积金怎么提取", "带身份证到柜台。", similar_questions=("取公积金要什么",), region="临港区"
)


def built(folder: Path, *items: Document | Faq, embedder: FakeEmbedder | None = None) -> ReleaseIndex:
    cache = EmbeddingCache(folder / "cache", embedder or FakeEmbedder())
    build_release_index(folder / "index", items, cache, RETRIEVAL)
    return ReleaseIndex(folder / "index", 7, RETRIEVAL)


def vector(text: str) -> np.ndarray:
    return FakeEmbedder().queries([text])[0]


def found(index: ReleaseIndex, group: str, question: str) -> list[str]:
    return [source.id for source, _ in index.search(group, question, vector(question), 5)]


def test_an_index_has_every_source_with_its_facts(tmp_path: Path) -> None:
    index = built(tmp_path, PERMIT, FUND)
    assert [source.id for source in index.sources] == ["permit#第一条", "permit#第二条", "FAQ-1"]
    clause = index.by_id["permit#第二条"]
    assert clause.text == "第二条　居住证每年签注一次。"
    assert (clause.title, clause.article, clause.doc_number) == (
        "居住证管理办法",
        "第二条",
        "澜政规〔2024〕2号",
    )
    assert (clause.department, clause.region, clause.effective_from) == ("公安局", "澜川市", "2024-03-01")
    assert index.by_id["FAQ-1"].questions == ("公积金怎么提取", "取公积金要什么")
    assert index.release_id == 7


def test_questions_find_faqs_and_passages_find_both(tmp_path: Path) -> None:
    index = built(tmp_path, PERMIT, FUND)
    assert found(index, "questions", "取公积金要什么") == ["FAQ-1"]
    assert found(index, "passages", "居住证签注")[0] == "permit#第二条"
    assert found(index, "passages", "带身份证到柜台")[0] == "FAQ-1"


def test_a_source_is_found_once_however_many_of_its_pieces_match(tmp_path: Path) -> None:
    index = built(tmp_path, FUND)
    hits = index.search("questions", "公积金", vector("公积金"), 5)
    assert [source.id for source, _ in hits] == ["FAQ-1"]


def test_both_groups_at_once_find_what_each_finds(tmp_path: Path) -> None:
    index = built(tmp_path, PERMIT, FUND)
    question, timings = "公积金怎么提取", {"dense": 1000.0}
    hidden = frozenset(index.rows("questions", "FAQ-1")[:1])
    groups = index.search_groups(question, vector(question), 5, timings, also="提取住房公积金", hidden=hidden)
    alone = {
        name: index.search(name, question, vector(question), 5, also="提取住房公积金", hidden=rows)
        for name, rows in (("questions", hidden), ("passages", ()))
    }
    assert groups == alone
    assert timings["dense"] > 1000
    assert timings["lexical"] > 0


def test_of_a_long_source_the_nearest_pieces_are_compared_token_by_token(tmp_path: Path) -> None:
    told = "别的事情各有规定。" * 80
    long = document("long", "办法", f"{told}公积金怎么提取。{told}", "公积金。")
    items = [long, faq("FAQ-1", "户口", "户口。"), faq("FAQ-2", "户口在哪", "公积金怎么提取。")]
    index = built(tmp_path, *items)
    vectors, tokens = (
        FakeEmbedder().queries(["公积金怎么提取"]),
        FakeEmbedder().query_token_vectors("公积金怎么提取"),
    )
    names = ["long#第一条", "FAQ-1", "FAQ-2", "nobody"]
    near = index.cosines("passages", names, vectors)
    assert len(near[0]) > 3
    alike = index.max_sims(names, near, tokens)
    assert alike[0] == alike[2] == pytest.approx(1.0)
    assert alike[1] < 0.5
    assert alike[3] == 0.0
    # Those that are said to be the nearest, and no others.
    far = [[-cosine for cosine in own] for own in near]
    assert index.max_sims(names, far, tokens)[0] < 0.5
    rest = index.without([item.hash for item in index.stored.items if item.id == "FAQ-2"])
    assert rest.max_sims(["FAQ-2"], rest.cosines("passages", ["FAQ-2"], vectors), tokens) == [0.0]


def test_a_source_has_a_cosine_for_each_of_its_rows(tmp_path: Path) -> None:
    index = built(tmp_path, PERMIT, FUND)
    of_faq, of_clause = index.cosines("questions", ["FAQ-1", "permit#第一条"], vector("取公积金要什么"))
    assert len(of_faq) == len(index.rows("questions", "FAQ-1")) > 1
    assert max(of_faq) == pytest.approx(1.0, abs=1e-3)
    assert of_clause == []


def test_a_long_clause_is_cut_into_pieces_under_its_title(tmp_path: Path) -> None:
    embedder = FakeEmbedder()
    sentences = "".join(f"第{i}类人员凭第{i}号证件办理。" for i in range(120))
    built(tmp_path, document("long", "办理指南", sentences), embedder=embedder)
    assert len(embedder.embedded) > 5
    assert all(piece.startswith("办理指南\n") for piece in embedder.embedded)
    assert all(len(piece) <= RETRIEVAL.piece_length + len("办理指南\n") for piece in embedder.embedded)


def test_what_is_found_by_an_id_is_the_source_or_the_smallest_that_has_it_inside(tmp_path: Path) -> None:
    index = built(tmp_path, PERMIT, FUND)
    asked = (
        "FAQ-1",
        "permit#第一条",
        "permit#第一条第二款",
        "permit#第一条之一",
        "permit#",
        "permit",
        "",
        "FAQ",
    )
    found = [index.find(identifier) for identifier in asked]
    assert [source.id if source else None for source in found] == [
        "FAQ-1",
        "permit#第一条",
        "permit#第一条",
        *[None] * 5,
    ]


def test_headings_alone_are_no_sources(tmp_path: Path) -> None:
    body = "# 办法\n\n## 第一章　总则\n\n第一条　为了方便群众。\n"
    index = built(tmp_path, Document(id="d", title="办法", body=body))
    assert [source.article for source in index.sources] == ["第一条"]


def test_an_index_that_is_complete_is_kept(tmp_path: Path) -> None:
    built(tmp_path, FUND)
    embedder = FakeEmbedder()
    built(tmp_path, FUND, embedder=embedder)
    assert embedder.embedded == []


def test_a_failure_half_way_leaves_no_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    build = LexicalIndex.build

    def fail(folder: Path, *given: Any) -> None:
        if folder.parent.name == "passages":
            raise OSError("disk full")
        build(folder, *given)

    monkeypatch.setattr(LexicalIndex, "build", staticmethod(fail))
    with pytest.raises(OSError, match="disk full"):
        built(tmp_path, PERMIT, FUND)
    assert [path.name for path in tmp_path.iterdir()] == ["cache"]
    monkeypatch.undo()
    assert found(built(tmp_path, PERMIT, FUND), "questions", "公积金怎么提取") == ["FAQ-1"]


def test_a_folder_that_lacks_files_is_built_anew(tmp_path: Path) -> None:
    built(tmp_path, FUND)
    (tmp_path / "index" / "index.json").unlink()
    assert not is_complete(tmp_path / "index")
    assert found(built(tmp_path, FUND), "questions", "公积金怎么提取") == ["FAQ-1"]


def test_the_same_content_gives_the_same_ranking_and_scores(tmp_path: Path) -> None:
    first, second = built(tmp_path / "a", PERMIT, FUND), built(tmp_path / "b", PERMIT, FUND)
    asked = vector("居住证怎么签注")
    for group in ("questions", "passages"):
        one = [(source.id, hit) for source, hit in first.search(group, "居住证怎么签注", asked, 5)]
        two = [(source.id, hit) for source, hit in second.search(group, "居住证怎么签注", asked, 5)]
        assert one == two


def test_an_index_of_nothing_can_be_asked(tmp_path: Path) -> None:
    index = built(tmp_path)
    assert index.pieces() == 0
    assert index.search("passages", "居住证", vector("居住证"), 5) == []
    assert index.regions == frozenset()
    assert index.city == ""
    assert index.rarity("居住") > 0


def test_an_index_without_faqs_can_be_asked(tmp_path: Path) -> None:
    index = built(tmp_path, PERMIT)
    assert found(index, "questions", "居住证") == []
    assert found(index, "passages", "居住证签注")[0] == "permit#第二条"


def test_rare_pairs_are_more_telling_and_all_are_within_0_and_1(tmp_path: Path) -> None:
    index = built(tmp_path, PERMIT, FUND)
    assert 0 < index.rarity("居住") < index.rarity("签注") < index.rarity("天气") <= 1


def test_the_city_is_the_region_of_most_clauses(tmp_path: Path) -> None:
    index = built(tmp_path, PERMIT, FUND)
    assert index.regions == {"澜川市", "临港区"}
    assert index.city == "澜川市"


def test_what_documents_and_faqs_say_of_themselves_is_known_without_reading_sources(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    repealed = document(
        "old", "旧办法", "已经停用。", audience=("新市民",), status="已废止", effective_to="2023-12-31"
    )
    heading = Document(id="empty", title="只有标题", body="# 只有标题\n", audience=("没有人",))
    asked = faq("FAQ-2", "老人卡怎么办", audience=("老年人", "残疾人"))
    index = built(tmp_path, PERMIT, FUND, repealed, heading, asked)
    monkeypatch.setattr(index.stored, "source", pytest.fail)
    assert [(each.id, each.title) for each in index.documents] == [
        ("old", "旧办法"),
        ("permit", "居住证管理办法"),
    ]
    old, permit = index.documents
    assert (old.status, old.effective_to, old.audience) == ("已废止", "2023-12-31", ("新市民",))
    assert (permit.department, permit.region, permit.effective_from) == ("公安局", "澜川市", "2024-03-01")
    assert index.phrases == sorted(["居住证管理办法", "旧办法", "公积金怎么提取", "老人卡怎么办"])
    assert index.audiences == {"新市民", "老年人", "残疾人"}


def test_a_documents_clauses_are_read_in_their_order(tmp_path: Path) -> None:
    index = built(tmp_path, FUND, PERMIT, document("other", "别的办法", "别的规定。"))
    assert [source.id for source in index.clauses_of("permit")] == ["permit#第一条", "permit#第二条"]
    assert [index.clauses_of(identifier) for identifier in ("", "FAQ-1", "unknown")] == [[]] * 3

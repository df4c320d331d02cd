"""An index made by increments answers as one made from nothing (ADR 13)."""

import tempfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from knowledge_fakes import FakeEmbedder, document, faq

from knowledge.config import RetrievalConfig, load_search_config
from knowledge.content import Document, Faq
from knowledge.embedding import EmbeddingCache
from knowledge.index.build import compact, needs_compacting
from knowledge.index.release import ReleaseIndex, build_release_index
from knowledge.index.segment import texts_of
from knowledge.index.stored import StoredIndex
from knowledge.index.tokens import tokenise
from knowledge.validity_facts import facts_of

# Everything is found, so that no cut-off decides; an index may be nothing but increments.
CONFIG = replace(load_search_config().retrieval, depth=10_000, overhang=100.0)
THINGS = (
    "居住证",
    "公积金",
    "失业金",
    "驾驶证",
    "营业执照",
    "老年卡",
    "社保卡",
    "残疾证",
    "生育津贴",
    "公租房",
)
DEEDS = ("办理", "提取", "申领", "换领", "注销", "补办")
QUESTIONS = ("居住证怎么办理", "公积金提取要什么材料", "老年卡去哪里补办", "澜川市公租房怎么申领")
Item = Document | Faq
Content = dict[str, Item]


def variant(number: int, version: int) -> Item:
    """Item ``number`` in one of its versions: every fourth is a document, and documents replace one another."""
    thing, deed = THINGS[number % len(THINGS)], DEEDS[(number + version) % len(DEEDS)]
    if number % 4:
        words = f"{thing}{deed}请带第{version}号材料。" * (1 + version)
        return faq(f"F{number}", f"{thing}怎么{deed}", words, similar_questions=(f"{deed}{thing}要什么",))
    articles = [f"{thing}{deed}应当在{days}日内完成。" for days in range(1, 3 + version)]
    return document(
        f"D{number}",
        f"澜川市{thing}管理办法",
        *articles,
        region="澜川市" if version % 2 else "临港区",
        audience=(f"{deed}对象",),
        doc_number=f"澜政规〔2024〕{number}号",
        supersedes=(f"澜政规〔2024〕{number - 4}号",) if version > 1 else (),
    )


START: Content = {str(number): variant(number, 0) for number in range(30)}

changes = st.lists(
    st.one_of(
        st.tuples(st.just("put"), st.integers(0, 35), st.integers(1, 3)),
        st.tuples(st.just("remove"), st.integers(0, 29), st.just(0)),
        st.tuples(st.just("back"), st.integers(0, 5), st.just(0)),
    ),
    min_size=1,
    max_size=10,
)


def contents(steps: list[tuple[str, int, int]]) -> Iterator[Content]:
    """What is published after each step."""
    history = [START]
    for kind, number, version in steps:
        content = dict(history[-1])
        if kind == "put":
            content[str(number)] = variant(number, version)
        elif kind == "remove":
            content.pop(str(number), None)
        else:
            content = dict(history[min(number, len(history) - 1)])
        history.append(content)
        yield content


def build(
    folder: Path, content: Content, previous: Path | None = None, config: RetrievalConfig = CONFIG
) -> None:
    items = [content[key] for key in sorted(content)]
    cache = EmbeddingCache(folder.parent / "cache", FakeEmbedder())
    build_release_index(folder, items, cache, config, previous=previous)


def length_error(folder: Path, content: Content) -> float:
    """The largest share by which the average length of a piece can be off, and with it a BM25 score."""
    stored = StoredIndex(folder)
    worst = 0.0
    for group in ("questions", "passages"):
        living, dead = [], []
        for number, gone in enumerate(stored.dead.tolist()):
            for place in range(*stored.sources_of(number)):
                for text in texts_of(stored.source(place), CONFIG.piece_length)[group]:
                    (dead if gone else living).append(len(tokenise(text)))
        if living and dead:
            average = sum(living) / len(living)
            share = len(dead) / (len(dead) + len(living))
            worst = max(worst, *(share * abs(length / average - 1) for length in dead))
    return worst


def assert_same_facts(grown: ReleaseIndex, whole: ReleaseIndex) -> None:
    assert (grown.pieces(), grown.regions, grown.city) == (whole.pieces(), whole.regions, whole.city)
    assert grown.audiences == whole.audiences
    assert list(grown.documents) == list(whole.documents)
    assert grown.phrases == whole.phrases
    known, expected = facts_of(grown), facts_of(whole)
    assert list(known.titles.items()) == list(expected.titles.items())
    for each in whole.documents:
        assert grown.clauses_of(each.id) == whole.clauses_of(each.id)
        assert known.standing(each.id, "2026-01-01") == expected.standing(each.id, "2026-01-01")


def assert_alike(grown: ReleaseIndex, whole: ReleaseIndex, tolerance: float) -> None:
    assert grown.sources == whole.sources
    assert dict(grown.by_id) == dict(whole.by_id)
    assert_same_facts(grown, whole)
    for source in whole.sources:
        assert grown.find(f"{source.id}第一款") == whole.find(f"{source.id}第一款")
        assert grown.clause(source.document_id, source.article) == whole.clause(
            source.document_id, source.article
        )
    for question in QUESTIONS:
        vector = FakeEmbedder().queries([question])[0]
        for token in tokenise(question):
            assert grown.rarity(token) == whole.rarity(token)
        tokens, names = FakeEmbedder().query_token_vectors(question), list(whole.by_id)
        alike, wanted_alike = (
            index.max_sims(names, index.cosines("passages", names, vector), tokens)
            for index in (grown, whole)
        )
        assert alike == pytest.approx(wanted_alike)
        for group in ("questions", "passages"):
            found, expected = (
                {source.id: hit for source, hit in index.search(group, question, vector, 10_000)}
                for index in (grown, whole)
            )
            assert found.keys() == expected.keys()
            for own, theirs in zip(
                *(index.cosines(group, list(found), vector) for index in (grown, whole)), strict=True
            ):
                assert own == pytest.approx(theirs, abs=1e-5)
            best, wanted = (
                sorted((hit.lexical for hit in hits.values()), reverse=True) for hits in (found, expected)
            )
            assert best == pytest.approx(wanted, rel=tolerance + 1e-4, abs=1e-4)


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(changes)
def test_increments_answer_as_a_whole_index_does(steps: list[tuple[str, int, int]]) -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        build(folder / "0", START)
        loaded = ReleaseIndex(folder / "0", 0, CONFIG)
        for number, content in enumerate(contents(steps), 1):
            build(folder / str(number), content, previous=folder / str(number - 1))
            loaded = ReleaseIndex(folder / str(number), number, CONFIG, shared=loaded)
        build(folder / "whole", content)
        whole = ReleaseIndex(folder / "whole", number, CONFIG)
        assert_alike(loaded, whole, length_error(folder / str(number), content))


def test_an_increment_shares_the_base_and_leaves_the_index_before_as_it_was(tmp_path: Path) -> None:
    build(tmp_path / "a", START)
    before = ReleaseIndex(tmp_path / "a", 1, CONFIG)
    build(tmp_path / "b", {**START, "1": variant(1, 2)}, previous=tmp_path / "a")
    shared = [tmp_path / name / "base" / "sources.jsonl" for name in "ab"]
    assert shared[0].samefile(shared[1])
    build(tmp_path / "whole", START)
    assert_alike(before, ReleaseIndex(tmp_path / "whole", 1, CONFIG), 0.0)
    assert_alike(ReleaseIndex(tmp_path / "a", 1, CONFIG), ReleaseIndex(tmp_path / "whole", 1, CONFIG), 0.0)


def test_only_what_the_index_before_lacks_is_asked_for(tmp_path: Path) -> None:
    build(tmp_path / "a", START)
    embedder = FakeEmbedder()
    items = [*(variant(number, 0) for number in range(1, 30)), variant(31, 0)]
    cache = EmbeddingCache(tmp_path / "other-cache", embedder)
    build_release_index(tmp_path / "b", items, cache, CONFIG, previous=tmp_path / "a")
    assert len(embedder.embedded) == 3
    assert all("公积金" in text for text in embedder.embedded)


def test_too_large_a_change_is_written_whole(tmp_path: Path) -> None:
    config = replace(CONFIG, overhang=0.05)
    build(tmp_path / "a", START)
    content = {key: variant(int(key), 1) for key in START}
    build(tmp_path / "b", content, previous=tmp_path / "a", config=config)
    assert not (tmp_path / "b" / "tail").exists()
    build(tmp_path / "whole", content)
    grown, whole = (ReleaseIndex(tmp_path / name, 1, CONFIG) for name in ("b", "whole"))
    assert_alike(grown, whole, 0.0)


def test_an_index_that_has_grown_is_written_anew_without_what_is_dead(tmp_path: Path) -> None:
    content = {key: item for key, item in START.items() if key != "2"} | {"33": variant(33, 1)}
    build(tmp_path / "a", START)
    build(tmp_path / "b", content, previous=tmp_path / "a")
    assert not needs_compacting(tmp_path / "b", CONFIG)
    assert needs_compacting(tmp_path / "b", replace(CONFIG, overhang=0.01))
    compact(tmp_path / "b", tmp_path / "c", CONFIG)
    assert not needs_compacting(tmp_path / "c", replace(CONFIG, overhang=0.01))
    assert not StoredIndex(tmp_path / "c").dead.any()
    assert not (tmp_path / "c" / "tail").exists()
    build(tmp_path / "whole", content)
    grown, whole = (ReleaseIndex(tmp_path / name, 1, CONFIG) for name in ("c", "whole"))
    assert_alike(grown, whole, 0.0)


def test_an_item_that_comes_back_is_found_again(tmp_path: Path) -> None:
    build(tmp_path / "a", START)
    build(tmp_path / "b", {key: item for key, item in START.items() if key != "1"}, previous=tmp_path / "a")
    build(tmp_path / "c", START, previous=tmp_path / "b")
    build(tmp_path / "whole", START)
    tolerance = length_error(tmp_path / "c", START)
    grown, whole = (ReleaseIndex(tmp_path / name, 1, CONFIG) for name in ("c", "whole"))
    assert_alike(grown, whole, tolerance)


def test_items_taken_out_of_an_index_in_use_are_found_in_no_way(tmp_path: Path) -> None:
    build(tmp_path / "a", START)
    index = ReleaseIndex(tmp_path / "a", 1, CONFIG)
    gone = [item for item in StoredIndex(tmp_path / "a").items if item.id in ("D0", "F1", "F10")]
    # Worked out before, and not to be kept.
    assert facts_of(index).documents.keys() >= {"D0"}
    assert index.audiences == {f"{deed}对象" for number in range(0, 30, 4) for deed in [DEEDS[number % 6]]}
    assert len(index.clauses_of("D0")) > 0
    rest = index.without([item.hash for item in gone])
    build(tmp_path / "whole", {key: item for key, item in START.items() if key not in ("0", "1", "10")})
    whole = ReleaseIndex(tmp_path / "whole", 1, CONFIG)
    assert rest.sources == whole.sources
    assert dict(rest.by_id) == dict(whole.by_id)
    assert_same_facts(rest, whole)
    assert (rest.find("D0#第一条"), rest.clause("D0", "第一条"), rest.clauses_of("D0")) == (None, None, [])
    for question in QUESTIONS:
        vector = FakeEmbedder().queries([question])[0]
        for group in ("questions", "passages"):
            found, expected = (
                {source.id for source, _ in each.search(group, question, vector, 10_000)}
                for each in (rest, whole)
            )
            assert found == expected
    assert "F1" in index.by_id

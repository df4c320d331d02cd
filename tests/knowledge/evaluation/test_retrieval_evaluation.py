"""Measuring retrieval on a small judged set whose measures are worked out by hand."""

import json
import math
from pathlib import Path

import pytest
from knowledge_fakes import FakeEmbedder

from knowledge.config import load_search_config
from knowledge.embedding import EmbeddingCache
from knowledge.evaluation.retrieval import RetrievalSetError, evaluate_retrieval, read_retrieval_set

CORPUS = {
    "permit": ("居住证", "居住证怎么办理，到派出所。"),
    "renew": ("", "居住证怎么签注，每年一次。"),
    "fund": ("公积金", "公积金怎么提取，到柜台。"),
    "birth": ("户口", "新生儿怎么上户口，带出生证。"),
}


def write(
    folder: Path,
    queries: dict[str, str],
    qrels: list[tuple[str, str, float]],
    header: str = "query-id\tcorpus-id\tscore\n",
) -> Path:
    corpus = [{"_id": key, "title": title, "text": text} for key, (title, text) in CORPUS.items()]
    (folder / "corpus.jsonl").write_text(
        "\n".join(json.dumps(row, ensure_ascii=False) for row in corpus) + "\n", encoding="utf-8"
    )
    rows = [json.dumps({"_id": key, "text": text}) for key, text in queries.items()]
    (folder / "queries.jsonl").write_text("\n".join(rows), encoding="utf-8")
    lines = "".join(f"{query}\t{document}\t{gain}\n" for query, document, gain in qrels)
    (folder / "qrels.tsv").write_text(header + lines, encoding="utf-8")
    return folder


def measured(folder: Path) -> dict[str, float | int]:
    embedder = FakeEmbedder()
    cache = EmbeddingCache(folder / "cache", embedder)
    return evaluate_retrieval(read_retrieval_set(folder), embedder, cache, load_search_config().retrieval)


def test_a_perfect_ranking_measures_1(tmp_path: Path) -> None:
    found = measured(write(tmp_path, {"q": "公积金怎么提取"}, [("q", "fund", 1)]))
    assert [found[name] for name in ("ndcg@10", "recall@1", "recall@5", "mrr@10")] == [1, 1, 1, 1]
    assert (found["queries"], found["documents"]) == (1, 4)
    assert 0 < found["ms_p50"] <= found["ms_p95"]


def test_the_right_document_in_second_place_measures_as_worked_out_by_hand(tmp_path: Path) -> None:
    """The question is word for word in one document; the judge wants the other that shares most of it."""
    found = measured(write(tmp_path, {"q": "居住证怎么办理"}, [("q", "renew", 1)]))
    assert found["ndcg@10"] == pytest.approx(1 / math.log2(3), abs=1e-4)
    assert (found["recall@1"], found["recall@5"], found["mrr@10"]) == (0, 1, 0.5)


def test_graded_judgements_count_by_their_gain(tmp_path: Path) -> None:
    """Found: gain 1, then gain 3. Ideal: 3, then 1."""
    found = measured(write(tmp_path, {"q": "居住证怎么办理"}, [("q", "permit", 1), ("q", "renew", 3)]))
    ideal = 3 + 1 / math.log2(3)
    assert found["ndcg@10"] == pytest.approx((1 + 3 / math.log2(3)) / ideal, abs=1e-4)
    assert (found["recall@1"], found["recall@5"], found["mrr@10"]) == (0.5, 1, 1)


def test_measures_are_means_over_the_questions(tmp_path: Path) -> None:
    queries = {"a": "公积金怎么提取", "b": "居住证怎么办理", "c": "新生儿上户口"}
    found = measured(write(tmp_path, queries, [("a", "fund", 1), ("b", "renew", 1), ("c", "absent", 1)]))
    assert found["ndcg@10"] == pytest.approx((1 + 1 / math.log2(3) + 0) / 3, abs=1e-4)
    assert found["mrr@10"] == pytest.approx((1 + 0.5 + 0) / 3, abs=1e-4)
    assert found["recall@1"] == pytest.approx(1 / 3, abs=1e-4)


def test_questions_without_a_judgement_are_not_asked(tmp_path: Path) -> None:
    found = measured(write(tmp_path, {"a": "公积金怎么提取", "b": "别的"}, [("a", "fund", 1)]))
    assert found["queries"] == 1


def test_a_judgement_of_0_is_not_relevant(tmp_path: Path) -> None:
    found = measured(write(tmp_path, {"q": "公积金怎么提取"}, [("q", "fund", 0)]))
    assert (found["ndcg@10"], found["recall@5"], found["mrr@10"]) == (0, 0, 0)


def test_qrels_may_lack_a_header_and_files_may_begin_with_a_bom(tmp_path: Path) -> None:
    write(tmp_path, {"q": "公积金怎么提取"}, [("q", "fund", 1)], header="")
    for name in ("corpus.jsonl", "queries.jsonl", "qrels.tsv"):
        path = tmp_path / name
        path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes())
    assert measured(tmp_path)["ndcg@10"] == 1


def test_a_long_document_counts_once_by_its_best_piece(tmp_path: Path) -> None:
    write(tmp_path, {"q": "公积金怎么提取"}, [("q", "long", 1)])
    text = "无关的话很多很多。" * 200 + "公积金怎么提取。" + "还有别的内容。" * 200
    with (tmp_path / "corpus.jsonl").open("a", encoding="utf-8") as file:
        file.write(json.dumps({"_id": "long", "text": text}))
    found = measured(tmp_path)
    assert found["documents"] == 5
    assert found["recall@5"] == 1


@pytest.mark.parametrize("name", ["corpus.jsonl", "queries.jsonl", "qrels.tsv"])
def test_a_missing_file_is_named(tmp_path: Path, name: str) -> None:
    write(tmp_path, {"q": "公积金"}, [("q", "fund", 1)])
    (tmp_path / name).unlink()
    with pytest.raises(RetrievalSetError, match=f"缺少文件 .*{name}"):
        read_retrieval_set(tmp_path)


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("corpus.jsonl", '{"_id": "a", "text": "好"}\n{坏', r"corpus\.jsonl 第 2 行不是有效的 JSON"),
        ("corpus.jsonl", '{"_id": "a", "title": "好"}', r"corpus\.jsonl 第 1 行缺少 text"),
        ("corpus.jsonl", '"_id text"', r"corpus\.jsonl 第 1 行不是 JSON 对象"),
        ("queries.jsonl", "\n\n7\n", r"queries\.jsonl 第 3 行不是 JSON 对象"),
        ("queries.jsonl", "[]", r"queries\.jsonl 第 1 行不是 JSON 对象"),
        ("qrels.tsv", "query-id\tcorpus-id\tscore\nq fund 1\n", r"qrels\.tsv 第 2 行应为"),
        ("qrels.tsv", "q\tfund\tmuch\n", r"qrels\.tsv 第 1 行应为"),
        ("qrels.tsv", "q\t0\tfund\t1\n", r"qrels\.tsv 第 1 行应为"),
    ],
)
def test_a_bad_line_is_named_with_file_and_number(
    tmp_path: Path, name: str, content: str, message: str
) -> None:
    write(tmp_path, {"q": "公积金"}, [("q", "fund", 1)])
    (tmp_path / name).write_text(content, encoding="utf-8")
    with pytest.raises(RetrievalSetError, match=message):
        read_retrieval_set(tmp_path)


def test_a_file_in_another_encoding_is_refused(tmp_path: Path) -> None:
    write(tmp_path, {"q": "公积金"}, [("q", "fund", 1)])
    (tmp_path / "queries.jsonl").write_bytes('{"_id": "q", "text": "公积金"}'.encode("gb18030"))
    with pytest.raises(RetrievalSetError, match=r"queries\.jsonl.*UTF-8"):
        read_retrieval_set(tmp_path)


def test_a_set_without_judged_questions_is_refused(tmp_path: Path) -> None:
    write(tmp_path, {"q": "公积金"}, [("other", "fund", 1)])
    with pytest.raises(RetrievalSetError, match="没有可评测的内容"):
        read_retrieval_set(tmp_path)

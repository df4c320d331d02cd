"""Cutting text into pieces."""

from hypothesis import given
from hypothesis import strategies as st

from knowledge.index.pieces import cut, titled

texts = st.text(alphabet="公积金提取。！？；;\n ，a1　", max_size=200)


def squeezed(text: str) -> str:
    return "".join(text.split())


@given(texts, st.integers(1, 60))
def test_nothing_but_white_space_is_lost_and_nothing_is_moved(text: str, length: int) -> None:
    assert squeezed("".join(cut(text, length))) == squeezed(text)


@given(texts, st.integers(1, 60))
def test_no_piece_is_longer_than_asked_and_none_is_empty(text: str, length: int) -> None:
    assert all(0 < len(piece) <= length for piece in cut(text, length))


@given(texts, st.integers(1, 60))
def test_every_piece_is_verbatim(text: str, length: int) -> None:
    assert all(piece in text for piece in cut(text, length))


def test_text_that_fits_is_one_piece() -> None:
    assert cut("第一句。第二句。", 8) == ["第一句。第二句。"]


def test_long_text_is_cut_at_sentence_ends() -> None:
    assert cut("第一句。第二句！第三句", 6) == ["第一句。", "第二句！", "第三句"]


def test_a_sentence_longer_than_a_piece_is_cut_inside() -> None:
    assert cut("一二三四五六七", 3) == ["一二三", "四五六", "七"]


def test_empty_text_has_no_pieces() -> None:
    assert cut("", 300) == []
    assert cut(" \n　", 300) == []


def test_a_title_stands_before_its_piece_but_not_twice() -> None:
    assert titled("居住证办法", "第一条") == "居住证办法\n第一条"
    assert titled("居住证办法", "居住证办法第一条") == "居住证办法第一条"
    assert titled("", "第一条") == "第一条"

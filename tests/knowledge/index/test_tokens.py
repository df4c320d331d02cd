"""Tokens of lexical search."""

from hypothesis import given
from hypothesis import strategies as st

from knowledge.index.tokens import Said, bigram_set, tokenise
from knowledge.text import normalise, storable


def test_chinese_is_cut_into_adjacent_pairs() -> None:
    assert tokenise("居住证") == ["居住", "住证"]


def test_pairs_do_not_reach_over_punctuation() -> None:
    assert tokenise("租房，提取") == ["租房", "提取"]


def test_a_lone_character_stands_whole() -> None:
    assert tokenise("税？") == ["税"]


def test_traditional_and_simplified_writing_give_the_same_tokens() -> None:
    assert tokenise("戶籍遷移臺灣") == tokenise("户籍迁移台湾")


def test_full_width_and_half_width_writing_give_the_same_tokens() -> None:
    assert tokenise("ＡＰＰ登录１２３４５") == tokenise("app登录12345")
    assert tokenise("ＡＰＰ登录１２３４５") == ["app", "登录", "12345"]


def test_latin_words_and_numbers_stand_whole_without_regard_to_case() -> None:
    assert tokenise("社保App缴费3.5%") == ["社保", "app", "缴费", "3.5"]


def test_a_repeated_pair_is_kept_as_often_as_it_stands() -> None:
    assert tokenise("户口，户口") == ["户口", "户口"]
    assert bigram_set("户口，户口") == {"户口"}


def test_text_without_characters_or_words_has_no_tokens() -> None:
    assert tokenise("？！😀 …") == []


def test_normalising_removes_control_characters_and_squeezes_spaces() -> None:
    assert normalise("  公\u200b积　　金\x00\x07 ") == "公积 金"


def test_normalising_bears_halves_of_surrogate_pairs() -> None:
    assert normalise("\ud83d公积金\ude00") == "公积金"


def test_storable_text_keeps_everything_but_what_no_database_keeps() -> None:
    assert storable("公\x00积\ud800金\n😀　") == "公积金\n😀　"


def test_normalising_twice_changes_nothing_more() -> None:
    for text in ("臺北市　ＡＰＰ", "㈠ 第①項", "公積金\u3000\u3000提取"):
        assert normalise(normalise(text)) == normalise(text)


@given(text=st.text("户口税戶a3. Ａ，\n㐀鿿𠮷", max_size=12), other=st.text("户口税a3.", max_size=6))
def test_what_a_text_says_is_what_is_among_its_bigrams(text: str, other: str) -> None:
    bigrams = bigram_set(text)
    for asked in (bigram_set(other), bigrams):
        assert set(Said(text).of(asked)) == asked & bigrams


def test_a_lone_character_is_not_said_where_it_is_part_of_a_pair() -> None:
    assert Said("税务 app登录").of(["税", "税务", "ap", "app", "登录"]) == ["税务", "app", "登录"]

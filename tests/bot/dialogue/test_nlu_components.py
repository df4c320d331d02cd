"""The components of our own, without a model."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from rasa.engine.recipes.default_recipe import DefaultV1Recipe
from rasa.shared.nlu.constants import INTENT, TEXT
from rasa.shared.nlu.training_data.message import Message
from rasa.shared.nlu.training_data.training_data import TrainingData

from bot.nlu import lexicon
from bot.nlu.act_guard import DialogueActGuard
from bot.nlu.acts import bears_out, certain_act
from bot.nlu.normaliser import CitizenTextNormaliser
from bot.nlu.spelling import normalise, strip_courtesies


@pytest.mark.parametrize(
    ("written", "normal"),
    [
        ("我要轉人工！", "我要转人工!"),
        ("　第 ３ 個 ", "第 3 个"),
        ("③", "3"),
        ("ＷＩＦＩ怎麼連", "wifi怎么连"),
        ("", ""),
    ],
)
def test_text_gets_one_spelling(written: str, normal: str) -> None:
    assert normalise(written) == normal


@pytest.mark.parametrize(
    ("text", "rest"),
    [
        ("你好,请问公积金怎么提取", "公积金怎么提取"),
        ("您好!我想咨询一下居住证怎么办,谢谢", "居住证怎么办"),
        ("残疾证怎么办理谢谢", "残疾证怎么办理"),
        ("麻烦问下低保多少钱", "低保多少钱"),
        ("你好", "你好"),
        ("谢谢了", "谢谢了"),
        ("你好,谢谢", "你好,谢谢"),
        ("问题没解决", "问题没解决"),
        ("转人工", "转人工"),
    ],
)
def test_courtesies_are_stripped_only_from_what_says_more(text: str, rest: str) -> None:
    assert strip_courtesies(text) == rest


def test_training_examples_are_normalised_as_messages_are() -> None:
    example = Message({TEXT: "您好，請問身份證怎麼辦？", INTENT: "ask_question"})
    CitizenTextNormaliser().process_training_data(TrainingData([example]))
    assert example.get(TEXT) == "身份证怎么办?"


@pytest.mark.parametrize(
    ("text", "act"),
    [
        ("我不想活了", "crisis"),
        ("我想死,低保怎么申请", "crisis"),
        ("转人工,我想问社保", "ask_human"),
        ("第二个", "choose_option"),
        ("我要投诉", "complaint"),
        ("家暴告诫书怎么申请", None),
        ("人工耳蜗补贴怎么申请", None),
        ("投诉电话是多少", None),
        ("12345", None),
        ("救命药进医保了吗", None),
    ],
)
def test_some_words_settle_the_act(text: str, act: str | None) -> None:
    assert certain_act(text) == act


@pytest.mark.parametrize(
    ("act", "text", "borne_out"),
    [
        ("greet", "早上好呀", True),
        ("greet", "早上公积金中心几点开门", False),
        ("affirm", "好的", True),
        ("affirm", "好的,那要带什么材料", False),
        ("deny", "不是这个", True),
        ("deny", "不是本人能代领吗", False),
        ("complaint", "你们窗口态度太差了", True),
        ("complaint", "投诉电话是多少", False),
        ("abuse", "垃圾分类不做会罚款吗", False),
        ("ask_question", "什么都行", True),
    ],
)
def test_an_act_is_believed_only_when_the_words_bear_it_out(act: str, text: str, borne_out: bool) -> None:
    assert bears_out(act, text) is borne_out


def _guarded(text: str, ranking: list[tuple[str, float]]) -> str:
    guesses = [{"name": name, "confidence": confidence} for name, confidence in ranking]
    message = Message({TEXT: text, INTENT: guesses[0], "intent_ranking": guesses})
    DialogueActGuard().process([message])
    return str(message.get(INTENT)["name"])


def test_a_doubtful_act_becomes_a_question() -> None:
    assert _guarded("投诉电话是多少", [("complaint", 0.9), ("ask_question", 0.1)]) == "ask_question"


def test_a_borne_out_runner_up_is_taken_instead() -> None:
    assert _guarded("工单进度", [("crisis", 0.5), ("check_ticket", 0.4)]) == "check_ticket"


def test_danger_overrules_the_classifier() -> None:
    assert _guarded("我想自杀", [("ask_question", 0.99)]) == "crisis"


@pytest.fixture
def own_lexicon(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    copy = tmp_path / "lexicon.yml"
    copy.write_bytes(lexicon.LEXICON_PATH.read_bytes())
    monkeypatch.setattr(lexicon, "LEXICON_PATH", copy)
    lexicon.load.cache_clear()
    yield copy
    lexicon.load.cache_clear()


def test_a_changed_lexicon_changes_both_fingerprints(own_lexicon: Path) -> None:
    before = [CitizenTextNormaliser.fingerprint_addon({}), DialogueActGuard.fingerprint_addon({})]
    own_lexicon.write_text(own_lexicon.read_text(encoding="utf-8") + "\n# x\n", encoding="utf-8")
    after = [CitizenTextNormaliser.fingerprint_addon({}), DialogueActGuard.fingerprint_addon({})]
    assert all(old != new for old, new in zip(before, after, strict=True))


def test_a_broken_pattern_is_named_by_its_place(own_lexicon: Path) -> None:
    text = own_lexicon.read_text(encoding="utf-8")
    own_lexicon.write_text(text.replace("filler:\n", "filler:\n  - '('\n"), encoding="utf-8")
    with pytest.raises(ValueError, match="filler"):
        lexicon.load()


def test_component_names_are_not_taken_from_rasa() -> None:
    for component in (CitizenTextNormaliser, DialogueActGuard):
        registered = DefaultV1Recipe._from_registry(f"{component.__module__}.{component.__name__}")
        assert registered.clazz is component
        assert component.__module__.startswith("bot.nlu")

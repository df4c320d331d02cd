"""A question's vectors are made while the dialogue still thinks."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Sequence

import numpy as np
import pytest

from knowledge.read_ahead import ReadAhead
from knowledge.vocabulary import Vocabulary


class Slow:
    """Notes what it is asked for; `gate` holds it up."""

    fingerprint = "slow"

    def __init__(self) -> None:
        self.asked: list[list[str]] = []
        self.gate = threading.Event()
        self.fails = False
        self.finished = False

    def queries(self, texts: Sequence[str]) -> np.ndarray:
        self.asked.append(list(texts))
        in_time = self.gate.wait(5)
        self.finished = True
        assert in_time
        if self.fails:
            raise RuntimeError("the model is gone")
        return np.zeros((len(texts), 4), dtype=np.float32)

    def passages(self, texts: Sequence[str], progress: object = None) -> np.ndarray:
        raise AssertionError


def until(true: Callable[[], bool]) -> None:
    for _ in range(500):
        if true():
            return
        time.sleep(0.01)
    raise AssertionError("it did not come about")


def test_it_returns_at_once_and_reads_as_the_pipeline_does() -> None:
    embedder = Slow()
    ahead = ReadAhead(embedder, Vocabulary, longest=6)
    ahead.begin("居住證怎麼辦理啊")
    assert not embedder.finished
    until(lambda: embedder.asked == [["居住证怎么办"]])
    embedder.gate.set()
    until(lambda: embedder.finished)


def test_one_at_a_time_and_what_comes_meanwhile_is_left_to_its_turn() -> None:
    embedder = Slow()
    ahead = ReadAhead(embedder, Vocabulary, longest=100)
    ahead.begin("居住证怎么办")
    until(lambda: len(embedder.asked) == 1)
    ahead.begin("公积金怎么提取")
    embedder.gate.set()

    def taken() -> bool:
        ahead.begin("医保怎么报销")
        return "医保怎么报销" in [first for first, *_ in embedder.asked]

    until(taken)
    assert "公积金怎么提取" not in [first for first, *_ in embedder.asked]


def test_before_an_index_is_loaded_nothing_is_read() -> None:
    embedder = Slow()
    looked = threading.Event()

    def vocabulary() -> None:
        looked.set()

    ReadAhead(embedder, vocabulary, longest=100).begin("居住证怎么办")
    assert looked.wait(5)
    assert embedder.asked == []


def test_a_failure_is_logged_and_the_next_question_is_read(caplog: pytest.LogCaptureFixture) -> None:
    embedder = Slow()
    embedder.gate.set()
    embedder.fails = True
    ahead = ReadAhead(embedder, Vocabulary, longest=100)
    with caplog.at_level(logging.WARNING):
        ahead.begin("居住证怎么办")
        until(lambda: "could not be read ahead" in caplog.text)
    embedder.fails = False

    def taken() -> bool:
        ahead.begin("医保怎么报销")
        return "医保怎么报销" in [first for first, *_ in embedder.asked]

    until(taken)

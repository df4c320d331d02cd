"""Numbers as citizens write them."""

from __future__ import annotations

import pytest

from actions.option_numbers import LAST, parse


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("1", 1),
        (" ２ ", 2),
        ("③", 3),
        ("2.", 2),
        ("选3", 3),
        ("选 10", 10),
        ("第二个", 2),
        ("第二個", 2),
        ("第1个吧", 1),
        ("我选第一个", 1),
        ("二", 2),
        ("两", 2),
        ("十", 10),
        ("十二", 12),
        ("二十", 20),
        ("二十一", 21),
        ("第十一项", 11),
        ("选项1", 1),
        ("最后一个", LAST),
        ("最後一個", LAST),
        ("选最后那个", LAST),
        ("就第一个，一定", 1),
        ("0", 0),
        ("好的", None),
        ("", None),
        ("第一个和第二个", None),
        ("1或2", None),
    ],
)
def test_a_number_is_understood(text: str, number: int | None) -> None:
    assert parse(text) == number

"""Medians, percentiles and promises, against cases worked out by hand."""

from pathlib import Path

import pytest

from desk.supervision.measures import Promise, Span, load_promises, measure, percentile

MINUTE = Promise(60, 0.8)


def spans(*seconds: float, done: bool = True) -> list[Span]:
    return [Span(one, done) for one in seconds]


@pytest.mark.parametrize(
    ("values", "share", "expected"),
    [
        ([], 0.9, None),
        ([7.0], 0.9, 7.0),
        ([1.0, 2.0], 0.9, 2.0),
        ([1.0, 2.0], 0.5, 1.0),
        ([float(n) for n in range(1, 10)], 0.9, 9.0),  # 8.1 of 9: the ninth
        ([float(n) for n in range(1, 11)], 0.9, 9.0),  # 9 of 10: the ninth, not the tenth
        ([float(n) for n in range(1, 12)], 0.9, 10.0),  # 9.9 of 11
        ([float(n) for n in range(1, 101)], 0.9, 90.0),
        ([float(n) for n in range(1, 31)], 0.1, 3.0),  # 0.1 × 30 is 3.0000000000000004 - 1 to a computer
        ([5.0, 5.0, 5.0, 80.0], 0.75, 5.0),
    ],
)
def test_a_percentile_is_the_nearest_rank(values: list[float], share: float, expected: float | None) -> None:
    assert percentile(values, share) == expected


def test_nothing_measured_is_no_number_and_no_verdict() -> None:
    nothing = measure(MINUTE, [])
    assert (nothing.median, nothing.p90, nothing.share, nothing.is_kept) == (None, None, None, None)
    assert (nothing.done, nothing.judged) == (0, 0)


def test_the_median_of_an_even_number_lies_between_the_two_in_the_middle() -> None:
    found = measure(MINUTE, spans(40, 10, 20, 30))
    assert (found.median, found.p90) == (25, 40)


def test_the_limit_itself_is_kept() -> None:
    assert measure(MINUTE, spans(60)).is_kept is True
    assert measure(MINUTE, spans(60.5)).is_kept is False


def test_a_promise_is_kept_at_exactly_its_share() -> None:
    assert measure(MINUTE, spans(1, 2, 3, 4, 99)).is_kept is True
    assert measure(MINUTE, spans(1, 2, 3, 98, 99)).is_kept is False


def test_what_is_not_done_counts_only_once_it_is_late() -> None:
    found = measure(MINUTE, spans(10) + spans(59, 60, done=False))
    assert (found.judged, found.kept, found.done) == (1, 1, 1)
    late = measure(MINUTE, spans(10) + spans(61, done=False))
    assert (late.judged, late.kept, late.is_kept) == (2, 1, False)
    assert late.median == 10  # how long it will have taken is not known yet


def test_the_promises_are_read_from_the_file() -> None:
    assert load_promises().first_response == Promise(60, 0.8)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "- 1",
        "wait: 30",
        "wait: {within_seconds: soon, share: 0.8}",
        "wait: {within_seconds: 0, share: 0.8}",
        "wait: {within_seconds: 30, share: 80}",
    ],
)
def test_a_promise_that_makes_no_sense_is_refused_with_the_file_and_its_name(
    tmp_path: Path, text: str
) -> None:
    path = tmp_path / "promises.yml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(ValueError, match=r"promises\.yml: wait"):
        load_promises(path)

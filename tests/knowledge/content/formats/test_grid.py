"""Cells that span, as a plain table."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from knowledge.content import ContentError
from knowledge.content.formats.grid import MAX_COLUMNS, Cell, arrange
from knowledge.content.table_text import is_rule, read_row, row_text, write_row


def test_a_title_above_and_a_note_below_are_no_rows() -> None:
    cells = [
        Cell(0, 0, "收费标准", columns=2),
        Cell(1, 0, "项目"),
        Cell(1, 1, "金额"),
        Cell(2, 0, "证"),
        Cell(2, 1, "10元"),
        Cell(3, 0, "注：不含税。", columns=2),
    ]
    grid = arrange(cells)
    assert (grid.before, grid.after) == (["收费标准"], ["注：不含税。"])
    assert (grid.header, grid.rows) == (["项目", "金额"], [["证", "10元"]])


def test_a_line_over_the_whole_width_inside_is_said_once() -> None:
    cells = [
        Cell(0, 0, "甲"),
        Cell(0, 1, "乙"),
        Cell(1, 0, "一、医疗", columns=2),
        Cell(2, 0, "1"),
        Cell(2, 1, "2"),
    ]
    assert arrange(cells).rows == [["一、医疗", ""], ["1", "2"]]


def test_columns_that_never_differ_are_one() -> None:
    cells = [Cell(row, 0, f"甲{row}", columns=2) for row in range(2)] + [
        Cell(row, 2, f"乙{row}") for row in range(2)
    ]
    assert arrange(cells).header == ["甲0", "乙0"]


def test_a_header_that_the_file_marks_counts_before_the_spans() -> None:
    cells = [Cell(row, column, f"{row}{column}") for row in range(3) for column in range(2)]
    assert arrange(cells, 2).header == ["00·10", "01·11"]
    assert arrange(cells).header == ["00", "01"]


@pytest.mark.parametrize("cells", [[], [Cell(0, 0, "")], [Cell(5, 3, "")]])
def test_an_empty_table_is_nothing(cells: list[Cell]) -> None:
    grid = arrange(cells)
    assert (grid.rows, grid.before, grid.after) == ([], [], [])


def test_too_many_columns_are_refused() -> None:
    with pytest.raises(ContentError) as raised:
        arrange([Cell(0, column, "x") for column in range(MAX_COLUMNS + 1)])
    assert raised.value.code == "table_too_large"


CELLS = st.builds(
    Cell,
    row=st.integers(0, 5),
    column=st.integers(0, 5),
    text=st.integers(0, 999).map(lambda number: f"<{number}>"),
    rows=st.integers(1, 4),
    columns=st.integers(1, 4),
)


@settings(max_examples=300)
@given(st.lists(CELLS, max_size=15), st.none() | st.integers(1, 3))
def test_no_cell_is_lost_however_they_overlap(cells: list[Cell], header_rows: int | None) -> None:
    grid = arrange(cells, header_rows)
    shown = [*grid.header, *grid.before, *grid.after, *(text for row in grid.rows for text in row)]
    for cell in cells:
        assert any(cell.text in text for text in shown)
    assert all(len(row) == len(grid.header) for row in grid.rows)


@settings(max_examples=300)
@given(st.lists(st.text("甲a|\\ <br>-:\n", max_size=8), min_size=1, max_size=5))
def test_a_row_is_read_back_as_it_was_written(cells: list[str]) -> None:
    line = write_row(["x", *cells, "x"])
    assert "\n" not in line
    lines = [["".join(part.split()) for part in cell.split("\n") if part.strip()] for cell in cells]
    read = [
        ["".join(part.split()) for part in cell.split("\n") if part.strip()] for cell in read_row(line)[1:-1]
    ]
    assert [part for cell in read for part in cell] == [
        part for cell in lines for text in cell for part in text.split("<br>") if part
    ]


def test_a_rule_is_told_from_a_row() -> None:
    assert is_rule("| --- | :-: |")
    assert not is_rule("| --- | 甲 |")
    assert not is_rule("| | |")


def test_a_row_is_said_with_its_header() -> None:
    assert row_text(["项目", "金额", ""], ["证", "", "说明"]) == "项目：证；说明"

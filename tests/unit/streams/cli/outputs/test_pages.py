"""A long list is shown in pages, and says how many there are and how to see the next page."""

from __future__ import annotations

import pytest

from streams.cli.console import write_columns
from streams.cli.outputs.pages import page, write_count


@pytest.mark.parametrize(
    ("count", "limit", "skip", "rows", "note"),
    [
        (0, 2, 0, [], "0 leads"),
        (1, 2, 0, [0], "1 lead"),
        (2, 2, 0, [0, 1], "2 leads"),
        (3, 2, 0, [0, 1], "1 to 2 of 3 leads; --skip 2 shows the next"),
        (3, 2, 2, [2], "3 to 3 of 3 leads"),
        (3, 2, 3, [], "none of 3 leads"),
        (3, 2, 9, [], "none of 3 leads"),
        (3, 0, 0, [], "none of 3 leads"),
        (0, 2, 9, [], "0 leads"),
    ],
)
def test_a_page_and_what_is_said_of_the_rest(
    capsys: pytest.CaptureFixture[str], *, count: int, limit: int, skip: int, rows: list[int], note: str
) -> None:
    assert list(page(list(range(count)), limit, skip)) == rows
    write_count(count, "lead", limit, skip)
    assert capsys.readouterr().err == note + "\n"


def test_the_pages_together_are_the_whole(capsys: pytest.CaptureFixture[str]) -> None:
    rows = list(range(17))
    assert [row for skip in range(0, 17, 5) for row in page(rows, 5, skip)] == rows
    write_count(17, "lead", 5, 15, "spring: 17 active")
    assert capsys.readouterr().err == "16 to 17 of 17 leads (spring: 17 active)\n"


def test_columns_begin_at_the_same_place(capsys: pytest.CaptureFixture[str]) -> None:
    write_columns([["spring", "ada", "x"], ["s", "bob-the-long", ""]])
    assert capsys.readouterr().out == "spring  ada           x\ns       bob-the-long\n"
    write_columns([])
    assert capsys.readouterr().out == ""

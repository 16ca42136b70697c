"""Refused lines are counted by the kind of reason, and a few of each kind are shown."""

from __future__ import annotations

from streams.publish.lines import RefusedLine
from streams.publish.refusals import MAX_LISTED_LINES, MAX_REASONS, Refusals


def refuse(*lines: RefusedLine) -> Refusals:
    refusals = Refusals()
    for line in lines:
        refusals.add(line)
    return refusals


def test_a_million_refused_lines_are_a_few_lines_to_read() -> None:
    count = 1_000_000
    refusals = refuse(
        *(RefusedLine(f"a.log:{number}", f"{number:x} is {number} and '{number}'") for number in (1, 2, 3))
    )
    last = RefusedLine("a.log:9", "9 is 9 and '9'")
    for _ in range(count - 3):
        refusals.add(last)
    assert refusals.line_count == count
    assert list(refusals.describe()) == [
        "a.log:1: 1 is 1 and '1'",
        "a.log:2: 2 is 2 and '2'",
        "a.log:3: 3 is 3 and '3'",
        "999,997 more lines like the last",
    ]


def test_what_is_quoted_from_a_line_and_numbers_make_no_kind_of_their_own() -> None:
    refusals = refuse(
        RefusedLine("a:1", "the time '31/Feb/2015' does not exist"),
        RefusedLine("a:2", "no topic takes events of type 'x'"),
        RefusedLine("a:3", "the time '31/Apr/2015' does not exist"),
        RefusedLine("a:4", 'the time "it\'s" does not exist'),
        RefusedLine("a:5", "1,000,001 bytes are more than a record may have (1,000,000)"),
        RefusedLine("a:6", "2,000,000 bytes are more than a record may have (1,000,000)"),
    )
    assert [reason.line_count for reason in refusals.reasons] == [3, 1, 2]
    assert [line.location for line in refusals.listed_lines] == ["a:1", "a:3", "a:4", "a:2", "a:5", "a:6"]
    assert all(reason.unlisted_count == 0 for reason in refusals.reasons)


def test_a_row_of_many_lines_counts_with_all_of_them() -> None:
    rows = [RefusedLine("a.csv:2", "lines 2 to 6: not CSV", 5) for _ in range(MAX_LISTED_LINES + 1)]
    refusals = refuse(*rows)
    assert refusals.line_count == 5 * len(rows)
    assert list(refusals.describe())[-1] == "5 more lines like the last"


def test_one_more_line_is_one_line() -> None:
    lines = [RefusedLine("a:1", "x")] * (MAX_LISTED_LINES + 1)
    assert list(refuse(*lines).describe())[-1] == "1 more line like the last"


def test_reasons_of_more_kinds_than_are_kept_are_counted_together() -> None:
    words = ["x" * length for length in range(1, MAX_REASONS + 6)]
    refusals = refuse(*(RefusedLine("a:1", word) for word in words), RefusedLine("a:2", words[0]))
    assert len(refusals.reasons) == MAX_REASONS
    assert refusals.line_count == len(words) + 1
    assert refusals.other_count == 5
    assert list(refusals.describe())[-1] == "5 more lines, for other reasons"

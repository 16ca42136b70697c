"""Numbers of CSV files are what their writer meant, or are refused with what to type."""

from __future__ import annotations

from pathlib import Path

import pytest

from streams.publish.csv.form import CsvForm
from streams.publish.csv.numbers import DecimalMark, read_number
from tests.harness.csv_files import read_csv


@pytest.mark.parametrize("text", ["888E010010", "1e400", "-1e309", "9" * 310, "9" * 5_000])
def test_a_number_that_no_double_can_hold_is_refused_and_removes_no_property(tmp_path: Path, text: str) -> None:
    rows = read_csv(tmp_path, f"No,N\nada,{text}\n", "No=contact", "N=n:number")
    assert rows.events == []
    assert [reason.partition(";")[0] for _, reason in rows.refused] == [
        f"N: {text[:40]!r} is beyond the range of numbers"
    ]


@pytest.mark.parametrize("version", [3, 4])
@pytest.mark.parametrize("cell", ['{"a": 1e400}', '{"a": {"b": 888E010010}}', "[{}, {}, 1e400]", '{"a": [-1e999]}'])
def test_so_is_one_in_an_object_under_every_engine_version(tmp_path: Path, cell: str, version: int) -> None:
    quoted = cell.replace('"', '""')
    content = f'No,O\nada,"{quoted}"\nbob,"{{""a"": 1.5e300}}"\n'
    rows = read_csv(tmp_path, content, "No=contact", "O=o:object", version=version)  # type: ignore[arg-type]
    assert rows.properties == [{"o": {"a": 1.5e300}}]
    assert [line for line, _ in rows.refused] == [2]
    assert "beyond the range of numbers" in rows.refused[0][1]


@pytest.mark.parametrize("word", ["NaN", "-Infinity"])
def test_a_word_for_a_number_is_none_in_an_object(tmp_path: Path, word: str) -> None:
    content = f'No,O\nada,"{{""a"": {word}}}"\nbob,"{{""a"": null}}"\n'
    rows = read_csv(tmp_path, content, "No=contact", "O=o:object")
    assert rows.properties == [{"o": {"a": None}}]
    assert rows.refused == [(2, f"O: {word} is no number in JSON, which has null for no value")]


@pytest.mark.parametrize("text", ["1e-400", "-0.5e-999"])
def test_a_number_that_would_become_zero_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="nearer to 0 than any number"):
        read_number(text)
    assert (read_number("0e5"), read_number("0.000")) == (0, 0)


@pytest.mark.parametrize(
    ("text", "thousands", "decimals"),
    [("1.234", 1234, 1.234), ("12.500", 12_500, 12.5), ("-999.999", -999_999, -999.999)],
)
def test_what_may_be_thousands_or_decimals_is_refused_until_the_mark_is_named(
    tmp_path: Path, text: str, thousands: int, decimals: float
) -> None:
    content, pairs = f"No,N\nada,{text}\n", ("No=contact", "N=n:number")
    ((_, reason),) = read_csv(tmp_path, content, *pairs).refused
    assert reason == f"N: {text!r} may be {thousands} or {text}: say --decimal ',' for the first, or --decimal '.'"
    assert read_csv(tmp_path, content, *pairs, form=CsvForm(decimal=",")).properties == [{"n": thousands}]
    assert read_csv(tmp_path, content, *pairs, form=CsvForm(decimal=".")).properties == [{"n": decimals}]


@pytest.mark.parametrize("text", ["0.125", "1.5", "1234.567", "0", "-7", "1e3", "12345678901234567890"])
def test_what_has_one_meaning_needs_no_option(text: str) -> None:
    assert read_number(text) == (int(text) if text.lstrip("-").isdigit() else float(text))


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("1,5", "; is --decimal ',' meant?"),
        ("1.234,50", "; is --decimal ',' meant?"),
        ("1,234.50", "; is --decimal '.' meant?"),
        ("1,234", "; is --decimal '.' or --decimal ',' meant?"),
        ("007", ""),
        (".5", "; is --decimal '.' meant?"),
        ("\u22125,0", "; is --decimal ',' meant?"),
        ("NaN", ""),
        ("1.2.3", ""),
        ("\u0661", ""),
    ],
)
def test_what_is_no_number_is_refused_with_the_option_that_reads_it(text: str, hint: str) -> None:
    with pytest.raises(ValueError) as refusal:  # noqa: PT011 - the whole message is compared
        read_number(text)
    assert str(refusal.value) == f"{text!r} is no number such as 50 or 2.5{hint}"


@pytest.mark.parametrize(
    "text", ["$1,234.50", "1.234,50 \u20ac", "12%", "50 %", "EUR 5", "5 USD", "-\u00a35", "\u00a51,000"]
)
def test_a_currency_or_percent_sign_is_to_be_taken_out_where_the_file_comes_from(text: str) -> None:
    for decimal in (None, ".", ","):
        with pytest.raises(ValueError, match="number format without currency or percent sign") as refusal:
            read_number(text, decimal)
        assert str(refusal.value).startswith(f"{text!r} is no number")


@pytest.mark.parametrize("text", ["5 apples", "EUR", "%", "USDT 5", "A1"])
def test_no_other_text_is_taken_for_a_number_with_a_unit(text: str) -> None:
    with pytest.raises(ValueError, match=r"is no number such as 50 or 2\.5$"):
        read_number(text)


@pytest.mark.parametrize(("decimal", "text"), [(",", "1,5E400"), (".", "1,000e307"), (",", "1,5e-400")])
def test_a_number_out_of_range_is_quoted_as_the_file_has_it(decimal: DecimalMark, text: str) -> None:
    with pytest.raises(ValueError, match=f"^'{text}' is (beyond the range|nearer to 0)"):
        read_number(text, decimal)


@pytest.mark.parametrize(
    ("decimal", "text", "number"),
    [
        (",", "1.234.567,25", 1_234_567.25),
        (",", "1 234,5", 1_234.5),
        (",", "1\u202f234\u202f567", 1_234_567),
        (",", "1'234,5", 1_234.5),
        (",", "+3,0", 3.0),
        (",", "1,5E+03", 1_500.0),
        (".", "1,234,567.25", 1_234_567.25),
        (".", "1\u2019234.5", 1_234.5),
        (".", "-12", -12),
        (".", ".50", 0.5),  # as SQL Server and Oracle write it
        (",", "-,5", -0.5),
        (",", "\u22121.234", -1_234),  # the minus of Swedish and other spreadsheets
    ],
)
def test_thousands_are_read_as_spreadsheets_write_them(decimal: DecimalMark, text: str, number: float) -> None:
    assert read_number(text, decimal) == number


@pytest.mark.parametrize(
    ("decimal", "text"),
    [
        (",", "1.5"),
        (",", "1.23"),
        (",", "12.34.56"),
        (",", "1.234 567"),
        (".", "1,5"),
        (".", "1,2345"),
        (".", "."),
        (",", ".5"),
    ],
)
def test_groups_that_are_no_thousands_are_refused(decimal: DecimalMark, text: str) -> None:
    with pytest.raises(ValueError, match="is no number with --decimal"):
        read_number(text, decimal)

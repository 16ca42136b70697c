"""First lines of CSV files: the line `sep=`, blank rows, equal columns, and columns that are not there."""

from __future__ import annotations

from pathlib import Path

import pytest

from streams.errors import DataError
from streams.publish.csv.form import CsvForm
from tests.harness.csv_files import read_csv

PAIRS = ("Customer=contact", "City=city")


@pytest.mark.parametrize(
    ("line", "delimiter"), [("sep=;", ";"), ('"sep=;"', ";"), ("SEP=,", ","), ("sep=\t", "\t"), ("\ufeffsep=|", "|")]
)
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_the_line_sep_says_the_delimiter(tmp_path: Path, line: str, delimiter: str, end: str) -> None:
    lines = [line, f"Customer{delimiter}City", f"ada{delimiter}Ulm", f"{delimiter}Bonn", ""]
    rows = read_csv(tmp_path, end.join(lines), *PAIRS)
    assert rows.properties == [{"city": "Ulm"}]
    assert rows.refused == [(4, "the cell of the contact's id is empty")]
    assert read_csv(tmp_path, end.join(lines), *PAIRS, form=CsvForm(delimiter=delimiter)).contacts == ["ada"]


@pytest.mark.parametrize(
    ("line", "delimiter"),
    [
        ("sep=;,,", ","),  # read as a row by a spreadsheet, and saved again
        ('"sep=;",,', ","),
        ("sep=,,", ","),
        ("sep=;;;", ";"),
        ("sep=\\t", "\t"),
        ("\n\r\nsep=;", ";"),
    ],
)
def test_a_line_sep_may_have_been_saved_again_or_written_by_hand(tmp_path: Path, line: str, delimiter: str) -> None:
    content = f"{line}\nCustomer{delimiter}City\nada{delimiter}Ulm\n{delimiter}Bonn\n"
    rows = read_csv(tmp_path, content, *PAIRS)
    assert rows.properties == [{"city": "Ulm"}]
    assert [number for number, _ in rows.refused] == [content.count("\n")]


@pytest.mark.parametrize("line", ["sep=", "sep=;x", 'sep="', "sep=tab"])
def test_a_line_sep_that_says_no_delimiter_is_refused_as_what_it_is(tmp_path: Path, line: str) -> None:
    with pytest.raises(DataError, match="names no delimiter in the form sep=; so take it out and give --delimiter"):
        read_csv(tmp_path, f"{line}\nCustomer|City\nada|Ulm\n", *PAIRS)


def test_following_the_advice_on_a_line_sep_that_is_wrong_reads_the_file(tmp_path: Path) -> None:
    content = "Customer,City\nada,Ulm\n"
    with pytest.raises(DataError) as refusal:
        read_csv(tmp_path, f"sep=;\n{content}", *PAIRS)
    assert str(refusal.value).endswith("is --delimiter ',' meant? Then take out the line sep=; in front")
    assert read_csv(tmp_path, content, *PAIRS, form=CsvForm(delimiter=",")).contacts == ["ada"]


@pytest.mark.parametrize(
    ("content", "advice"),
    [
        ("<html><table>", "this is HTML and no CSV; open it in a spreadsheet"),
        ('{"Customer": "ada"}\n', "this is JSON and no CSV; events in lines of JSON need no --format csv"),
        ('[{"Customer": "ada"}]', "this is JSON and no CSV"),
    ],
)
def test_a_file_of_another_form_is_told_as_that(tmp_path: Path, content: str, advice: str) -> None:
    with pytest.raises(DataError, match=f"has no column 'Customer'; {advice}"):
        read_csv(tmp_path, content, *PAIRS)


@pytest.mark.parametrize("column", ["customer", "CUSTOMER", "Costumer"])
def test_a_column_that_is_nearly_named_is_told(tmp_path: Path, column: str) -> None:
    with pytest.raises(DataError) as refusal:
        read_csv(tmp_path, "Customer,City\nada,Ulm\n", f"{column}=contact")
    assert str(refusal.value).endswith(
        f"has no column {column!r} - did you mean 'Customer'? Its columns are Customer, City"
    )


def test_of_two_hundred_columns_some_are_listed(tmp_path: Path) -> None:
    header = ",".join(f"c{number}" for number in range(200))
    with pytest.raises(DataError) as refusal:
        read_csv(tmp_path, f"{header}\n", *PAIRS)
    assert str(refusal.value).endswith(", c18, c19 and 180 more")


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ('ada,"Ulm \\"x\\""', "not CSV: ',' expected after '\"'; within quotes a quote is written twice"),
        (
            "'ada','Ulm, Bonn'",
            "3 cells, where the first line names 2 columns; a cell that holds the delimiter stands in",
        ),
    ],
)
def test_quotes_of_other_programs_cost_their_row_and_say_how_csv_has_them(
    tmp_path: Path, row: str, reason: str
) -> None:
    rows = read_csv(tmp_path, f'Customer,City\n{row}\nbob,"Ulm ""x"""\n', *PAIRS)
    assert rows.properties == [{"city": 'Ulm "x"'}]
    assert rows.refused[0][1].startswith(reason)


def test_an_option_that_contradicts_the_line_sep_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="says sep=; in its first line, and --delimiter says ,; leave that out"):
        read_csv(tmp_path, "sep=;\nCustomer;City\n", *PAIRS, form=CsvForm(delimiter=","))


@pytest.mark.parametrize("blank", [",,,", " , ,\t, ", '"","","",""', ",", ",,,,,,"])
def test_blank_rows_are_passed_over(tmp_path: Path, blank: str) -> None:
    content = f"{blank}\nCustomer,City,A,B\n{blank}\nada,Ulm,,\n{blank}\nbob\n"
    rows = read_csv(tmp_path, content, *PAIRS)
    assert rows.contacts == ["ada"]
    assert rows.refused == [(6, "1 cell, where the first line names 4 columns")]


@pytest.mark.parametrize(
    ("header", "message"),
    [
        ("Customer,City,Land,Land", "has 2 columns 'Land' (3 and 4); if neither is needed give --ignore 'Land'"),
        ("Land,Customer,Land,City,Land", "has 3 columns 'Land' (1, 3 and 5); if neither is needed"),
        ("Customer,City,City", "has 2 columns 'City' (2 and 3); which one is meant is not clear"),
        ("Customer, Customer ,City", "has 2 columns 'Customer' (1 and 2); which one is meant is not clear"),
    ],
)
def test_two_equal_columns_are_refused_whether_they_are_mapped_or_not(
    tmp_path: Path, header: str, message: str
) -> None:
    with pytest.raises(DataError) as refusal:
        read_csv(tmp_path, f"{header}\n", *PAIRS)
    assert message in str(refusal.value)


def test_equal_columns_that_nobody_reads_are_named_and_pass(tmp_path: Path) -> None:
    content = "Customer,Land,City,Land,,\nada,DE,Ulm,FR,,\n"
    form = CsvForm(unread_columns=frozenset(["Land"]))
    assert read_csv(tmp_path, content, *PAIRS, form=form).contacts == ["ada"]
    with pytest.raises(DataError, match="which one is meant"):
        read_csv(tmp_path, content, *PAIRS, "Land=country", form=form)


@pytest.mark.parametrize(("delimiter", "option"), [(";", "';'"), ("\t", "$'\\t'"), ("|", "'|'")])
def test_following_the_advice_on_the_delimiter_reads_the_file(tmp_path: Path, delimiter: str, option: str) -> None:
    content = f"Customer{delimiter}City\nada{delimiter}Ulm\n"
    with pytest.raises(DataError) as refusal:
        read_csv(tmp_path, content, *PAIRS)
    assert str(refusal.value).endswith(f"is --delimiter {option} meant?")
    assert read_csv(tmp_path, content, *PAIRS, form=CsvForm(delimiter=delimiter)).contacts == ["ada"]

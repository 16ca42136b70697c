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

"""Words that mean no value to the program that wrote them are published as text, and a person is told so."""

from __future__ import annotations

from pathlib import Path

import pytest

from streams.publish.csv.form import CsvForm
from tests.harness.csv_files import read_csv


@pytest.mark.parametrize(
    ("cell", "option"),
    [
        ("NULL", "--null NULL"),
        ("null", "--null null"),
        (" Null ", "--null Null"),
        ("N/A", "--null N/A"),
        ("\\N", "--null '\\N'"),
        ("NaN", "--null NaN"),
        ("None", "--null None"),
    ],
)
def test_such_a_word_is_text_with_a_warning_that_says_what_to_type(tmp_path: Path, cell: str, option: str) -> None:
    content = f"No,City\nada,Ulm\nbob,{cell}\n"
    rows = read_csv(tmp_path, content, "No=contact", "City=city")
    word = cell.strip()
    assert rows.properties == [{"city": "Ulm"}, {"city": word}]
    assert rows.warnings == [
        f"warning: people.csv:3: City: '{word}' is published as text; {option} says that it is no value"
    ]
    asked = read_csv(tmp_path, content, "No=contact", "City=city", form=CsvForm(null_words=frozenset([word])))
    assert (asked.properties, asked.warnings) == ([{"city": "Ulm"}, {"city": None}], [])


def test_a_column_is_told_once_with_its_rows_its_first_row_and_its_spellings(tmp_path: Path) -> None:
    content = "No,City,Tags\nada,NULL,\nbob,null,None\ncem,NULL,crm\nNULL,Ulm,\n"
    rows = read_csv(tmp_path, content, "No=contact", "City=city", "Tags=tags")
    assert rows.contacts == ["ada", "bob", "cem", "NULL"]
    assert rows.warnings == [
        "warning: people.csv:2: City: 'NULL', 'null' is published as text;"
        " --null NULL --null null says that it is no value (3 such rows)",
        "warning: people.csv:3: Tags: 'None' is published as text; --null None says that it is no value",
        "warning: people.csv:5: No: 'NULL' is published as text; --null NULL says that it is no value",
    ]


def test_a_word_that_was_named_leaves_the_others_to_be_told(tmp_path: Path) -> None:
    form = CsvForm(null_words=frozenset(["NULL"]))
    rows = read_csv(tmp_path, "No,City\nada,NULL\nbob,None\n", "No=contact", "City=city", form=form)
    assert rows.properties == [{"city": None}, {"city": "None"}]
    assert [warning.split(";")[0] for warning in rows.warnings] == [
        "warning: people.csv:3: City: 'None' is published as text"
    ]


@pytest.mark.parametrize("cell", ["Nullmeier", "none of it", "n.a.", '"=""NULL"""', "0", "-"])
def test_other_texts_are_not_told(tmp_path: Path, cell: str) -> None:
    rows = read_csv(tmp_path, f"No,City,Free\nada,{cell},NULL\n", "No=contact", "City=city")
    assert (len(rows.events), rows.warnings) == (1, [])


@pytest.mark.parametrize("kind", ["number", "boolean", "date", "datetime", "object", "at", "status"])
@pytest.mark.parametrize("cell", ["NULL", "n/a", "NaN", "\\N"])
def test_where_text_is_impossible_the_row_is_refused_with_the_same_advice(
    tmp_path: Path, kind: str, cell: str
) -> None:
    target = kind if kind in ("at", "status") else f"c:{kind}"
    content = f"No,C,City\nada,{cell},NULL\nbob,,\n"
    rows = read_csv(tmp_path, content, "No=contact", f"C={target}", "City=city")
    option = "--null '\\N'" if cell == "\\N" else f"--null {cell}"
    ((line_number, reason),) = rows.refused
    assert (line_number, reason.startswith("C: "), reason.endswith(f"; {option} makes it no value")) == (
        2,
        True,
        True,
    )
    assert (rows.contacts, rows.warnings) == (["bob"], [])
    followed = read_csv(
        tmp_path, content, "No=contact", f"C={target}", "City=city", form=CsvForm(null_words=frozenset([cell]))
    )
    assert followed.contacts == ["ada", "bob"]


@pytest.mark.parametrize("target", ["city", "employees:number"])
def test_what_a_spreadsheet_shows_for_no_value_is_refused_with_the_option(tmp_path: Path, target: str) -> None:
    ((_, reason),) = read_csv(tmp_path, "No,C\nada,#N/A\n", "No=contact", f"C={target}").refused
    assert reason == (
        "C: '#N/A' is what a spreadsheet shows in place of a value; mend it there, or give --null '#N/A'"
    )

"""Cells as people and programs write them: lists, booleans, null, ids, and what a spreadsheet has damaged."""

from __future__ import annotations

from pathlib import Path

import pytest

from streams.engine.state.limits import MAX_PROPERTY_BYTES
from streams.publish.csv.form import CsvForm
from tests.harness.csv_files import read_csv

LABELS = ("No=contact", "Labels=tags")


@pytest.mark.parametrize(
    ("cell", "separator", "items"),
    [
        ("a|b|c", "|", ["a", "b", "c"]),
        ("Doe, Jane", ",", ["Doe", "Jane"]),
        ("new\tbig", "\t", ["new", "big"]),
        ("a\nb", "\n", ["a", "b"]),
    ],
)
def test_a_single_item_that_looks_like_several_is_refused_until_the_separator_is_named(
    tmp_path: Path, cell: str, separator: str, items: list[str]
) -> None:
    content = f'No,Labels\nada,"{cell}"\n'
    ((_, reason),) = read_csv(tmp_path, content, *LABELS).refused
    word = {"\t": "$'\\t'", "\n": "$'\\n'"}.get(separator, f"'{separator}'")
    assert reason.endswith(
        f"{cell!r} may be one item or several: say --list-separator {word} for several, --list-separator ';' for one"
    )
    several = read_csv(tmp_path, content, *LABELS, form=CsvForm(list_separator=separator))
    one = read_csv(tmp_path, content, *LABELS, form=CsvForm(list_separator=";"))
    assert (several.properties, one.properties) == ([{"tags": items}], [{"tags": [cell]}])


@pytest.mark.parametrize(
    ("cell", "items"),
    [("new; big", ["new", "big"]), ("new", ["new"]), (";a;b", ["a", "b"]), ("a, b;c", ["a, b", "c"])],
)
def test_semicolons_need_no_option(tmp_path: Path, cell: str, items: list[str]) -> None:
    assert read_csv(tmp_path, f'No,Labels\nada,"{cell}"\n', *LABELS).properties == [{"tags": items}]


@pytest.mark.parametrize(
    ("cell", "items"),
    [
        ('["new","big"]', ["new", "big"]),
        ('[ "a;b" , " c ", "" ]', ["a;b", "c"]),
        ('["new"]', ["new"]),
        ("[1, 2.50]", ["1", "2.50"]),
        ("[]", []),
    ],
)
def test_a_list_in_json_is_one_and_no_item_with_brackets(tmp_path: Path, cell: str, items: list[str]) -> None:
    quoted = cell.replace('"', '""')
    content = f'No,Labels\nada,"{quoted}"\n'
    assert read_csv(tmp_path, content, *LABELS).properties == [{"tags": items}]
    one = read_csv(tmp_path, content, *LABELS, form=CsvForm(list_separator="|"))
    assert one.properties == [{"tags": [cell]}]


@pytest.mark.parametrize("cell", ["{a,b}", "{}", "{one}", "['a', 'b']", '[{""a"": 1}]', "[true]", "[new]"])
def test_a_list_in_other_brackets_is_refused_with_what_to_type(tmp_path: Path, cell: str) -> None:
    content = f'No,Labels\nada,"{cell}"\nbob,[new] and big\n'
    rows = read_csv(tmp_path, content, *LABELS)
    assert rows.properties == [{"tags": ["[new] and big"]}]
    assert rows.refused[0][1].endswith(
        "no list of texts in JSON: write its items with ';' between them; if it is one item say --list-separator ';'"
    )
    one = read_csv(tmp_path, content, *LABELS, form=CsvForm(list_separator=";"))
    assert one.properties[0] == {"tags": [cell.replace('""', '"')]}


@pytest.mark.parametrize(("null", "cells"), [("NULL", "NULL"), ("\\N", "\\N"), ("#N/A", " #N/A "), ("", "")])
def test_a_word_for_null_removes_a_property(tmp_path: Path, null: str, cells: str) -> None:
    content = f"No,City,Staff,Seen\nada,{cells},{cells},{cells}\nbob,Null,5,\n"
    pairs = ("No=contact", "City=city", "Staff=employees", "Seen=at")
    form = CsvForm(null_words=frozenset([null]))
    rows = read_csv(tmp_path, content, *pairs, types={"employees": "number"}, form=form)
    assert rows.properties == [{"city": None, "employees": None}, {"city": "Null", "employees": 5}]
    assert rows.events[0]["at"] == "2026-03-01T00:00:00.000Z"


def test_a_null_contact_is_none_and_an_empty_cell_still_changes_nothing(tmp_path: Path) -> None:
    form = CsvForm(null_words=frozenset(["NULL", "N/A"]))
    rows = read_csv(tmp_path, "No,City\nNULL,Ulm\nada,\nbob,N/A\n", "No=contact", "City=city", form=form)
    assert rows.refused == [(2, "the cell of the contact's id is empty")]
    assert rows.properties == [{}, {"city": None}]


@pytest.mark.parametrize(
    ("cell", "value"),
    [
        ("WAHR", True),
        ("FALSCH", False),
        ("VRAI", True),
        ("Falso", False),
        ("Yes", True),
        ("off", False),
        ("0", False),
        ("t", True),  # as PostgreSQL writes it
        ("N", False),
    ],
)
def test_booleans_are_those_of_spreadsheets_in_their_languages(tmp_path: Path, cell: str, value: bool) -> None:
    assert read_csv(tmp_path, f"No,B\nada,{cell}\n", "No=contact", "B=b:boolean").properties == [{"b": value}]


@pytest.mark.parametrize("cell", ["x", "2", "maybe"])
def test_what_is_no_boolean_is_refused(tmp_path: Path, cell: str) -> None:
    refused = read_csv(tmp_path, f"No,B\nada,{cell}\n", "No=contact", "B=b:boolean").refused
    assert refused == [(2, f"B: {cell!r} is neither true nor false, nor yes or no, 1 or 0")]


@pytest.mark.parametrize("cell", ["#N/A", "#NV", "#REF!", "#DIV/0!", "########"])
def test_what_a_spreadsheet_shows_in_place_of_a_value_is_refused(tmp_path: Path, cell: str) -> None:
    rows = read_csv(tmp_path, f"No,City\nada,{cell}\nbob,#1 in Ulm\n", "No=contact", "City=city")
    assert rows.properties == [{"city": "#1 in Ulm"}]
    assert rows.refused[0][1].startswith(f"City: {cell!r} is what a spreadsheet shows in place of a value")


@pytest.mark.parametrize("cell", ["1.23457E+11", "1,23457E+11", "4E+15"])
def test_an_id_that_a_spreadsheet_shortened_is_refused(tmp_path: Path, cell: str) -> None:
    rows = read_csv(tmp_path, f'No\n"{cell}"\n1E5\n123457000000\n', "No=contact")
    assert rows.contacts == ["1E5", "123457000000"]
    assert "is a long number that a spreadsheet shortened" in rows.refused[0][1]


@pytest.mark.parametrize("cell", ["4.91512E+11", "4,91512E+12"])
def test_so_is_a_phone_number_and_no_other_text(tmp_path: Path, cell: str) -> None:
    content = f'No,Phone\nada,"{cell}"\nbob,6.022E+23\ncem,+49 151 2\n'
    rows = read_csv(tmp_path, content, "No=contact", "Phone=phone")
    assert rows.properties == [{"phone": "6.022E+23"}, {"phone": "+49 151 2"}]
    assert rows.refused[0][1].startswith(f"Phone: {cell!r} is a long number that a spreadsheet shortened")


@pytest.mark.parametrize(("cell", "text"), [('="0049"', "0049"), ('"=""0049"""', "0049"), ('"=""a""""b"""', 'a"b')])
def test_a_formula_that_keeps_zeros_is_its_text(tmp_path: Path, cell: str, text: str) -> None:
    rows = read_csv(tmp_path, f"No,Phone\n{cell},{cell}\n", "No=contact", "Phone=phone")
    assert (rows.contacts, rows.properties) == ([text], [{"phone": text}])


def test_ids_are_normalized_where_that_is_asked_for(tmp_path: Path) -> None:
    content = "No\n\u00a0Ada@Example.COM \nÉMILE\nada@example.com\n"
    assert read_csv(tmp_path, content, "No=contact").contacts == ["Ada@Example.COM", "ÉMILE", "ada@example.com"]
    rows = read_csv(tmp_path, content, "No=contact", form=CsvForm(has_normal_ids=True))
    assert rows.contacts == ["ada@example.com", "émile", "ada@example.com"]


@pytest.mark.parametrize(
    ("city", "bio"), [(200_001, 0), (100_000, 100_000), (MAX_PROPERTY_BYTES, 1)], ids=["one cell", "two", "just over"]
)
def test_a_row_that_no_contact_can_hold_is_refused_and_not_sent(tmp_path: Path, city: int, bio: int) -> None:
    content = f"No,City,Bio\nada,{'x' * city},{'y' * bio}\nbob,Ulm,\n"
    rows = read_csv(tmp_path, content, "No=contact", "City=city", "Bio=bio:text")
    assert rows.contacts == ["bob"]
    assert rows.refused[0][1].endswith("and of a contact at most 200,000 are kept")


def test_a_row_just_small_enough_is_sent_whatever_its_letters_take(tmp_path: Path) -> None:
    room = MAX_PROPERTY_BYTES - len('{"city":""}')
    for text in ("x" * room, "€" * (room // 3), "\x01" * (room // 6)):
        assert read_csv(tmp_path, f"No,City\nada,{text}\n", "No=contact", "City=city").contacts == ["ada"]
        assert read_csv(tmp_path, f"No,City\nada,{text}{text[:6]}\n", "No=contact", "City=city").contacts == []


@pytest.mark.parametrize("kind", ["number", "boolean", "date", "datetime", "object"])
def test_a_refusal_of_a_long_cell_is_short(tmp_path: Path, kind: str) -> None:
    rows = read_csv(tmp_path, f"No,C\nada,{'9x' * 200_000}\n", "No=contact", f"C=c:{kind}")
    assert [len(reason) < 200 for _, reason in rows.refused] == [True]


@pytest.mark.parametrize("depth", [65, 5_000, 300_000])
def test_an_object_nested_too_deeply_is_refused(tmp_path: Path, depth: int) -> None:
    content = f"No,O\nada,{'[' * depth}{']' * depth}\nbob,[{{}}]\n"
    rows = read_csv(tmp_path, content, "No=contact", "O=o:object")
    assert rows.contacts == ["bob"]
    assert "nested" in rows.refused[0][1]

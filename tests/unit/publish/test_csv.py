"""A row of a CSV file becomes a change of a contact."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import pytest

from schemas.definitions import PropertyType
from streams.errors import DataError, UsageError
from streams.publish.csv import Rows, csv_items, mapping_of, pair_of
from streams.publish.lines import EventLine, RefusedLine

TYPES: dict[str, PropertyType] = {"employees": "number", "tags": "list", "subscribed": "boolean", "country": "text"}
MAP = ("No=contact", "Seen=at", "State=status", "Staff=employees", "Land=country", "Labels=tags", "News=subscribed")
AT = "2026-03-01T00:00:00.000Z"


def rows(*mapped: str, at: str | None = AT, account: str = "default") -> Rows:
    return Rows(mapping_of(pair_of(each) for each in mapped or MAP), TYPES, account, at)


def items(path: Path, text: str | bytes, read: Rows, delimiter: str = ",") -> list[Any]:
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return list(csv_items([str(path)], read, delimiter))


def events(found: list[Any]) -> list[dict[str, Any]]:
    return [json.loads(item.outgoing.value) for item in found if isinstance(item, EventLine)]


def test_cells_take_the_types_that_the_account_declares(tmp_path: Path) -> None:
    text = "No,Seen,State,Staff,Land,Labels,News,Other\nada,2026-03-02T09:00:00Z,active,50,DE,new; big,yes,x\n"
    (event,) = events(items(tmp_path / "people.csv", text, rows()))
    assert event.pop("id").startswith("csv-")
    assert event == {
        "type": "contact.changed",
        "at": "2026-03-02T09:00:00Z",
        "contact": "ada",
        "status": "active",
        "properties": {"employees": 50, "country": "DE", "tags": ["new", "big"], "subscribed": True},
    }


def test_an_empty_cell_changes_nothing_and_a_row_without_time_gets_the_one_given(tmp_path: Path) -> None:
    text = "No,Land,Staff\nada,,\n"
    (event,) = events(items(tmp_path / "p.csv", text, rows("No=contact", "Land=country", "Staff=employees")))
    assert (event["at"], "properties" in event) == (AT, False)


def test_the_mapping_may_name_a_type(tmp_path: Path) -> None:
    text = 'No,Size,Home\nada,2.5,"{""city"": ""Ulm""}"\n'
    found = items(tmp_path / "p.csv", text, rows("No=contact", "Size=size:number", "Home=home:object"))
    assert events(found)[0]["properties"] == {"size": 2.5, "home": {"city": "Ulm"}}


def test_published_again_a_file_repeats_its_ids_and_equal_rows_are_two(tmp_path: Path) -> None:
    text = "No,Land\nada,DE\nada,DE\nbob,DE\n"
    mapped = ("No=contact", "Land=country")
    first = [event["id"] for event in events(items(tmp_path / "p.csv", text, rows(*mapped)))]
    later = rows(*mapped, at="2026-04-01T00:00:00.000Z")
    assert first == [event["id"] for event in events(items(tmp_path / "p.csv", text, later))]
    assert len(set(first)) == 3
    other = [event["id"] for event in events(items(tmp_path / "p.csv", text, rows(*mapped, account="b")))]
    assert not set(first) & set(other)


def test_a_bad_row_is_named_with_the_line_it_begins_on_and_the_others_are_read(tmp_path: Path) -> None:
    text = (
        "No,Staff,State,Seen\n"
        'ada,"5\n0",,\n'  # a cell over two lines: 2 and 3
        "bob,many,,\n"
        "\n"
        ",50,,\n"
        "cem,1\n"
        "dan,1,away,\n"
        "eve,1,,yesterday\n"
        'fay,"1"x,,\n'
        "gus,7,,\n"
    )
    found = items(tmp_path / "p.csv", text, rows("No=contact", "Staff=employees", "State=status", "Seen=at"))
    refused = [item for item in found if isinstance(item, RefusedLine)]
    assert [(item.where.rpartition(":")[2], item.reason.split(",")[0]) for item in refused] == [
        ("2", r"Staff: '5\n0' is no number such as 50 or 2.5"),
        ("4", "Staff: 'many' is no number such as 50 or 2.5"),
        ("6", "the cell of the contact's id is empty"),
        ("7", "2 cells"),
        ("8", "State: 'away' is no status; there are active"),
        ("9", "Seen: 'yesterday' is not an RFC 3339 instant such as 2026-03-01T09:30:00Z"),
        ("10", "not CSV: '"),
    ]
    assert [event["contact"] for event in events(found)] == ["gus"]


def test_a_row_without_any_time_is_refused_where_nobody_told_it(tmp_path: Path) -> None:
    (item,) = items(tmp_path / "p.csv", "No\nada\n", rows("No=contact", at=None))
    assert isinstance(item, RefusedLine)
    assert "says no time" in item.reason


def test_gzip_marks_and_other_delimiters_are_read(tmp_path: Path) -> None:
    text = gzip.compress("\ufeffNo;Land\nada;DE\n".encode())
    found = items(tmp_path / "p.csv.gz", text, rows("No=contact", "Land=country"), ";")
    assert events(found)[0]["properties"] == {"country": "DE"}


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"Nr,Land\n", "has no column 'No'; its columns are Nr, Land"),
        (b"", "is empty"),
        (b"No\n\xff\n", "is not UTF-8"),
    ],
)
def test_a_file_that_cannot_be_meant_is_refused_as_a_whole(tmp_path: Path, content: bytes, message: str) -> None:
    with pytest.raises(DataError, match=message):
        items(tmp_path / "p.csv", content, rows("No=contact"))
    with pytest.raises(DataError, match="cannot be read"):
        list(csv_items([str(tmp_path / "nowhere.csv")], rows("No=contact"), ","))


@pytest.mark.parametrize(
    ("mapped", "message"),
    [
        (["Land=country"], "no column is mapped to contact"),
        (["No=contact", "Land"], "a column is mapped as column=field"),
        (["No=contact", "Land=country:word"], "'word' is no type"),
        (["No=contact", "Id=contact"], "two columns are mapped to contact"),
        (["No=contact", "No=country"], "is mapped twice"),
        (["=contact"], "a column is mapped as"),
    ],
)
def test_a_mapping_that_makes_no_sense_is_refused(mapped: list[str], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        mapping_of([pair_of(each) for each in mapped])

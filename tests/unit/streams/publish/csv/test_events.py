"""A row of a CSV file becomes a change of a contact."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from schemas.definitions import PropertyType
from schemas.engine_versions import NEWEST_VERSION, EngineVersion
from schemas.values import instant_ms
from streams.errors import DataError, UsageError
from streams.publish.csv.events import CsvEventBuilder, parse_csv_files
from streams.publish.csv.form import DEFAULT_FORM, CsvForm
from streams.publish.csv.mapping import parse_column_mapping, parse_column_pair
from streams.publish.csv.records import MAX_RECORD_LENGTH, MAX_RECORD_LINES
from streams.publish.lines import EventLine, RefusedLine

TYPES: dict[str, PropertyType] = {"employees": "number", "tags": "list", "subscribed": "boolean", "country": "text"}
MAP = ("No=contact", "Seen=at", "State=status", "Staff=employees", "Land=country", "Labels=tags", "News=subscribed")
AT = "2026-03-01T00:00:00.000Z"


def rows(
    *pairs: str,
    at: str | None = AT,
    account: str = "default",
    form: CsvForm = DEFAULT_FORM,
    load: str = "first",
    types: dict[str, PropertyType] = TYPES,
    version: EngineVersion = NEWEST_VERSION,
    latest: Callable[[], int] | None = None,
) -> CsvEventBuilder:
    mapping = parse_column_mapping(parse_column_pair(each) for each in pairs or MAP)
    return CsvEventBuilder(mapping, types, account, at, latest, load=load, form=form, engine_version=version)


def items(path: Path, text: str | bytes, builder: CsvEventBuilder) -> list[Any]:
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return list(parse_csv_files([str(path)], builder))


def events(parsed: list[Any]) -> list[dict[str, Any]]:
    return [json.loads(item.event.value) for item in parsed if isinstance(item, EventLine)]


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
    parsed = items(tmp_path / "p.csv", text, rows("No=contact", "Size=size:number", "Home=home:object"))
    assert events(parsed)[0]["properties"] == {"size": 2.5, "home": {"city": "Ulm"}}


def test_published_again_a_file_repeats_its_ids_and_equal_rows_are_two(tmp_path: Path) -> None:
    text = "No,Land\nada,DE\nada,DE\nbob,DE\n"
    pairs = ("No=contact", "Land=country")
    first = [event["id"] for event in events(items(tmp_path / "p.csv", text, rows(*pairs)))]
    later = rows(*pairs, at="2026-04-01T00:00:00.000Z")
    assert first == [event["id"] for event in events(items(tmp_path / "p.csv", text, later))]
    assert len(set(first)) == 3
    other = [event["id"] for event in events(items(tmp_path / "p.csv", text, rows(*pairs, account="b")))]
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
    parsed = items(tmp_path / "p.csv", text, rows("No=contact", "Staff=employees", "State=status", "Seen=at"))
    refused = [item for item in parsed if isinstance(item, RefusedLine)]
    assert [(item.location.rpartition(":")[2], item.reason.split(",")[0]) for item in refused] == [
        ("2", r"lines 2 to 3: Staff: '5\n0' is no number such as 50 or 2.5"),
        ("4", "Staff: 'many' is no number such as 50 or 2.5"),
        ("6", "the cell of the contact's id is empty"),
        ("7", "2 cells"),
        ("8", "State: 'away' is no status; there are active"),
        ("9", "Seen: 'yesterday' is not an RFC 3339 instant such as 2026-03-01T09:30:00Z"),
        ("10", "not CSV: '"),
    ]
    assert [event["contact"] for event in events(parsed)] == ["gus"]


def refused_rows(parsed: list[Any]) -> list[tuple[str, int]]:
    """Returns the line and the number of lines of each refused row."""
    return [(each.location.rpartition(":")[2], each.line_count) for each in parsed if isinstance(each, RefusedLine)]


def contacts(parsed: list[Any]) -> list[str]:
    return [event["contact"] for event in events(parsed)]


def test_a_byte_that_is_no_text_costs_its_row_alone(tmp_path: Path) -> None:
    text = b"No,Land\nada,DE\nbob,\xd6sterreich\ncem,\xc3\x96sterreich\n"
    parsed = items(tmp_path / "p.csv", text, rows("No=contact", "Land=country"))
    assert contacts(parsed) == ["ada", "cem"]
    assert refused_rows(parsed) == [("3", 1)]
    assert "not UTF-8 text: byte 0xd6" in parsed[1].reason


def test_a_stray_quote_costs_its_line_alone(tmp_path: Path) -> None:
    plain = "".join(f"c{number},DE\n" for number in range(190))
    parsed = items(tmp_path / "p.csv", f'No,Land\nada,"DE\n{plain}zoe,"FR"\n', rows("No=contact", "Land=country"))
    assert refused_rows(parsed) == [("2", 1)]
    assert "as far as line 193; a quote may not be closed; read on from line 3" in parsed[0].reason
    assert contacts(parsed) == [*(f"c{number}" for number in range(190)), "zoe"]


@pytest.mark.parametrize("lines", [3, MAX_RECORD_LINES, MAX_RECORD_LINES * 3])
def test_a_quote_that_is_never_closed_swallows_nothing(tmp_path: Path, lines: int) -> None:
    plain = "".join(f"c{number},DE\n" for number in range(lines))
    parsed = items(tmp_path / "p.csv", f'No,Land\nada,"DE\n{plain}', rows("No=contact", "Land=country"))
    assert (refused_rows(parsed), len(contacts(parsed))) == ([("2", 1)], lines)


def test_a_quoted_cell_may_hold_line_breaks(tmp_path: Path) -> None:
    parsed = items(tmp_path / "p.csv", 'No,Land\nada,"D\r\nE"\nbob\n', rows("No=contact", "Land=country"))
    assert events(parsed)[0]["properties"] == {"country": "D\r\nE"}
    assert refused_rows(parsed) == [("4", 1)]


def test_a_line_longer_than_a_record_may_be_is_passed_over(tmp_path: Path) -> None:
    text = f"No,Land\n{'x' * (3 * MAX_RECORD_LENGTH)},DE\nbob,DE\n"
    parsed = items(tmp_path / "p.csv", text, rows("No=contact", "Land=country"))
    assert (refused_rows(parsed), contacts(parsed)) == ([("2", 1)], ["bob"])


def test_a_row_with_a_cell_over_lines_counts_as_all_of_them(tmp_path: Path) -> None:
    parsed = items(tmp_path / "p.csv", 'No,Land\n"a\nb",DE\n', rows("No=contact", "Land=country"))
    assert refused_rows(parsed) == [("2", 2)]


@pytest.mark.parametrize(
    ("kind", "cell"),
    [("date", "01.12.2026"), ("date", "2026-02-30"), ("datetime", "2026-12-01T09:00:61Z"), ("list", "")],
)
def test_a_value_that_a_worker_would_refuse_is_not_sent(tmp_path: Path, kind: PropertyType, cell: str) -> None:
    builder = rows("No=contact", "D=d", types={"d": kind})
    parsed = items(tmp_path / "p.csv", f"No,D\nada,{cell}\n", builder)
    if cell:
        assert f"D: d is of the type {kind}, and '{cell}' is not" in parsed[0].reason
    else:
        assert contacts(parsed) == ["ada"]


@pytest.mark.parametrize(("version", "is_sent"), [(3, False), (4, True)])
def test_a_date_for_a_datetime_is_sent_where_a_worker_takes_it(
    tmp_path: Path, version: EngineVersion, is_sent: bool
) -> None:
    builder = rows("No=contact", "D=d", types={"d": "datetime"}, version=version)
    parsed = items(tmp_path / "p.csv", "No,D\nada,2026-12-01\n", builder)
    assert isinstance(parsed[0], RefusedLine) is not is_sent


def test_a_number_beyond_a_double_is_not_sent(tmp_path: Path) -> None:
    builder = rows("No=contact", "N=n", types={"n": "number"})
    (refused,) = items(tmp_path / "p.csv", "No,N\nada,1e400\n", builder)
    assert isinstance(refused, RefusedLine)


def test_a_mapping_to_another_type_than_the_declared_one_is_refused() -> None:
    with pytest.raises(UsageError, match="Staff=employees:text: employees is of the type number"):
        rows("No=contact", "Staff=employees:text")
    rows("No=contact", "Staff=employees:number")


def test_a_row_of_the_future_is_refused_on_the_wall_clock(tmp_path: Path) -> None:
    now = instant_ms("2026-03-01T12:00:00Z")
    builder = rows("No=contact", "Seen=at", latest=lambda: now)
    text = "No,Seen\nada,2026-03-01T12:00:00Z\nbob,2028-01-01T00:00:00Z\ncem,1850-01-01T00:00:00Z\n"
    parsed = items(tmp_path / "p.csv", text, builder)
    assert contacts(parsed) == ["ada"]
    assert [each.reason for each in parsed[1:]] == [
        "2028-01-01T00:00:00Z is in the future",
        "Seen: an instant lies between the years 1900 and 2999",
    ]


def test_a_row_without_any_time_is_refused_where_nobody_told_it(tmp_path: Path) -> None:
    (item,) = items(tmp_path / "p.csv", "No\nada\n", rows("No=contact", at=None))
    assert isinstance(item, RefusedLine)
    assert "says no time" in item.reason


def test_gzip_marks_and_other_delimiters_are_read(tmp_path: Path) -> None:
    text = gzip.compress("\ufeffNo;Land\nada;DE\n".encode())
    parsed = items(tmp_path / "p.csv.gz", text, rows("No=contact", "Land=country", form=CsvForm(delimiter=";")))
    assert events(parsed)[0]["properties"] == {"country": "DE"}


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"Nr,Land\n", "has no column 'No'; its columns are Nr, Land"),
        (b"", "is empty"),
        (b"N\xff\nada\n", ":1: not UTF-8 text: byte 0xff"),
        (b"No,No\nada,bob\n", "has 2 columns 'No'"),
        (b"No;Land\nada;DE\n", "its only column is 'No;Land'; is --delimiter ';' meant"),
        (b"No\tLand\nada\tDE\n", "is --delimiter \\$'\\\\t' meant"),
    ],
)
def test_a_file_that_cannot_be_meant_is_refused_as_a_whole(tmp_path: Path, content: bytes, message: str) -> None:
    with pytest.raises(DataError, match=message):
        items(tmp_path / "p.csv", content, rows("No=contact"))
    with pytest.raises(DataError, match="cannot be read"):
        list(parse_csv_files([str(tmp_path / "nowhere.csv")], rows("No=contact")))


@pytest.mark.parametrize(
    ("pairs", "message"),
    [
        (["Land=country"], "no column is mapped to contact"),
        (["No=contact", "Land"], "a column is mapped as column=field"),
        (["No=contact", "Land=country:word"], "'word' is no type"),
        (["No=contact", "Id=contact"], "two columns are mapped to contact"),
        (["No=contact", "No=country"], "is mapped twice"),
        (["=contact"], "a column is mapped as"),
        (["No=contact", "D=email_domain"], "email_domain is derived"),
    ],
)
def test_a_mapping_that_makes_no_sense_is_refused(pairs: list[str], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        parse_column_mapping([parse_column_pair(each) for each in pairs])

"""Dates and times of CSV files: by formats, zones and Unix times, or refused with what to type."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from schemas.definitions import PropertyType
from streams.errors import UsageError
from streams.publish.csv.form import CsvForm
from streams.publish.csv.times import TimeReader, require_date_format, require_named_zone
from tests.harness.csv_files import read_csv

BERLIN = require_named_zone("Europe/Berlin")


def cell(folder: Path, kind: PropertyType, text: str, *formats: str, zone: Any = None) -> Any:
    """Returns the value of a cell of that type, or the reason why it is refused."""
    form = CsvForm(date_formats=formats, zone=zone, delimiter=";")
    rows = read_csv(folder, f"No;D\nada;{text}\n", "No=contact", "D=d", types={"d": kind}, form=form)
    return rows.refused[0][1] if rows.refused else rows.properties[0]["d"]


@pytest.mark.parametrize(
    ("text", "formats", "date"),
    [
        ("31.12.2026", ["%d.%m.%Y"], "2026-12-31"),
        ("1.2.2026", ["%d.%m.%Y"], "2026-02-01"),
        ("12/31/2026", ["%m/%d/%Y"], "2026-12-31"),
        ("31.12.2026 00:00", ["%d.%m.%Y %H:%M"], "2026-12-31"),
        ("2026-12-31", ["%d.%m.%Y"], "2026-12-31"),
        ("2026-03-04", ["%Y-%d-%m"], "2026-04-03"),
        ("1798675200", ["unix"], "2026-12-31"),
        ("29.02.2028", ["%m/%d/%Y", "%d.%m.%Y"], "2028-02-29"),
        ("20261231", ["%Y%m%d"], "2026-12-31"),
        ("2026-12-31 00:00:00+00", [], "2026-12-31"),
    ],
)
def test_a_date_is_read_by_its_format(tmp_path: Path, text: str, formats: list[str], date: str) -> None:
    assert cell(tmp_path, "date", text, *formats) == date


@pytest.mark.parametrize(
    ("text", "formats", "instant"),
    [
        ("31.12.2026 09:30", ["%d.%m.%Y %H:%M"], "2026-12-31T08:30:00.000Z"),
        ("2026-07-01 09:30", [], "2026-07-01T07:30:00.000Z"),  # as HubSpot writes it
        ("2026-07-01 09:30:15", [], "2026-07-01T07:30:15.000Z"),  # as Mautic does
        ("07/01/2026 9:30 PM", ["%m/%d/%Y %I:%M %p"], "2026-07-01T19:30:00.000Z"),
        ("2026-07-01T09:30:00-04:00", [], "2026-07-01T09:30:00-04:00"),
        ("01.07.2026 09:30 -0400", ["%d.%m.%Y %H:%M %z"], "2026-07-01T13:30:00.000Z"),
        ("1772323200", ["unix"], "2026-03-01T00:00:00.000Z"),
        ("1772323200.5", ["unix"], "2026-03-01T00:00:00.500Z"),
        ("1772323200123", ["unix-ms"], "2026-03-01T00:00:00.123Z"),
        ("-86400", ["unix"], "1969-12-31T00:00:00.000Z"),
        ("01.07.2026", ["%d.%m.%Y"], "2026-06-30T22:00:00.000Z"),
        ("2026-07-01 09:30:15+00", [], "2026-07-01T09:30:15.000Z"),  # as PostgreSQL does
        ("2026-07-01 09:30:15.123456 UTC", [], "2026-07-01T09:30:15.123Z"),  # as BigQuery does
        ("2026-07-01T09:30:15.000+0000", [], "2026-07-01T09:30:15.000Z"),  # as the API of Salesforce does
        ("2026-07-01 09:30:15 -0430", [], "2026-07-01T14:00:15.000Z"),
        ("2026-03-29 02:30", [], "2026-03-29T01:30:00.000Z"),  # left out: shifts forward
        ("2026-10-25 02:30", [], "2026-10-25T00:30:00.000Z"),  # doubled: the first
    ],
)
def test_a_time_is_one_of_the_zone_unless_it_says_its_own(
    tmp_path: Path, text: str, formats: list[str], instant: str
) -> None:
    assert cell(tmp_path, "datetime", text, *formats, zone=BERLIN) == instant
    form = CsvForm(date_formats=formats, zone=BERLIN)
    rows = read_csv(tmp_path, f"No,Seen\nada,{text}\n", "No=contact", "Seen=at", form=form)
    assert [event["at"] for event in rows.events] == [instant]


def test_a_day_for_a_datetime_is_left_to_the_zone_of_the_account(tmp_path: Path) -> None:
    assert cell(tmp_path, "datetime", "31.12.2026", "%d.%m.%Y") == "2026-12-31"


@pytest.mark.parametrize(
    ("kind", "text", "hint"),
    [
        ("datetime", "2026-03-01 09:30", "name its zone, such as --zone Europe/Berlin or --zone UTC"),
        ("datetime", "31.12.2026 09:30", "is --date-format '%d.%m.%Y %H:%M' meant?"),
        ("date", "31.12.2026", "is --date-format '%d.%m.%Y' meant?"),
        ("date", "03/04/2026", "is --date-format '%d/%m/%Y' or --date-format '%m/%d/%Y' meant?"),
        ("datetime", "Mar 1, 2026 9:30 AM", "is --date-format '%b %d, %Y %I:%M %p' meant?"),
        ("datetime", "1772323200", "is --date-format 'unix' meant?"),
        ("date", "1772323200123", "is --date-format 'unix-ms' meant?"),
        ("datetime", "1772323200123456", "leave out the last three digits and give --date-format unix-ms"),
        ("datetime", "2026-03-01 09:30:00 CET", "leave the zone 'CET' out of the cells and give it as --zone"),
        (
            "datetime",
            "2026-03-01 09:30 Asia/Tokyo",
            "leave the zone 'Asia/Tokyo' out of the cells and give it as --zone",
        ),
        ("datetime", "2026-03-01 09:30 PM", "is --date-format '%Y-%m-%d %I:%M %p' meant?"),
        ("date", "20261231", "is --date-format '%Y%m%d' meant?"),
        ("date", "2026-1-5", "is --date-format '%Y-%m-%d' meant?"),
        ("date", "31-Dec-26", "is --date-format '%d-%b-%y' meant?"),
        ("date", "31. Dezember 2026", "months are read by English names; write them as numbers"),
        ("datetime", "12/31/2026 9:05:10 PM", "is --date-format '%m/%d/%Y %I:%M:%S %p' meant?"),
        ("datetime", "12/31/2026, 9:05:10 PM", "is --date-format '%m/%d/%Y, %I:%M:%S %p' meant?"),
        ("date", "0000-00-00", "; --null 0000-00-00 makes it no value"),  # as MySQL writes it
        ("datetime", "0000-00-00 00:00:00", "; --null '0000-00-00 00:00:00' makes it no value"),
        ("datetime", "2026-03-01 09:30:00 +99", "is not an RFC 3339 instant such as 2026-03-01T09:30:00Z"),
        ("date", "46082", "if it is a day number of Excel, give the column the format of a date and save again"),
        ("date", "31.02.2026", "is not a date such as 2026-03-31"),
        ("date", "2026-03-01 09:30", "has a time of the day, and a date is a day alone"),
        ("datetime", "2026-03-01 25:00", "is not an RFC 3339 instant such as 2026-03-01T09:30:00Z"),
        ("date", "soon", "is not a date such as 2026-03-31"),
    ],
)
def test_what_is_refused_comes_with_what_to_type(tmp_path: Path, kind: PropertyType, text: str, hint: str) -> None:
    reason = cell(tmp_path, kind, text)
    assert reason.startswith(f"D: d is of the type {kind}, and {text!r} ")
    assert reason.endswith(hint)


def test_two_formats_that_mean_different_days_are_refused_and_one_that_fits_is_taken(tmp_path: Path) -> None:
    formats = ("%d/%m/%Y", "%m/%d/%Y")
    assert "is another day by --date-format" in cell(tmp_path, "date", "03/04/2026", *formats)
    assert cell(tmp_path, "date", "13/04/2026", *formats) == "2026-04-13"
    assert cell(tmp_path, "date", "05/05/2026", *formats) == "2026-05-05"


def test_a_cell_that_fits_no_format_names_them(tmp_path: Path) -> None:
    assert "nor does it fit --date-format '%d.%m.%Y' or 'unix'" in cell(tmp_path, "date", "x", "%d.%m.%Y", "unix")
    # Milliseconds are no seconds: the year would be 58133.
    reason = cell(tmp_path, "datetime", "1772323200123", "unix")
    assert reason.endswith("nor does it fit --date-format 'unix'; is --date-format 'unix-ms' meant?")


def test_a_row_of_1970_shows_that_seconds_were_read_as_milliseconds(tmp_path: Path) -> None:
    form = CsvForm(date_formats=("unix-ms",))
    rows = read_csv(tmp_path, "No,Seen\nada,1735650300\nbob,1735650300000\n", "No=contact", "Seen=at", form=form)
    assert rows.contacts == ["bob"]
    assert rows.refused == [
        (2, "Seen: '1735650300' is in 1970 by --date-format unix-ms; is --date-format unix meant?")
    ]


@pytest.mark.parametrize(
    ("pair", "text"),
    [("D=since:date", "31.12.2024"), ("D=since:datetime", "2024-12-31 10:00"), ("D=since:date", "2024-02-30")],
)
def test_a_type_that_only_the_mapping_names_is_checked_too(tmp_path: Path, pair: str, text: str) -> None:
    kind = pair.partition(":")[2]
    rows = read_csv(tmp_path, f"No,D\nada,{text}\nbob,2024-12-31\n", "No=contact", pair)
    assert rows.properties == [{"since": "2024-12-31"}]
    assert rows.refused[0][1].startswith(f"D: since is of the type {kind}, and {text!r} ")


@pytest.mark.parametrize("text", ["%d.%m", "%H:%M", "day", "%Y-%m-%d %Z", "%x", "%"])
def test_a_format_that_names_no_day_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match="or unix, or unix-ms"):
        require_date_format(text)


@pytest.mark.parametrize("name", ["CEST", "+02:00", "GMT+1", "Etc/GMT+20", ""])
def test_a_zone_has_its_full_name(name: str) -> None:
    with pytest.raises(UsageError, match="zones are named as Europe/Berlin or UTC"):
        require_named_zone(name)


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("Berlin", "Europe/Berlin"),
        ("europe/berlin", "Europe/Berlin"),
        ("Europe/Berln", "Europe/Berlin"),
        ("New York", "America/New_York"),
    ],
)
def test_a_zone_that_is_nearly_named_is_told(name: str, meant: str) -> None:
    with pytest.raises(UsageError, match=f"{name!r} is no time zone - did you mean {meant}\\?$"):
        require_named_zone(name)


def test_the_first_midnight_of_a_day_without_one_is_its_first_instant() -> None:
    # In 2018 clocks in Sao Paulo went from midnight to 1 o'clock.
    reader = TimeReader(zone=require_named_zone("America/Sao_Paulo"))
    assert reader.read_instant("2018-11-04") == "2018-11-04T03:00:00.000Z"

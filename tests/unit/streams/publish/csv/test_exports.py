"""Files in the forms of Excel, LibreOffice, Google Sheets, HubSpot and Mautic: read as meant, or refused with advice.

The people are made up; headers, quotes, ends of lines, dates and lists are as those programs write them.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from schemas.definitions import PropertyType
from streams.errors import DataError
from streams.publish.csv.form import CsvForm
from streams.publish.csv.times import require_named_zone
from tests.harness.csv_files import CsvRows, read_csv

BERLIN = require_named_zone("Europe/Berlin")
TYPES: dict[str, PropertyType] = {
    "revenue": "number",
    "employees": "number",
    "since": "date",
    "subscribed": "boolean",
    "interests": "list",
    "last_seen_at": "datetime",
    "lead_score": "number",
}

EXCEL_ROWS = (
    "Kundennr.;Name;Umsatz;Seit;Newsletter;Notiz\r\n"
    'k-1;Müller;"1.234,50";31.12.2024;WAHR;"Ruft an;\nam liebsten früh"\r\n'
    "k-2;Özdemir;12,5;01.02.2025;FALSCH;\r\n"
    ";;;;;\r\n"
    "k-3;„Łukasz“;1.234;;;5 €\r\n"
)
EXCEL_PAIRS = ("Kundennr.=contact", "Name=last_name", "Umsatz=revenue", "Seit=since", "Newsletter=subscribed")
EXCEL = CsvForm(delimiter=";", decimal=",", date_formats=("%d.%m.%Y",))
EXCEL_PEOPLE = [
    {"last_name": "Müller", "revenue": 1234.5, "since": "2024-12-31", "subscribed": True},
    {"last_name": "Özdemir", "revenue": 12.5, "since": "2025-02-01", "subscribed": False},
    {"last_name": "„Łukasz“", "revenue": 1234},
]


def excel(folder: Path, content: bytes, **options: Any) -> CsvRows:
    form = CsvForm(**{"delimiter": ";", "decimal": ",", "date_formats": ("%d.%m.%Y",), **options})
    return read_csv(folder, content, *EXCEL_PAIRS, types=TYPES, form=form)


def test_a_german_excel_saves_utf_8_with_a_mark(tmp_path: Path) -> None:
    assert excel(tmp_path, EXCEL_ROWS.encode("utf-8-sig")).properties == EXCEL_PEOPLE


def test_with_the_line_sep_no_delimiter_is_named(tmp_path: Path) -> None:
    content = f"sep=;\r\n{EXCEL_ROWS}".encode("utf-8-sig")
    assert excel(tmp_path, content, delimiter=None).properties == EXCEL_PEOPLE


def test_excel_saves_unicode_text_as_utf_16_with_tabs(tmp_path: Path) -> None:
    content = EXCEL_ROWS.replace('"Ruft an;', '"Ruft an,').replace(";", "\t").encode("utf-16")
    assert excel(tmp_path, content, delimiter="\t").properties == EXCEL_PEOPLE


def test_excel_saves_csv_without_a_mark_in_cp1252_and_says_so_when_read_as_utf_8(tmp_path: Path) -> None:
    content = EXCEL_ROWS.replace("Ł", "L").encode("cp1252")
    assert excel(tmp_path, content, encoding="cp1252").properties[0] == EXCEL_PEOPLE[0]
    unread = excel(tmp_path, content)
    assert unread.events == []
    assert {reason.rpartition("; ")[2] for _, reason in unread.refused} == {
        "files of Excel often need --encoding cp1252"
    }


def test_excel_on_a_mac_ends_lines_by_a_carriage_return(tmp_path: Path) -> None:
    content = EXCEL_ROWS.replace("Ł", "L").replace("\r\n", "\r").encode("mac-roman")
    assert excel(tmp_path, content, encoding="mac-roman").properties[:2] == EXCEL_PEOPLE[:2]


@pytest.mark.parametrize(
    ("option", "advice"),
    [
        ({"decimal": None}, "is --decimal ',' meant?"),
        ({"date_formats": ()}, "is --date-format '%d.%m.%Y' meant?"),
    ],
)
def test_without_an_option_that_it_needs_a_row_is_refused_with_it(
    tmp_path: Path, option: dict[str, Any], advice: str
) -> None:
    rows = excel(tmp_path, EXCEL_ROWS.encode("utf-8-sig"), **option)
    assert (2, True) in [(line, reason.endswith(advice)) for line, reason in rows.refused]
    with pytest.raises(DataError, match="is --delimiter ';' meant"):
        excel(tmp_path, EXCEL_ROWS.encode("utf-8-sig"), delimiter=None)


def test_libreoffice_quotes_text_and_shows_booleans_and_dates_in_its_language(tmp_path: Path) -> None:
    content = (
        '"No","Name","Revenue","Since","Newsletter"\n'
        '"k-1","Ann ""Annie"" O\'Neil",1234.50,2024-12-31,TRUE\n'
        '"k-2","Ben, jr.",0.125,2025-02-01,FALSE\n'
        ",,,,\n"
    )
    pairs = ("No=contact", "Name=last_name", "Revenue=revenue", "Since=since", "Newsletter=subscribed")
    rows = read_csv(tmp_path, content, *pairs, types=TYPES)
    assert rows.properties == [
        {"last_name": 'Ann "Annie" O\'Neil', "revenue": 1234.5, "since": "2024-12-31", "subscribed": True},
        {"last_name": "Ben, jr.", "revenue": 0.125, "since": "2025-02-01", "subscribed": False},
    ]
    assert rows.refused == []


LIBREOFFICE_GERMAN = (
    '"Nr.";"Name";"Umsatz";"Seit";"Newsletter"\n'
    '"k-1";"Müller; Söhne";1.234,50;31.12.24;WAHR\n'
    '"k-2";"Özdemir";\u2212,5;01.02.25;FALSCH\n'
)
LIBREOFFICE_PAIRS = ("Nr.=contact", "Name=last_name", "Umsatz=revenue", "Seit=since", "Newsletter=subscribed")


def test_a_german_libreoffice_shows_years_with_two_digits(tmp_path: Path) -> None:
    form = CsvForm(delimiter=";", decimal=",", date_formats=("%d.%m.%y",))
    rows = read_csv(tmp_path, LIBREOFFICE_GERMAN, *LIBREOFFICE_PAIRS, types=TYPES, form=form)
    assert rows.refused == []
    assert rows.properties == [
        {"last_name": "Müller; Söhne", "revenue": 1234.5, "since": "2024-12-31", "subscribed": True},
        {"last_name": "Özdemir", "revenue": -0.5, "since": "2025-02-01", "subscribed": False},
    ]
    careless = CsvForm(delimiter=";", decimal=",")
    refused = read_csv(tmp_path, LIBREOFFICE_GERMAN, *LIBREOFFICE_PAIRS, types=TYPES, form=careless).refused
    assert {reason.rpartition("; ")[2] for _, reason in refused} == {"is --date-format '%d.%m.%y' meant?"}


def test_libreoffice_saves_cells_as_they_are_shown_so_amounts_have_their_currency(tmp_path: Path) -> None:
    content = LIBREOFFICE_GERMAN.replace("1.234,50", '"1.234,50 €"').encode("utf-16")
    form = CsvForm(delimiter=";", decimal=",", date_formats=("%d.%m.%y",))
    rows = read_csv(tmp_path, content, *LIBREOFFICE_PAIRS, types=TYPES, form=form)
    assert rows.contacts == ["k-2"]
    assert rows.refused[0][1] == (
        "Umsatz: '1.234,50 €' is no number with --decimal ','; give the column a number format without currency or"
        " percent sign, and save again"
    )


def test_google_sheets_separates_by_commas_in_every_language(tmp_path: Path) -> None:
    content = (
        "Email,Umsatz,Zuletzt,Themen\r\n"
        'ann@example.com,"1.234,50",31.12.2024 18:05:00,"CRM, Analytics"\r\n'
        'ben@example.com,"0,5",#N/A,\r\n'
    )
    pairs = ("Email=contact", "Umsatz=revenue", "Zuletzt=last_seen_at", "Themen=interests")
    form = CsvForm(
        decimal=",",
        date_formats=("%d.%m.%Y %H:%M:%S",),
        zone=BERLIN,
        list_separator=",",
        null_words=frozenset(["#N/A"]),
    )
    rows = read_csv(tmp_path, content, *pairs, types=TYPES, form=form)
    assert rows.properties == [
        {"revenue": 1234.5, "last_seen_at": "2024-12-31T17:05:00.000Z", "interests": ["CRM", "Analytics"]},
        {"revenue": 0.5, "last_seen_at": None},
    ]
    careless = read_csv(tmp_path, content, *pairs, types=TYPES)
    assert [line for line, _ in careless.refused] == [2, 3]


def test_google_sheets_in_the_united_states_writes_the_month_first(tmp_path: Path) -> None:
    content = (
        "Email,Revenue,Last seen,Subscribed\r\n"
        'ann@example.com,"1,234.50",12/31/2024 18:05:00,TRUE\r\n'
        'ben@example.com,"$1,234.50",1/5/2025 9:05:00,FALSE\r\n'
        "cem@example.com,#REF!,,\r\n"
    )
    pairs = ("Email=contact", "Revenue=revenue", "Last seen=last_seen_at", "Subscribed=subscribed")
    form = CsvForm(decimal=".", date_formats=("%m/%d/%Y %H:%M:%S",), zone=require_named_zone("America/New_York"))
    rows = read_csv(tmp_path, content, *pairs, types=TYPES, form=form)
    assert rows.properties == [
        {"revenue": 1234.5, "last_seen_at": "2024-12-31T23:05:00.000Z", "subscribed": True},
    ]
    assert [(line, reason.rpartition("; ")[2]) for line, reason in rows.refused] == [
        (3, "give the column a number format without currency or percent sign, and save again"),
        (4, "mend it there, or give --null '#REF!'"),
    ]
    careless = read_csv(tmp_path, content, *pairs, types=TYPES)
    assert careless.refused[0][1] == "Revenue: '1,234.50' is no number such as 50 or 2.5; is --decimal '.' meant?"


def test_google_sheets_keeps_the_line_sep_as_a_row(tmp_path: Path) -> None:
    content = "sep=;,,\r\nEmail,City,Themen\r\nann@example.com,Ulm,\r\n,,\r\n"
    rows = read_csv(tmp_path, content, "Email=contact", "City=city", types=TYPES)
    assert (rows.properties, rows.refused) == ([{"city": "Ulm"}], [])


HUBSPOT = (
    '"Record ID","First Name","Last Name","Email","Number of Employees","Interests","Last Activity Date",'
    '"Create Date","Associated Company","Associated Company"\n'
    '"51","Ann","Archer","Ann.Archer@example.com","1,200","CRM;Email marketing","2026-03-01 09:30",'
    '"2025-11-30 08:00","Example, Inc.","Other Ltd"\n'
    '"52","Ben","Baker","ben@example.com","","","","2025-12-01 17:45","",""\n'
)


def test_hubspot_writes_lists_with_semicolons_and_times_without_their_zone(tmp_path: Path) -> None:
    pairs = (
        *("Email=contact", "First Name=first_name", "Number of Employees=employees", "Interests=interests"),
        *("Last Activity Date=last_seen_at", "Create Date=at"),
    )
    form = CsvForm(decimal=".", zone=BERLIN, unread_columns=frozenset(["Associated Company"]), has_normal_ids=True)
    rows = read_csv(tmp_path, HUBSPOT, *pairs, types=TYPES, form=form)
    assert rows.refused == []
    assert rows.contacts == ["ann.archer@example.com", "ben@example.com"]
    assert [event["at"] for event in rows.events] == ["2025-11-30T07:00:00.000Z", "2025-12-01T16:45:00.000Z"]
    assert rows.properties[0] == {
        "first_name": "Ann",
        "employees": 1200,
        "interests": ["CRM", "Email marketing"],
        "last_seen_at": "2026-03-01T08:30:00.000Z",
    }
    with pytest.raises(DataError, match="give --ignore 'Associated Company'"):
        read_csv(tmp_path, HUBSPOT, *pairs, types=TYPES)
    ((_, reason), _) = read_csv(
        tmp_path, HUBSPOT, "Email=contact", "Create Date=at", form=CsvForm(unread_columns=form.unread_columns)
    ).refused
    assert reason.endswith("name its zone, such as --zone Europe/Berlin or --zone UTC")


def test_hubspot_may_have_contacts_without_an_address(tmp_path: Path) -> None:
    content = (
        '"Record ID","First Name","Last Name","Email","Create Date"\n'
        '"51","Ann","Archer","ann@example.com","2025-11-30"\n'
        '"53","Cem","","","2025-11-30"\n'
    )
    by_address = read_csv(tmp_path, content, "Email=contact", "First Name=first_name")
    assert (by_address.contacts, by_address.refused) == (
        ["ann@example.com"],
        [(3, "the cell of the contact's id is empty")],
    )
    by_number = read_csv(
        tmp_path, content, "Record ID=contact", "Create Date=at", form=CsvForm(zone=require_named_zone("UTC"))
    )
    assert [(event["contact"], event["at"]) for event in by_number.events] == [
        ("51", "2025-11-30T00:00:00.000Z"),
        ("53", "2025-11-30T00:00:00.000Z"),
    ]


def test_an_export_of_hubspot_as_a_workbook_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="is a workbook and no CSV; open it in the spreadsheet and save it as CSV"):
        read_csv(tmp_path, b"PK\x03\x04\x14\x00\x06\x00", "Email=contact")


MAUTIC = (
    "id,points,firstname,lastname,email,interests,newsletter,last_active,date_added\n"
    '7,42,Ann,Archer,ann@example.com,"crm|email|webinar",1,"2026-03-01 09:30:00","2025-11-30 08:00:00"\n'
    '8,0,Ben,Baker,ben@example.com,,0,,"2025-12-01 17:45:00"\n'
    '9,5," =Carl",Cook,carl@example.com,crm,1,,"2025-12-02 00:00:00"\n'  # a blank in front of a formula
)


def test_mautic_writes_lists_with_bars_and_times_in_utc(tmp_path: Path) -> None:
    pairs = (
        *("email=contact", "firstname=first_name", "points=lead_score", "interests=interests"),
        *("newsletter=subscribed", "last_active=last_seen_at"),
    )
    form = CsvForm(list_separator="|", zone=require_named_zone("UTC"))
    rows = read_csv(tmp_path, MAUTIC, *pairs, types=TYPES, form=form)
    assert rows.refused == []
    assert rows.properties == [
        {
            "first_name": "Ann",
            "lead_score": 42,
            "interests": ["crm", "email", "webinar"],
            "subscribed": True,
            "last_seen_at": "2026-03-01T09:30:00.000Z",
        },
        {"first_name": "Ben", "lead_score": 0, "subscribed": False},
        {"first_name": "=Carl", "lead_score": 5, "interests": ["crm"], "subscribed": True},
    ]
    careless = read_csv(tmp_path, MAUTIC, *pairs, types=TYPES)
    assert [line for line, _ in careless.refused] == [2]
    assert "--list-separator '|' for several" in careless.refused[0][1]


def test_mautic_has_dates_of_zeros_where_its_database_has_them(tmp_path: Path) -> None:
    content = MAUTIC.replace('"2026-03-01 09:30:00"', '"0000-00-00 00:00:00"')
    pairs = ("email=contact", "last_active=last_seen_at")
    zone = require_named_zone("UTC")
    ((line, reason),) = read_csv(tmp_path, content, *pairs, types=TYPES, form=CsvForm(zone=zone)).refused
    assert (line, reason.rpartition("; ")[2]) == (2, "--null '0000-00-00 00:00:00' makes it no value")
    form = CsvForm(zone=zone, null_words=frozenset(["0000-00-00 00:00:00"]))
    assert read_csv(tmp_path, content, *pairs, types=TYPES, form=form).properties[0] == {"last_seen_at": None}


def test_mautic_may_be_exported_with_semicolons_and_json_lists(tmp_path: Path) -> None:
    content = 'email;interests;newsletter\nann@example.com;"[""crm"",""email""]";y\nben@example.com;[];n\n'
    pairs = ("email=contact", "interests=interests", "newsletter=subscribed")
    rows = read_csv(tmp_path, content, *pairs, types=TYPES, form=CsvForm(delimiter=";"))
    assert rows.properties == [
        {"interests": ["crm", "email"], "subscribed": True},
        {"interests": [], "subscribed": False},
    ]

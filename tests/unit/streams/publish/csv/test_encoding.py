"""Files in the encodings that spreadsheets save: found by their mark or named, and never read as something else."""

from __future__ import annotations

from pathlib import Path

import pytest

from streams.errors import DataError, UsageError
from streams.publish.csv.encoding import require_encoding
from streams.publish.csv.form import CsvForm
from tests.harness.csv_files import CsvRows, read_csv

TEXT = "No;Stadt\r\nada;Köln\r\nbob;Łódź €\r\n"
PAIRS = ("No=contact", "Stadt=city")


def read(folder: Path, content: bytes, encoding: str | None = None) -> CsvRows:
    form = CsvForm(delimiter=";", encoding=None if encoding is None else require_encoding(encoding))
    return read_csv(folder, content, *PAIRS, form=form)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-32"])
def test_the_mark_of_a_file_says_its_encoding(tmp_path: Path, encoding: str) -> None:
    assert read(tmp_path, TEXT.encode(encoding)).properties == [{"city": "Köln"}, {"city": "Łódź €"}]


@pytest.mark.parametrize("mark", [b"\xff\xfe", b"\xfe\xff"])
def test_both_byte_orders_have_their_mark(tmp_path: Path, mark: bytes) -> None:
    encoding = "utf-16-le" if mark == b"\xff\xfe" else "utf-16-be"
    assert read(tmp_path, mark + TEXT.encode(encoding)).contacts == ["ada", "bob"]
    assert read(tmp_path, mark + TEXT.encode(encoding), "UTF-16").contacts == ["ada", "bob"]
    assert read(tmp_path, mark + TEXT.encode(encoding), encoding).contacts == ["ada", "bob"]


@pytest.mark.parametrize("name", ["utf-16", "utf-32"])
@pytest.mark.parametrize("byte_order", ["le", "be"])
def test_a_named_encoding_needs_no_mark(tmp_path: Path, name: str, byte_order: str) -> None:
    rows = read(tmp_path, TEXT.encode(f"{name}-{byte_order}"), name)
    assert rows.properties == [{"city": "Köln"}, {"city": "Łódź €"}]


@pytest.mark.parametrize("name", ["utf-16-le", "utf-32-be", "cp437", "cp1252", "shift-jis", "gb18030", "iso2022-jp"])
def test_bytes_that_an_encoding_does_not_have_cost_their_rows(tmp_path: Path, name: str) -> None:
    content = "No;Stadt\nada;Ulm\n".encode(name) + bytes(range(128, 256)) * 4 + "\nbob\n".encode(name)
    assert read(tmp_path, content, name).contacts == ["ada"]


@pytest.mark.parametrize(
    ("name", "letter"), [("latin-1", "é"), ("cp1252", "€"), ("iso-8859-15", "€"), ("cp437", "é")]
)
def test_an_encoding_is_named(tmp_path: Path, name: str, letter: str) -> None:
    rows = read(tmp_path, f"No;Stadt\nada;{letter}\n".encode(name), name)
    assert rows.properties == [{"city": letter}]


def test_a_file_without_mark_that_is_not_utf_8_costs_its_rows_and_says_what_to_type(tmp_path: Path) -> None:
    rows = read(tmp_path, "No;Stadt\nada;Köln\nbob;Ulm\n".encode("cp1252"))
    assert rows.contacts == ["bob"]
    assert rows.refused == [(2, "not UTF-8 text: byte 0xf6; files of Excel often need --encoding cp1252")]


def test_the_euro_in_a_file_called_latin_1_is_no_control_character(tmp_path: Path) -> None:
    content = "No;Stadt\nada;5 €\nbob;Köln\ncem;„Ulm“\n".encode("cp1252")
    rows = read(tmp_path, content, "latin-1")
    assert rows.properties == [{"city": "Köln"}]
    assert [reason for _, reason in rows.refused] == [
        "byte 0x80 is no character of Latin-1; is --encoding cp1252 meant?",
        "byte 0x84 is no character of Latin-1; is --encoding cp1252 meant?",
    ]


@pytest.mark.parametrize("encoding", ["cp1252", "latin-1", "iso-8859-15"])
def test_a_row_of_utf_8_is_not_read_as_something_else(tmp_path: Path, encoding: str) -> None:
    rows = read(tmp_path, b"No;Stadt\nada;" + "Köln".encode() + b"\nbob;Ulm\ncem;K\xf6ln\n", encoding)
    assert rows.properties == [{"city": "Ulm"}, {"city": "Köln"}]
    ((_, reason),) = rows.refused
    assert reason.endswith("and it is UTF-8 text; leave --encoding out")


def test_a_byte_that_the_encoding_does_not_know_costs_its_row(tmp_path: Path) -> None:
    rows = read(tmp_path, b"No;Stadt\nada;\x81\nbob;K\xf6ln\n", "cp1252")
    assert (rows.contacts, rows.refused) == (["bob"], [(2, "not cp1252 text: byte 0x81")])
    half = "No;Stadt\nada;".encode("utf-16") + b"\x00\xd8" + "x\nbob;Ulm\n".encode("utf-16-le")
    rows = read(tmp_path, half)
    assert (rows.contacts, rows.refused) == (["bob"], [(2, "not UTF-16 text: byte 0x00")])


@pytest.mark.parametrize(
    ("content", "encoding", "message"),
    [
        (TEXT.encode("utf-16-le"), None, "is no text in UTF-8; is --encoding utf-16-le meant"),
        (TEXT.encode("utf-16-be"), "cp1252", "is no text in cp1252; is --encoding utf-16-be meant"),
        (TEXT.encode("utf-8-sig"), "cp1252", "begins with the mark of UTF-8, and --encoding says cp1252; leave"),
        (b"PK\x03\x04\x14\x00", None, "is a workbook and no CSV; open it in the spreadsheet and save it as CSV"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1", "cp1252", "is a workbook and no CSV"),
        (TEXT.encode(), "utf-16", "is no text in UTF-16; leave --encoding out"),
        (TEXT.encode(), "utf-32-le", "is no text in UTF-32; leave --encoding out"),
        (TEXT.encode("utf-16-be"), "utf-16-le", "is no text in utf-16-le; is --encoding utf-16-be meant"),
        (TEXT.encode("utf-32-le"), "utf-32-be", "is no text in utf-32-be; is --encoding utf-32-le meant"),
        (TEXT.encode("utf-16"), "utf-8", "begins with the mark of UTF-16, and --encoding says utf-8; leave"),
    ],
)
def test_a_file_that_is_surely_something_else_is_refused(
    tmp_path: Path, content: bytes, encoding: str | None, message: str
) -> None:
    with pytest.raises(DataError, match=message):
        read(tmp_path, content, encoding)


@pytest.mark.parametrize("name", ["utf-7", "base64", "rot13", "idna", "unicode_escape", "windows", ""])
def test_what_is_no_encoding_of_files_is_refused(name: str) -> None:
    with pytest.raises(UsageError, match="is no encoding; there are utf-8, utf-16, latin-1, cp1252"):
        require_encoding(name)

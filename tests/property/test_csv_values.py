"""What is written in a form and read by its options is the same again: numbers, times, encodings, ids."""

from __future__ import annotations

import tempfile
from datetime import UTC, datetime, timedelta
from pathlib import Path

from hypothesis import assume, given, settings
from hypothesis import strategies as st

from schemas.time_zones import require_zone
from schemas.values import instant_ms, instant_text, normalize_contact_id
from streams.publish.csv.form import CsvForm
from streams.publish.csv.numbers import DecimalMark, read_number
from streams.publish.csv.times import TimeReader
from tests.harness.csv_files import read_csv

EXAMPLES = settings(max_examples=300, deadline=None)
MARKS: tuple[DecimalMark, ...] = (".", ",")
marks = st.sampled_from(MARKS)
groups = st.sampled_from(["", "mark", " ", "\u00a0", "\u202f", "'"])
instants = st.datetimes(datetime(1901, 1, 1), datetime(2998, 12, 31), timezones=st.just(UTC))  # noqa: DTZ001


def written(whole: int, fraction: str, decimal: DecimalMark, group: str) -> str:
    """Returns a number as a spreadsheet shows it."""
    separator = {"mark": "." if decimal == "," else ","}.get(group, group)
    text = f"{whole:,}".replace(",", separator)
    return f"{text}{decimal}{fraction}" if fraction else text


@EXAMPLES
@given(st.integers(-(10**15), 10**15), st.from_regex(r"\A[0-9]{0,6}\Z"), marks, groups)
def test_a_number_is_read_as_it_is_written(whole: int, fraction: str, decimal: DecimalMark, group: str) -> None:
    expected = float(f"{whole}.{fraction}") if fraction else whole
    text = written(whole, fraction, decimal, group)
    assert read_number(text, decimal) == expected


@EXAMPLES
@given(st.integers(-(10**7), 10**7), st.from_regex(r"\A[0-9]{0,4}\Z"), marks, groups)
def test_without_the_mark_a_number_is_never_another_one(
    whole: int, fraction: str, decimal: DecimalMark, group: str
) -> None:
    expected = float(f"{whole}.{fraction}") if fraction else whole
    try:
        number = read_number(written(whole, fraction, decimal, group))
    except ValueError:
        return
    assert number == expected


@EXAMPLES
@given(st.floats(allow_nan=False, allow_infinity=False))
def test_a_number_of_json_is_itself_or_asks_for_the_mark(number: float) -> None:
    assert read_number(repr(number), ".") == number


FORMATS = ("%d.%m.%Y %H:%M:%S", "%m/%d/%Y %I:%M:%S %p", "%Y-%m-%d %H:%M:%S", "%d %b %Y %H:%M:%S", "%j/%Y %H:%M:%S")


@EXAMPLES
@given(
    instants, st.sampled_from(FORMATS), st.sampled_from(["UTC", "Europe/Berlin", "America/St_Johns", "Asia/Tokyo"])
)
def test_a_local_time_is_the_instant_that_it_was_written_at(moment: datetime, format_: str, zone_name: str) -> None:
    moment, zone = moment.replace(microsecond=0), require_zone(zone_name)
    local = moment.astimezone(zone)
    assume(local.fold == 0)  # of a doubled time the first is meant
    # `%Y` writes years before 1000 without zeros: the range of the examples has none.
    read = TimeReader([format_], zone).read_instant(local.strftime(format_))
    assert instant_ms(read) == (moment - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(milliseconds=1)


@EXAMPLES
@given(st.integers(-2_000_000_000_000, 32_000_000_000_000))
def test_a_unix_time_is_its_instant(milliseconds: int) -> None:
    assert TimeReader(["unix-ms"]).read_instant(str(milliseconds)) == instant_text(milliseconds)
    sign, (seconds, rest) = "-" if milliseconds < 0 else "", divmod(abs(milliseconds), 1_000)
    assert TimeReader(["unix"]).read_instant(f"{sign}{seconds}.{rest:03}") == instant_text(milliseconds)


def is_utf_8(content: bytes) -> bool:
    return "\ufffd" not in content.decode(errors="replace")


@settings(max_examples=150, deadline=None)
@given(
    st.text(min_size=1, max_size=40),
    st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "utf-32", "cp1252", "cp437", "shift_jis"]),
    st.sampled_from([",", ";", "\t", "|"]),
)
def test_a_text_comes_out_of_its_encoding_as_it_went_in(text: str, encoding: str, delimiter: str) -> None:
    try:
        quoted = '"' + text.replace('"', '""') + '"'
        content = f"No{delimiter}Text\r\nada{delimiter}{quoted}\r\n".encode(encoding)
        assume(content.decode(encoding).endswith(f"{quoted}\r\n"))
    except UnicodeError:
        assume(False)
    assume(encoding != "cp1252" or text.isascii() or not is_utf_8(content))
    assume(text.strip() and not text.strip().startswith(("=", "#")))
    named = None if encoding.startswith("utf") else encoding
    with tempfile.TemporaryDirectory() as folder:
        rows = read_csv(
            Path(folder), content, "No=contact", "Text=t:text", form=CsvForm(delimiter=delimiter, encoding=named)
        )
    assert (rows.properties, rows.refused) == ([{"t": text.strip()}], [])


@EXAMPLES
@given(st.text(max_size=60))
def test_a_normal_id_is_normal(text: str) -> None:
    normal = normalize_contact_id(text)
    assert normalize_contact_id(normal) == normal
    assert normalize_contact_id(f" {text}\t") == normal

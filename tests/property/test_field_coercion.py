"""Whatever value a contact has: what is written fits the field of the org, and the stand-in org takes it."""

from __future__ import annotations

import json
import unicodedata
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from hypothesis import assume, example, given
from hypothesis import strategies as st

from connectors.salesforce.handover.coercion import coerce, cut, is_missing
from connectors.salesforce.handover.descriptions import FieldDescription
from connectors.salesforce_sandbox.records.field_values import convert_value
from connectors.salesforce_sandbox.records.schema import FIELD_TYPES, SObjectField
from schemas.values import instant_ms

ZONES = st.sampled_from(["UTC", "America/New_York", "Asia/Kolkata", "Pacific/Apia"]).map(ZoneInfo)
CHARACTERS = st.characters(exclude_categories=["Cs"])
TEXTS = st.text(CHARACTERS, max_size=30) | st.sampled_from(
    [
        "ada@example.com",
        "a b@c.d",
        "2026-03-01",
        "2026-03-01T02:00:00Z",
        "0001-01-01T00:00:00+14:00",
        "9999-12-31T23:59:59-12:00",
        "9999-12-31t23:59:60z",
        "20260301",
        "12.50",
        "1e400",
        "-1e-400",
        "NaN",
        "0x1F",
        "1_000",
        "٣",
        "true",
        "No",
        "Web;Other",
        "web",
        "00Q5A000000SPR1",
        "00Q5A000000SPR1QAO",
        "00Q5A000000SPR1___",
        "e\u0301" * 20,
        "👩‍👩‍👧‍👦" * 5,
        "🇩🇪" * 9,
        "각" * 9,
        " \x00 ",
    ]
)
SCALARS = TEXTS | st.booleans() | st.integers() | st.floats(allow_nan=True) | st.none()
VALUES: st.SearchStrategy[Any] = (
    SCALARS | st.lists(SCALARS, max_size=4) | st.dictionaries(st.text(max_size=3), SCALARS, max_size=2)
)


@st.composite
def org_fields(draw: st.DrawFn) -> SObjectField:
    kind = draw(st.sampled_from([each for each in FIELD_TYPES if each != "id"]))
    precision = draw(st.integers(0, 18))
    picklist = kind in ("picklist", "multipicklist")
    return SObjectField(
        "F__c",
        kind,
        length=draw(st.sampled_from([0, 1, 2, 5, 11, 18, 80, 255])),
        precision=precision,
        scale=0 if kind == "int" else draw(st.integers(0, precision)),
        restricted=picklist and draw(st.booleans()),
        picklist=("Web", "Other", "Ö") if picklist else (),
    )


@given(VALUES, org_fields(), ZONES)
@example(1e308, SObjectField("F__c", "double"), ZoneInfo("UTC"))
@example(2**31, SObjectField("F__c", "int"), ZoneInfo("UTC"))
def test_what_is_written_fits_and_the_org_takes_it(value: Any, org_field: SObjectField, zone: ZoneInfo) -> None:
    field = FieldDescription.from_document(org_field.describe())
    fitted = coerce(value, field, zone)
    if fitted.value is not None:
        assert convert_value(org_field, fitted.value) == convert_value(
            org_field, json.loads(json.dumps(fitted.value))
        )
        again = coerce(fitted.value, field, zone)
        assert (again.value, again.note) == (fitted.value, None)
    assert fitted.note is None or (fitted.note.note == "left_out") == (fitted.value is None)
    if is_missing(value):
        assert (fitted.value, fitted.note) == (None, None)


@given(st.text(CHARACTERS, min_size=8, max_size=30), org_fields())
def test_a_note_never_holds_the_value(secret: str, org_field: SObjectField) -> None:
    field = FieldDescription.from_document(org_field.describe())
    note = coerce(secret, field).note
    assume(note is not None and secret.strip())
    assert note is not None
    assert secret.strip() not in note.reason


@given(TEXTS, st.integers(1, 40))
@example("e\u0301e\u0301", 3)
@example("a👩‍👧b", 4)
@example("🇩🇪🇫🇷", 6)
def test_a_cut_ends_between_two_characters(text: str, length: int) -> None:
    shorter = cut(text, length)
    assert text.startswith(shorter)
    assert len(shorter.encode("utf-16-le")) // 2 <= length
    rest = text[len(shorter) :]
    if shorter != text and rest and not rest[0].isspace():
        assert not unicodedata.combining(rest[0])
        assert rest[0] != "\u200d"
        assert not shorter.endswith("\u200d")
    if len(text.encode("utf-16-le")) // 2 <= length:
        assert shorter == text


@st.composite
def instants(draw: st.DrawFn) -> str:
    """An instant in any of the forms that RFC 3339 has."""
    moment = draw(st.datetimes(datetime(1800, 1, 1), datetime(3900, 1, 1)))  # noqa: DTZ001 - its offset is drawn
    clock = moment.strftime(draw(st.sampled_from(["%H:%M:%S", "%H:%M:60"])))
    fraction = draw(st.sampled_from(["", ".1", ".25", ".999999999"]))
    offset = draw(st.sampled_from(["Z", "z", "+00:00", "-03:30", "+14:00"]))
    return f"{moment.date().isoformat()}{draw(st.sampled_from('Tt '))}{clock}{fraction}{offset}"


@given(instants(), ZONES)
def test_every_instant_that_conditions_know_reaches_a_field_as_that_instant(text: str, zone: ZoneInfo) -> None:
    fitted = coerce(text, FieldDescription("F", "datetime"), zone)
    assert isinstance(fitted.value, str), fitted.note
    assert instant_ms(fitted.value) == instant_ms(text) // 1_000 * 1_000

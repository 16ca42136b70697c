"""Values are made to fit the fields of the org."""

from __future__ import annotations

from typing import Any
from zoneinfo import ZoneInfo

import pytest

from connectors.salesforce.handover.coercion import coerce, cut
from connectors.salesforce.handover.descriptions import FieldDescription

TEXT = FieldDescription("F", "string", 5)
PICKLIST = FieldDescription("F", "picklist", 40, values=("Web", "Phone"), restricted=True)
OPEN_PICKLIST = FieldDescription("F", "picklist", 5, values=("Web",))
SEVERAL = FieldDescription("F", "multipicklist", 9, values=("Web", "Phone", "Fair"), restricted=True)
MONEY = FieldDescription("F", "currency", precision=6, scale=2)
COUNT = FieldDescription("F", "int", precision=3)
TOKYO = ZoneInfo("Asia/Tokyo")


@pytest.mark.parametrize(
    ("field", "value", "written", "note"),
    [
        (TEXT, "abc", "abc", None),
        (TEXT, "  abc ", "abc", None),
        (TEXT, "abcdefg", "abcde", "cut"),
        (TEXT, "abcd efg", "abcd", "cut"),
        (TEXT, "   ", None, None),
        (TEXT, [], None, None),
        (TEXT, 3.0, "3", None),
        (TEXT, True, "true", None),
        (TEXT, ["a", "b"], "a;b", None),
        (TEXT, "👩‍👩‍👧", None, "left_out"),
        (FieldDescription("F", "textarea"), {"b": 1, "a": "ü"}, '{"a": "ü", "b": 1}', None),
        (FieldDescription("F", "email", 80), "a@b.example", "a@b.example", None),
        (FieldDescription("F", "email", 80), "a at b", None, "left_out"),
        (FieldDescription("F", "email", 9), "a@b.example", None, "left_out"),
        (FieldDescription("F", "phone", 5), "123456", None, "left_out"),
        (FieldDescription("F", "url", 5), ["a"], None, "left_out"),
        (FieldDescription("F", "reference", 18), "0055A000000000B", "0055A000000000BQAQ", None),
        (FieldDescription("F", "reference", 18), "0055A000000000BXXX", None, "left_out"),
        (FieldDescription("F", "reference", 18), "nobody", None, "left_out"),
        (PICKLIST, "web", "Web", None),
        (PICKLIST, "Fax", None, "left_out"),
        (OPEN_PICKLIST, "Fax", "Fax", None),
        (SEVERAL, ["web", "Fair", "web"], "Web;Fair", None),
        (SEVERAL, "web; fax", "Web", "cut"),
        (SEVERAL, ["Phone", "Fair"], "Phone", "cut"),
        (SEVERAL, ["fax"], None, "left_out"),
        (MONEY, 12, 12, None),
        (MONEY, "12.345", 12.35, "cut"),
        (MONEY, 9999.999, None, "left_out"),
        (MONEY, "12,50", None, "left_out"),
        (MONEY, True, None, "left_out"),
        (MONEY, float("nan"), None, "left_out"),
        (COUNT, 3.5, 4, "cut"),
        (COUNT, 1000, None, "left_out"),
        (FieldDescription("F", "double"), 0.1, 0.1, None),
        (FieldDescription("F", "boolean"), "Yes", True, None),
        (FieldDescription("F", "boolean"), 0, False, None),
        (FieldDescription("F", "boolean"), "maybe", None, "left_out"),
        (FieldDescription("F", "date"), "2026-02-28T20:00:00Z", "2026-03-01", None),
        (FieldDescription("F", "date"), "2026-02-30", None, "left_out"),
        (FieldDescription("F", "date"), "1066-10-14", None, "left_out"),
        (FieldDescription("F", "datetime"), "2026-03-01", "2026-02-28T15:00:00.000Z", None),
        (FieldDescription("F", "datetime"), "2026-03-01T09:00:00", "2026-03-01T00:00:00.000Z", None),
        (FieldDescription("F", "datetime"), 1_772_000_000, None, "left_out"),
        (FieldDescription("F", "datetime"), "2026-03-01t09:30:00z", "2026-03-01T09:30:00.000Z", None),
        (FieldDescription("F", "datetime"), "2026-03-01t09:30:00.5+02:00", "2026-03-01T07:30:00.000Z", None),
        (FieldDescription("F", "datetime"), "2016-12-31T23:59:60Z", "2017-01-01T00:00:00.000Z", None),
        (FieldDescription("F", "datetime"), "2016-12-31T23:59:61Z", None, "left_out"),
        (FieldDescription("F", "datetime"), "0001-01-01T00:00:00+05:00", None, "left_out"),
        (FieldDescription("F", "date"), "2016-12-31T14:59:60Z", "2017-01-01", None),
        (FieldDescription("F", "location"), "1,2", None, "left_out"),
    ],
)
def test_a_value_is_made_to_fit_cut_or_left_out(
    field: FieldDescription, value: Any, written: Any, note: str | None
) -> None:
    fitted = coerce(value, field, TOKYO)
    assert (fitted.value, type(fitted.value)) == (written, type(written))
    assert (fitted.note.note if fitted.note is not None else None) == note


@pytest.mark.parametrize(
    ("text", "length", "shorter"),
    [
        ("héllo", 2, "hé"),
        ("he\u0301llo", 2, "h"),
        ("he\u0301llo", 3, "he\u0301"),
        ("a😀b", 2, "a"),
        ("a😀b", 3, "a😀"),
        ("👍🏽!", 3, ""),
        ("🇩🇪🇫🇷", 6, "🇩🇪"),
        ("\u1100\u1161\u11a8\u1100\u1161", 4, "\u1100\u1161\u11a8"),
        ("a\r\nb", 2, "a"),
    ],
)
def test_a_character_stays_whole(text: str, length: int, shorter: str) -> None:
    assert cut(text, length) == shorter

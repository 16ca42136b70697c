"""When a field is written: at creation, while it is empty, or when our value changes."""

from __future__ import annotations

from typing import Any

import pytest

from connectors.salesforce.handover.descriptions import FieldDescription
from connectors.salesforce.handover.field_rules import (
    RecordState,
    digests_text,
    parse_digests,
    plan_fields,
    value_digest,
)
from schemas.definitions import LeadField

DESCRIPTION = {"F": FieldDescription("F", "string", 20)}
NEW = RecordState()
OURS = value_digest("ours")
MATCHED = RecordState(exists=True, present={"F": "theirs"})


def existing(present: str | None, **written: str) -> RecordState:
    return RecordState(exists=True, present={"F": present}, digests=written, was_written=True)


@pytest.mark.parametrize(
    ("source", "state", "values"),
    [
        ({"property": "p"}, NEW, {"F": "ours"}),
        ({"property": "none", "default": "d"}, NEW, {"F": "d"}),
        ({"property": "none"}, NEW, {}),
        ({"value": "v", "write": "empty"}, NEW, {"F": "v"}),
        ({"property": "p"}, existing("theirs", F=OURS), {}),
        ({"property": "p"}, existing("theirs", F="other"), {"F": "ours"}),
        ({"property": "p"}, existing("theirs"), {"F": "ours"}),
        ({"property": "p"}, MATCHED, {"F": "ours"}),
        ({"property": "none", "default": "d"}, existing(None), {}),
        ({"property": "p", "write": "create"}, existing(None), {}),
        ({"property": "p", "write": "empty"}, existing("theirs"), {}),
        ({"property": "p", "write": "empty"}, existing(None, F=OURS), {"F": "ours"}),
        ({"value": "v"}, existing(None), {}),
        ({"value": "v", "write": "always"}, existing("theirs", F=OURS), {"F": "v"}),
    ],
)
def test_the_rule_of_a_field_decides(source: dict[str, Any], state: RecordState, values: dict[str, str]) -> None:
    changes = plan_fields({"F": LeadField(**source)}, {"p": "ours"}, state, DESCRIPTION)
    assert changes.values == values
    assert set(values) <= set(changes.digests)


def test_a_property_without_value_keeps_its_digest() -> None:
    changes = plan_fields({"F": LeadField(property="p")}, {}, existing("theirs", F=OURS), DESCRIPTION)
    assert (changes.values, changes.digests) == ({}, {"F": OURS})


def test_a_value_that_does_not_fit_a_new_record_gives_way_to_the_default() -> None:
    description = {"F": FieldDescription("F", "email", 80)}
    fields = {"F": LeadField(property="p", default="none@example.com")}
    changes = plan_fields(fields, {"p": "nonsense"}, NEW, description)
    assert changes.values == {"F": "none@example.com"}
    assert [note.note for note in changes.notes] == ["left_out"]


@pytest.mark.parametrize("text", [None, "", "nonsense", "[1]", "3", '{"F": '])
def test_what_is_no_digest_is_read_as_none(text: str | None) -> None:
    assert parse_digests(text) is None


def test_digests_are_read_as_they_are_written() -> None:
    assert parse_digests(digests_text({"B": "1", "A": "2"})) == {"A": "2", "B": "1"}
    assert value_digest(1) == value_digest(1.0) != value_digest("1")

"""Random histories of hand-overs and of people's edits: what people typed stays, and ours arrives."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from hypothesis import given
from hypothesis import strategies as st

from connectors.salesforce.handover.descriptions import FieldDescription
from connectors.salesforce.handover.field_rules import (
    FieldChanges,
    RecordState,
    digests_text,
    parse_digests,
    plan_fields,
)
from schemas.definitions import FieldWrite, LeadField

NAMES = ("A", "B")
DESCRIPTION = {name: FieldDescription(name, "string", 6) for name in NAMES}
WRITES: st.SearchStrategy[FieldWrite | None] = st.sampled_from([None, "create", "empty", "always"])
TEXTS = st.sampled_from(["x", "y", "longer than six", "longer than seven"])
FIELDS = st.builds(
    lambda source, write, default: LeadField(**source, write=write, default=default),
    st.sampled_from([{"property": "a"}, {"property": "b"}, {"value": "fixed"}]),
    WRITES,
    st.none() | st.just("unknown"),
)
HAND_OVERS = st.dictionaries(st.sampled_from(["a", "b"]), st.none() | st.just(" ") | TEXTS)
EDITS = st.tuples(st.sampled_from(NAMES), st.sampled_from([None, "typed", "x"]))
HISTORIES = st.lists(HAND_OVERS | EDITS, min_size=1, max_size=8)


@dataclass
class RecordInOrg:
    """A record, and its digests as text, as an org has them."""

    values: dict[str, Any] = field(default_factory=dict)
    exists: bool = False
    text: str | None = None

    def state(self) -> RecordState:
        return RecordState(self.exists, dict(self.values), parse_digests(self.text), self.exists)

    def take(self, changes: FieldChanges) -> None:
        self.values.update(changes.values)
        self.exists, self.text = True, digests_text(changes.digests)


@dataclass
class RuleModel:
    """The rules of SPEC section 8 in other words: what was last written by us, kept as it is, not as digests."""

    fields: Mapping[str, LeadField]
    values: dict[str, Any] = field(default_factory=dict)
    ours: dict[str, Any] = field(default_factory=dict)
    exists: bool = False

    def hand_over(self, properties: Mapping[str, Any]) -> None:
        for name, source in self.fields.items():
            wanted: Any = source.value if source.value is not None else properties.get(str(source.property))
            wanted = (wanted or "").strip()[:6].strip() or None
            rule: Literal["create", "empty", "always"] = source.write or ("create" if source.value else "always")
            if not self.exists:
                wanted = wanted or (str(source.default)[:6] if source.default else None)
            elif (
                rule == "create"
                or (rule == "empty" and self.values.get(name))
                or (rule == "always" and self.ours.get(name) == wanted)
            ):
                continue
            if wanted:
                self.values[name] = self.ours[name] = wanted
        self.exists = True


@given(st.fixed_dictionaries(dict.fromkeys(NAMES, FIELDS)), HISTORIES)
def test_a_history_ends_in_what_the_rules_allow(fields: dict[str, LeadField], history: list[Any]) -> None:
    org, rules = RecordInOrg(), RuleModel(fields)
    for step in history:
        if isinstance(step, tuple):
            if org.exists:
                org.values[step[0]] = rules.values[step[0]] = step[1]
            continue
        org.take(plan_fields(fields, step, org.state(), DESCRIPTION))
        rules.hand_over(step)
        assert {name: org.values.get(name) for name in NAMES} == {name: rules.values.get(name) for name in NAMES}


@given(st.fixed_dictionaries(dict.fromkeys(NAMES, FIELDS)), st.lists(HAND_OVERS, min_size=1, max_size=5))
def test_hand_overs_in_one_write_come_to_the_same_as_one_after_the_other(
    fields: dict[str, LeadField], batch: list[dict[str, Any]]
) -> None:
    one_by_one, state, values = RecordInOrg(), RecordState(), dict[str, Any]()
    for properties in batch:
        one_by_one.take(plan_fields(fields, properties, one_by_one.state(), DESCRIPTION))
        changes = plan_fields(fields, properties, state, DESCRIPTION)
        values.update(changes.values)
        state = changes.apply_to(state)
    assert (values, digests_text(state.digests or {})) == (one_by_one.values, one_by_one.text)


@given(
    st.fixed_dictionaries(dict.fromkeys(NAMES, FIELDS)), HAND_OVERS, st.dictionaries(st.sampled_from(NAMES), TEXTS)
)
def test_a_record_of_the_former_release_loses_nothing_at_the_next_hand_over(
    fields: dict[str, LeadField], properties: dict[str, Any], present: dict[str, Any]
) -> None:
    former = RecordState(exists=True, present=present, was_written=True)
    changes = plan_fields(fields, properties, former, DESCRIPTION)
    assert not set(changes.values) & set(present)
    again = plan_fields(fields, properties, changes.apply_to(former), DESCRIPTION)
    assert not again.values


@given(
    st.fixed_dictionaries(dict.fromkeys(NAMES, FIELDS)), HAND_OVERS, st.dictionaries(st.sampled_from(NAMES), TEXTS)
)
def test_an_object_without_digests_gets_only_empty_fields(
    fields: dict[str, LeadField], properties: dict[str, Any], present: dict[str, Any]
) -> None:
    state = RecordState(exists=True, present=present, was_written=True, keeps_digests=False)
    assert not set(plan_fields(fields, properties, state, DESCRIPTION).values) & set(present)

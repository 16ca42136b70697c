"""Outputs written from templates have the bytes of their definitions, whatever is in their fields."""

from __future__ import annotations

from hashlib import blake2b
from typing import Any

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import TypeAdapter

from schemas.conditions import Condition
from schemas.values import instant_text, points_from_millionths
from streams.engine.conditions.compile import compile_condition
from streams.engine.conditions.protocols import CompileScope
from streams.engine.decisions.output_builder import OutputBuilder
from streams.engine.decisions.outputs import (
    JournalPosition,
    MembershipRow,
    OutputBody,
    OutputCause,
    OutputNumber,
    SegmentChange,
)
from streams.engine.releases.deciding_leaves import MAX_LEAF_PATTERNS, LazyExplainer, compile_explainer
from streams.engine.state.contact import Contact
from streams.engine.state.contact_rows import is_row_changed, row_fields
from streams.engine.state.limits import MAX_OUTPUT_LEAVES
from tests.harness.engine.conditions import NOW, contact, evaluation_context

_CONDITION: TypeAdapter[Condition] = TypeAdapter(Condition)

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=12) | st.sampled_from(
    ['"', "\\", "%s", "{}", "\x00", "\x7f", "\u2028", "é", "💡", 'a"},"cause":']
)
scalars = st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.floats(allow_nan=False) | texts
documents = st.dictionaries(texts, scalars | st.lists(scalars, max_size=2), max_size=3)
causes = st.builds(
    OutputCause,
    kind=st.sampled_from(["event", "clock", "command", "definition"]),
    event=st.just("") | texts,
    release=st.integers(0, 2**40),
    rule=st.just("") | texts,
    late=st.booleans(),
)
instants = st.integers(-62_135_596_800_000, 253_402_300_799_999)
changes = st.tuples(texts, st.booleans(), st.lists(documents, max_size=3))


def expected_bytes(body: OutputBody, at: int, subject: str, number: OutputNumber) -> bytes:
    """The JSON that msgspec makes of a body, with its id as the specification has it."""
    cause = body.cause
    parts = (body.account, body.contact, body.type, subject, str(at))
    reason = (cause.kind, cause.event, str(cause.release), cause.rule)
    body.id = blake2b("\x1f".join((*parts, *reason)).encode(), digest_size=16).hexdigest()
    body.number = number
    return msgspec.json.encode(body)


@settings(max_examples=400, deadline=None)
@given(texts, texts, st.lists(causes, min_size=1, max_size=2), st.lists(instants, min_size=1, max_size=2), st.data())
def test_segment_changes_are_written_as_they_are_defined(
    account: str, name: str, some_causes: list[OutputCause], some_instants: list[int], data: st.DataObject
) -> None:
    position = data.draw(st.builds(JournalPosition, st.integers(0, 1_000), st.integers(0, 2**62)))
    builder = OutputBuilder(position, Contact(account, name, 0, 0, 0))
    expected: list[tuple[str, bytes, bytes | None]] = []
    ordinal = 0
    for segment, is_entry, leaves in data.draw(st.lists(changes, min_size=1, max_size=4)):
        cause, at = data.draw(st.sampled_from(some_causes)), data.draw(st.sampled_from(some_instants))
        builder.add_segment_change(segment, is_entry, at, cause, msgspec.json.encode(leaves) if leaves else b"")
        own_cause = msgspec.structs.replace(cause, leaves=tuple(leaves))
        common: dict[str, Any] = {"account": account, "contact": name, "cause": own_cause, "segment": segment}
        kind = "segment.entered" if is_entry else "segment.exited"
        change = SegmentChange(type=kind, at=instant_text(at), **common)
        value = expected_bytes(change, at, segment, OutputNumber(position.partition, position.offset, ordinal))
        expected.append(("segment-changes", f"{account}/{name}".encode(), value))
        row = None
        if is_entry:
            ordinal += 1
            member = MembershipRow(type="segment.member", at=instant_text(at), since=instant_text(at), **common)
            row = expected_bytes(member, at, segment, OutputNumber(position.partition, position.offset, ordinal))
        expected.append(("segment-members", f"{account}/{segment}/{name}".encode(), row))
        ordinal += 1
    assert [(output.topic, output.key, output.value) for output in builder.outputs] == expected


class ContactTableRow(OutputBody, kw_only=True):
    status: str
    properties: dict[str, Any]
    score: float
    scores: dict[str, float]
    created: str
    last_seen: str | None


points = st.integers(-(2**60), 2**60)
contacts = st.builds(
    Contact,
    account=texts,
    id=texts,
    created=instants,
    clock=st.just(0),
    settled=st.just(0),
    status=st.sampled_from(["active", "bounced"]),
    properties=documents,
    score=points,
    scores=st.dictionaries(texts, points),
    last_activity=st.none() | instants,
)


@settings(max_examples=400, deadline=None)
@given(contacts, causes, instants)
def test_rows_of_contacts_are_written_as_they_are_defined(ada: Contact, cause: OutputCause, at: int) -> None:
    builder = OutputBuilder(JournalPosition(3, 9), ada)
    builder.add_contact_row(at, cause)
    row = ContactTableRow(
        account=ada.account,
        contact=ada.id,
        at=instant_text(at),
        cause=cause,
        type="contact",
        status=ada.status,
        properties=ada.properties,
        score=points_from_millionths(ada.score),
        scores={name: points_from_millionths(value) for name, value in ada.scores.items()},
        created=instant_text(ada.created),
        last_seen=None if ada.last_activity is None else instant_text(ada.last_activity),
    )
    value = expected_bytes(row, at, "", OutputNumber(3, 9, 0))
    assert [(output.topic, output.key, output.value) for output in builder.outputs] == [
        ("contacts", f"{ada.account}/{ada.id}".encode(), value)
    ]


names = st.sampled_from("abc")
alike = st.sampled_from([0, 0.0, -0.0, False, 1, 1.0, True, "1", "", None])
nested = alike | st.lists(alike, max_size=2) | st.dictionaries(names, alike, max_size=2)
property_values = st.dictionaries(names, nested, max_size=3)


@settings(max_examples=400, deadline=None)
@given(property_values, property_values, st.sets(names))
def test_a_row_is_changed_where_its_json_is(before: dict[str, Any], patch: dict[str, Any], kept: set[str]) -> None:
    ada = contact(properties=before)
    fields = row_fields(ada)
    again = msgspec.json.decode(msgspec.json.encode(before))
    ada.properties = {**before, **{name: again[name] for name in kept & again.keys()}, **patch}
    encode = msgspec.json.Encoder(order="deterministic").encode
    assert is_row_changed(fields, ada) is (encode(before) != encode(ada.properties))


LEAF_NAMES = "abcdefghijklmnopqrstuvwxy"  # more than an output names
leaf_documents = st.sampled_from(LEAF_NAMES).map(lambda name: {"property": name, "exists": True})
trees = st.recursive(
    leaf_documents,
    lambda parts: st.one_of(
        st.fixed_dictionaries({"all": st.lists(parts, max_size=4)}),
        st.fixed_dictionaries({"any": st.lists(parts, max_size=4)}),
        st.fixed_dictionaries({"not": parts}),
    ),
    max_leaves=12,
)
wide_trees = st.sampled_from(["all", "any"]).map(
    lambda kind: {kind: [{"property": name, "exists": True} for name in LEAF_NAMES]}
)


def truth_and_leaves(tree: dict[str, Any], present: set[str]) -> tuple[bool, list[dict[str, Any]]]:
    """Whether a tree holds for these properties, and every leaf that decided, by the rule as it is written."""
    if "property" in tree:
        return tree["property"] in present, [tree]
    if "not" in tree:
        holds, leaves = truth_and_leaves(tree["not"], present)
        return not holds, leaves
    decisive = "any" in tree
    children = [truth_and_leaves(child, present) for child in tree["any" if decisive else "all"]]
    deciding = [child for child in children if child[0] is decisive]
    leaves = [leaf for child in deciding or children for leaf in child[1]]
    return decisive if deciding else not decisive, leaves


@settings(max_examples=200, deadline=None)
@given(trees | wide_trees, st.lists(st.sets(st.sampled_from(LEAF_NAMES)), min_size=1, max_size=4 * MAX_LEAF_PATTERNS))
def test_the_leaves_that_decided(tree: dict[str, Any], contacts: list[set[str]]) -> None:
    condition = _CONDITION.validate_python(tree)
    scope = CompileScope("UTC", {})
    explainer = LazyExplainer(lambda: compile_explainer(condition, lambda leaf: compile_condition(leaf, scope).node))
    for present in contacts:
        ada = contact(properties=dict.fromkeys(present, 1))
        holds, all_leaves = truth_and_leaves(tree, present)
        leaves = all_leaves[:MAX_OUTPUT_LEAVES]
        text = explainer.deciding_leaves(evaluation_context(ada, NOW), holds)
        assert text == (msgspec.json.encode(leaves) if leaves else b"")
    assert len(explainer.texts) <= MAX_LEAF_PATTERNS

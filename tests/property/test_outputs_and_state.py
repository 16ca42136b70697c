"""The outputs add up to the state: each change continues the one before, and the tables equal the rows."""

from __future__ import annotations

import random
from typing import Any

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.values import MILLION, instant_text, points_from_millionths
from streams.engine.conditions.protocols import EvaluationContext
from streams.engine.releases.compile import compile_release
from streams.engine.state.applied_ids import is_chunk_key
from streams.engine.state.contact import Contact, decode_contact
from tests.property.test_transaction_sizes import CommittedState, decide_one_by_one, journal_of, lookup

Key = tuple[str, str, str]
CONTACT_FIELDS = ("status", "properties", "score", "scores", "created", "last_seen")


def contacts_of(committed: CommittedState) -> list[Contact]:
    return [decode_contact(row) for key, row in committed.rows.items() if row is not None and not is_chunk_key(key)]


def bodies(committed: CommittedState, topic: str) -> list[dict[str, Any]]:
    return [msgspec.json.decode(value) for name, _, value in committed.outputs if name == topic and value]


def table(committed: CommittedState, topic: str) -> dict[str, dict[str, Any]]:
    rows: dict[str, dict[str, Any]] = {}
    for name, key, value in committed.outputs:
        if name == topic and value is None:
            del rows[key.decode()]  # a tombstone needs a row
        elif name == topic and value is not None:
            rows[key.decode()] = msgspec.json.decode(value)
    return rows


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 10**9), st.booleans())
def test_segment_changes_alternate_and_their_table_equals_the_state(seed: int, wall: bool) -> None:
    committed = decide_one_by_one(journal_of(random.Random(seed), 60, wall))
    inside: set[Key] = set()
    for change in bodies(committed, "segment-changes"):
        key = (change["account"], change["segment"], change["contact"])
        assert (key in inside) == (change["type"] == "segment.exited")
        inside ^= {key}
    rows = table(committed, "segment-members")
    stored = {(c.account, name, c.id): since for c in contacts_of(committed) for name, since in c.members.items()}
    assert inside == set(stored) == {(row["account"], row["segment"], row["contact"]) for row in rows.values()}


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 10**9), st.booleans())
def test_lead_changes_form_a_chain_and_their_table_equals_the_state(seed: int, wall: bool) -> None:
    committed = decide_one_by_one(journal_of(random.Random(seed), 60, wall))
    status: dict[Key, str] = {}
    points: dict[Key, float] = {}
    for change in bodies(committed, "lead-changes"):
        key = (change["account"], change["campaign"], change["contact"])
        if change["type"] == "lead.status_changed":
            assert status.get(key) == change["from"] != change["to"]
            status[key] = change["to"]
        else:
            assert status[key] in ("active", "duplicate")
        points[key] = change["points"]
    rows = table(committed, "leads")
    stored = {(c.account, name, c.id): lead for c in contacts_of(committed) for name, lead in c.leads.items()}
    assert status == {key: lead.status for key, lead in stored.items()}
    assert status == {(r["account"], r["campaign"], r["contact"]): r["status"] for r in rows.values()}
    assert points == {(r["account"], r["campaign"], r["contact"]): r["points"] for r in rows.values()}


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 10**9), st.booleans())
def test_rows_of_contacts_each_show_something_new_and_their_table_equals_the_state(seed: int, wall: bool) -> None:
    committed = decide_one_by_one(journal_of(random.Random(seed), 60, wall))
    last: dict[str, dict[str, Any]] = {}
    records: set[tuple[str, int]] = set()
    for row in bodies(committed, "contacts"):
        key = f"{row['account']}/{row['contact']}"
        fields = {name: row[name] for name in CONTACT_FIELDS}
        assert last.get(key) != fields
        last[key] = fields
        records.add((key, row["number"]["offset"]))
    assert len(records) == len(bodies(committed, "contacts"))  # at most one for each record of the journal
    assert last == {
        f"{contact.account}/{contact.id}": {
            "status": contact.status,
            "properties": contact.properties,
            "score": contact.score / MILLION,
            "scores": {},
            "created": instant_text(contact.created),
            "last_seen": None if contact.last_activity is None else instant_text(contact.last_activity),
        }
        for contact in contacts_of(committed)
        if contact.release > 0
    }


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 10**9), st.booleans())
def test_each_change_to_qualified_is_one_hand_over(seed: int, wall: bool) -> None:
    committed = decide_one_by_one(journal_of(random.Random(seed), 60, wall))
    steps = [
        (change["contact"], change["at"], change["points"])
        for change in bodies(committed, "lead-changes")
        if change.get("to") == "qualified"
    ]
    records = bodies(committed, "qualified-leads")
    hand_overs = [each for each in records if each["type"] == "lead.handed_over"]
    assert steps == [(each["contact"], each["at"], each["points"]) for each in hand_overs]


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 10**9), st.booleans())
def test_a_lead_is_told_of_only_after_its_hand_over_and_once_for_each_instant(seed: int, wall: bool) -> None:
    committed = decide_one_by_one(journal_of(random.Random(seed), 60, wall))
    handed_over: set[Key] = set()
    instants: set[tuple[str, ...]] = set()
    for record in bodies(committed, "qualified-leads"):
        key = (record["account"], record["campaign"]["id"], record["contact"])
        if record["type"] == "lead.handed_over":
            handed_over.add(key)
            continue
        assert key in handed_over
        instant = (*key, record["at"], record["cause"].get("event", ""), record["cause"]["kind"])
        assert instant not in instants
        instants.add(instant)
        assert record["occasions"] == sorted(set(record["occasions"]))
        assert ("lead.rejected" in record["occasions"]) <= (record["lead"]["status"] == "rejected")


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 10**9), st.booleans())
def test_the_segments_of_a_settled_contact_agree_with_their_conditions(seed: int, wall: bool) -> None:
    committed = decide_one_by_one(journal_of(random.Random(seed), 60, wall))
    for contact in contacts_of(committed):
        if contact.release == 0 or (contact.due is not None and contact.due <= contact.clock):
            continue  # what is due at the instant of a tick is still open
        release = compile_release(lookup(contact.account, contact.release), contact.release)
        for segment in release.segments:
            if not segment.paused:
                assert (segment.id in contact.members) == segment.holds(EvaluationContext(contact, contact.clock))
            assert contact.status != "deleted" or segment.id not in contact.members


def test_points_are_written_as_numbers() -> None:
    assert [points_from_millionths(value) for value in (0, 2 * MILLION, -1_500_000, 1)] == [0, 2, -1.5, 0.000001]

"""What records become: rows, tombstones, and what is passed over since no Leadstream wrote it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec
import pytest

from streams.views.models.changes import ChangeModel
from streams.views.models.contacts import contact_hash, contact_operation
from streams.views.models.leads import lead_operation
from streams.views.models.members import member_operation
from streams.views.models.operation import LIVE, NotAnOutput, Operation, Reach, rebuild_reach
from streams.views.models.revenue import revenue_operation
from streams.views.models.script import ARITY
from tests.harness.views.made_record import MadeRecord

AT = "2026-03-01T09:00:00.000Z"
AT_MS = 1_772_355_600_000
NUMBER = {"partition": 1, "offset": 258, "ordinal": 2}
CHANGES = ChangeModel(retention=1_000, normalize_ids=False)


def record(key: str, value: dict[str, Any] | None) -> MadeRecord:
    return MadeRecord(key.encode(), None if value is None else msgspec.json.encode(value))


def test_a_contact_is_its_row_and_a_tombstone_takes_it_away() -> None:
    row = record("acme/a/b", {"status": "active", "created": AT})
    operation = contact_operation(row, LIVE)
    assert (operation.account, operation.code, operation.arguments) == ("acme", "contact", ("a/b", AT, row.value))
    gone = contact_operation(record("acme/a/b", None), LIVE)
    assert (gone.code, gone.arguments) == ("no_contact", ("a/b", contact_hash("a/b"), 77))
    assert "a/b" not in contact_hash("a/b")


def test_a_member_is_ordered_by_its_entry() -> None:
    entered = member_operation(record("acme/hot/a/b", {"since": AT}), LIVE)
    assert (entered.account, entered.code, entered.arguments) == ("acme", "member", ("hot", "a/b", AT_MS))
    assert member_operation(record("acme/hot/a/b", None), LIVE).arguments == ("hot", "a/b")


def test_a_lead_says_status_points_and_what_the_crm_said() -> None:
    fields = {"status": "qualified", "points": 12.5, "changed": AT, "crm": {"record": "00Q", "outcome": "won"}}
    lead = record("acme/spring/ada", fields)
    arguments = ("spring", "ada", "qualified", AT_MS, "12.5", 1, "won", lead.value)
    assert lead_operation(lead, LIVE).arguments == arguments
    without = lead_operation(record("acme/spring/ada", {**fields, "crm": {}}), LIVE)
    assert without.arguments[5:7] == (0, "-")
    assert lead_operation(record("acme/spring/ada", None), LIVE).code == "no_lead"


def test_revenue_is_by_campaign_and_currency() -> None:
    sums = {name: {"count": 1, "amount": "1"} for name in ("won", "open", "lost")}
    row = record("acme/spring/EUR", {"currency": "EUR", **sums})
    assert revenue_operation(row, LIVE).arguments == ("spring", "EUR", row.value)
    assert revenue_operation(record("acme/spring/EUR", None), LIVE).arguments == ("spring", "EUR")


def test_a_change_has_its_place_its_subject_and_its_direction() -> None:
    entered = record("acme/ada", {"type": "segment.entered", "at": AT, "number": NUMBER, "segment": "hot"})
    operation = CHANGES.output_operation(entered, Reach(78))
    place = "o0000000000000102.00000002"
    assert operation.arguments == (
        *("ada", contact_hash("ada"), place, "segment:hot", "in", AT, AT_MS),
        *(77, 1_000, 1, entered.value),
    )
    lead = {
        "type": "lead.status_changed",
        "at": AT,
        "number": NUMBER,
        "campaign": "spring",
        "from": None,
        "to": "active",
    }
    made = CHANGES.output_operation(record("acme/ada", lead), LIVE)
    assert made.arguments[3:5] == ("campaign:spring", "")
    assert made.arguments[9] == 0


def test_a_rebuild_needs_a_row_for_changes_from_when_a_tombstone_may_be_gone() -> None:
    entered = record("acme/ada", {"type": "segment.entered", "at": AT, "number": NUMBER, "segment": "hot"})
    needs_row = [CHANGES.output_operation(entered, rebuild_reach(now, 100)).arguments[9] for now in (157, 158)]
    assert needs_row == [0, 1]


def test_a_result_of_a_crm_is_about_its_contact_as_the_deployment_writes_ids() -> None:
    fields = {"id": "r-1", "type": "crm.linked", "at": "2026-03-01T10:00:00+01:00", "campaign": "spring"}
    operation = CHANGES.result_operation(record(" ADA ", fields), LIVE)
    assert (operation.account, operation.arguments[0], operation.arguments[5]) == ("default", " ADA ", AT)
    normal = ChangeModel(-1, normalize_ids=True).result_operation(record(" ADA ", fields), LIVE)
    assert normal.arguments[0] == "ada"
    repeat = CHANGES.result_operation(record("ada", {**fields, "record": "00Q"}), LIVE)
    assert repeat.arguments[2] == operation.arguments[2]


@pytest.mark.parametrize(
    ("to_operation", "key", "value"),
    [
        (contact_operation, b"no-slash", b"{}"),
        (contact_operation, b"acme/ada", b"[]"),
        (contact_operation, b"\xff/ada", b"{}"),
        (contact_operation, None, b"{}"),
        (member_operation, b"acme/hot/ada", b'{"since": "yesterday"}'),
        (member_operation, b"acme/hot", b'{"since": "2026-03-01T09:00:00.000Z"}'),
        (
            lead_operation,
            b"acme/spring/ada",
            b'{"status": "hot", "points": 1, "changed": "2026-03-01T09:00:00.000Z"}',
        ),
        (lead_operation, b"acme/spring/ada", b'{"status": "active", "points": NaN}'),
        (revenue_operation, b"acme/spring/EUR", b"{}"),
        (CHANGES.output_operation, b"acme/ada", None),
        (CHANGES.output_operation, b"acme/ada", b'{"type": "segment.entered"}'),
        (CHANGES.result_operation, b"ada", None),
        (CHANGES.result_operation, b"ada", b"\x00"),
        (
            CHANGES.result_operation,
            b"ada",
            b'{"id": "1", "type": "crm.linked", "at": "2026-03-01T09:00:00Z", "campaign": "a b"}',
        ),
        (
            CHANGES.result_operation,
            b"ada",
            b'{"id": "1", "type": "crm.linked", "at": "2026-03-01T09:00:00Z", "campaign": "a", "account": "x}{"}',
        ),
        (
            CHANGES.result_operation,
            b"",
            b'{"id": "1", "type": "crm.linked", "at": "2026-03-01T09:00:00Z", "campaign": "a"}',
        ),
    ],
)
def test_what_no_leadstream_wrote_is_passed_over(
    to_operation: Callable[..., Operation], key: bytes | None, value: bytes | None
) -> None:
    with pytest.raises(NotAnOutput):
        to_operation(MadeRecord(key, value), LIVE)


def test_the_script_takes_as_many_arguments_as_each_operation_has() -> None:
    sums = {name: {"count": 1, "amount": "1"} for name in ("won", "open", "lost")}
    change = {"type": "segment.exited", "at": AT, "number": NUMBER, "segment": "hot"}
    result = {"id": "r", "type": "crm.linked", "at": AT, "campaign": "spring"}
    lead = {"status": "active", "points": 1, "changed": AT}
    operations = [
        contact_operation(record("a/b", {"status": "active", "created": AT}), LIVE),
        contact_operation(record("a/b", None), LIVE),
        member_operation(record("a/s/b", {"since": AT}), LIVE),
        member_operation(record("a/s/b", None), LIVE),
        lead_operation(record("a/c/b", lead), LIVE),
        lead_operation(record("a/c/b", None), LIVE),
        revenue_operation(record("a/c/EUR", {"currency": "EUR", **sums}), LIVE),
        revenue_operation(record("a/c/EUR", None), LIVE),
        CHANGES.output_operation(record("a/b", change), LIVE),
        CHANGES.result_operation(record("b", result), LIVE),
    ]
    assert {each.code for each in operations} == set(ARITY)
    assert all(len(each.arguments) == ARITY[each.code] for each in operations)

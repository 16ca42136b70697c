"""SPEC section 7: every status by every event, cell by cell, through the engine."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.harness.engine.engine_driver import EngineDriver, day, lead_changes
from tests.harness.project_files import PROJECT_ROOT

AUDIENCE = {"id": "aud", "dynamic": True, "when": {"property": "fits", "eq": True}}


def _rule(name: str, **then: Any) -> dict[str, Any]:
    return {"id": name, "when": {"property": "signal", "eq": name}, "then": then}


DEFINITIONS: dict[str, Any] = {
    "segments": [AUDIENCE, {"id": "everyone", "dynamic": True, "when": {"all": []}}],
    "campaigns": [
        # Every contact is a lead of another campaign, whose rules act on the campaign under test.
        {
            "id": "other",
            "audience": ["everyone"],
            "automation": [
                _rule("add", add_to_campaign="spring"),
                _rule("take_out", remove_from_campaign="spring"),
            ],
        },
        {
            "id": "spring",
            "audience": ["aud"],
            "leave": "delete",
            "automation": [_rule(f"set_{status}", set_status=status) for status in ("qualified", "rejected")],
        },
    ],
}

_TableStep = Callable[[EngineDriver, int], list[dict[str, Any]]]


def _command(name: str, **fields: Any) -> _TableStep:
    return lambda driver, at: driver.send(f"lead.{name}", at, campaign="spring", **fields)


def _patch(**properties: Any) -> _TableStep:
    return lambda driver, at: driver.change_contact(at, **properties)


def _status(status: str) -> _TableStep:
    return lambda driver, at: driver.change_contact(at, status=status)


EVENTS: dict[str, _TableStep] = {
    "added": _command("added"),
    "added by acquisition": _command("added", acquired=True),
    "qualified": _command("qualified"),
    "rejected": _command("rejected"),
    "removed": _command("removed"),
    "reactivated": _command("reactivated"),
    "in the audience": _patch(fits=True),
    "out of the audience (`leave: delete`)": _patch(fits=False),
    "token on a visit": lambda driver, at: driver.visit(at, campaign="spring"),
    "added by a rule": _patch(signal="add"),
    "removed by a rule": _patch(signal="take_out"),
    "set qualified by a rule": _patch(signal="set_qualified"),
    "set rejected by a rule": _patch(signal="set_rejected"),
    "contact inactive": _status("inactive"),
    "contact bounced": _status("bounced"),
    "contact deleted": _status("deleted"),
}

# Each lead is in the audience, so that it can leave it.
STATES: dict[str, tuple[_TableStep, ...]] = {
    "none": (),
    "active": (_patch(fits=True),),
    "qualified": (_patch(fits=True), _command("qualified")),
    "rejected": (_patch(fits=True), _command("rejected")),
    "duplicate": (_patch(fits=True), _command("added", acquired=True)),
    "deleted by a person": (_patch(fits=True), _command("removed")),
    "deleted by the cascade": (_patch(fits=True), _status("deleted"), _status("active")),
    "deleted by leave": (_patch(fits=True), _patch(fits=False)),
}

DOCS = PROJECT_ROOT / "docs" / "leads.md"


def _cells() -> list[tuple[str, str, str]]:
    lines = [line for line in DOCS.read_text().splitlines() if line.startswith("| ") and line.count("|") == 10]
    _, *rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]
    return [(state, row[0], cell) for row in rows for state, cell in zip(STATES, row[1:], strict=True)]


@pytest.mark.parametrize(("state", "event", "cell"), _cells())
def test_a_lead_in_each_status_meets_each_event(state: str, event: str, cell: str) -> None:
    driver = EngineDriver(**DEFINITIONS)
    driver.change_contact(day(0), first_name="Ann")
    instant = day(1)
    for step in STATES[state]:
        step(driver, instant)
        instant += 1
    before = driver.status("spring")
    outputs = EVENTS[event](driver, instant)
    changes = [change for change in lead_changes(outputs) if change[0] == "spring"]
    if cell == "!":
        assert (driver.refused, changes) == ([_code(before)], [])
    elif cell == "=":
        assert (driver.refused, changes) == ([], [])
    else:
        assert changes[-1][2] == cell
    assert driver.status("spring") == (before if cell in "=!" else cell)


def _code(before: str | None) -> str:
    return "no_lead" if before is None else "lead_deleted"


def test_the_table_speaks_of_every_event_and_state() -> None:
    assert {event for _, event, _ in _cells()} == set(EVENTS)
    assert len(_cells()) == len(EVENTS) * len(STATES)

"""Leads as the engine decides them are those that the whole history tells: random campaigns, histories, releases."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import msgspec
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from schemas.definitions import Definitions
from schemas.values import MILLION, instant_ms
from streams.engine.journal import records
from streams.engine.partition.decider import PartitionDecider
from streams.engine.settings import DEFAULT_ENGINE_SETTINGS
from streams.engine.state.contact import Contact
from streams.engine.version import ENGINE_VERSION
from streams.settings import Settings
from streams.verify.recomputed import PartitionRecomputation, lead_row
from tests.harness.engine.engine_driver import BUDGET, sound_definitions
from tests.harness.engine.journal_builder import JournalBuilder
from tests.harness.engine.lead_comparison import leads_from_engine, leads_from_recompute
from tests.harness.engine.reference_pair import timed_events
from tests.harness.random.random_campaigns import lead_events, releases
from tests.harness.random.random_events import RandomEvent

MIDNIGHT = instant_ms("2026-03-28T22:59:59.980Z")  # just before a local midnight, where periods begin and end
CLOCKS = instant_ms("2026-03-29T00:59:59.970Z")  # just before clocks are put forward
_JournalEntries = list[tuple[int, bytes, bytes]]
_HistoryCase = tuple[int, list[dict[str, Any]], list[RandomEvent], list[int], int]
LATENESS = 20


@st.composite
def stories(draw: st.DrawFn) -> _HistoryCase:
    """A start, releases, moves, before which move each release comes, and how slowly it comes in."""
    start = draw(st.sampled_from((MIDNIGHT, CLOCKS)))
    content, moves = draw(releases(start)), draw(lead_events(start))
    places = sorted(draw(st.integers(0, len(moves))) for _ in content[1:])
    return start, content, moves, [0, *places], draw(st.integers(0, 2))


def journal(told: _HistoryCase, content: list[Definitions], lateness: int) -> _JournalEntries:
    """The moves as records, with a release from each of the places on, and a tick at last."""
    start, _, moves, places, pause = told
    growing = JournalBuilder(
        lambda _, number: content[number - 1], replace(DEFAULT_ENGINE_SETTINGS, lateness=lateness)
    )
    number = 0
    end = RandomEvent("tick", 60)
    for place, (move, id_, at) in enumerate(timed_events([*moves, end], start)):
        while number < len(places) and places[number] <= place:
            number += 1
            when = at if number > 1 else None
            growing.start_release(records.Marker("default", number, number, "", when, ENGINE_VERSION), pause)
        if move is end:
            growing.finish_releases()
        growing.send(move, id_, at)
    return growing.entries


@settings(
    max_examples=7 * settings().max_examples,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
@given(stories())
def test_leads_told_from_the_whole_history_are_those_of_the_engine(told: _HistoryCase) -> None:
    content = [sound_definitions(each) for each in told[1]]
    agrees(journal(told, content, LATENESS), content, Settings(lateness_ms=LATENESS))


def agrees(entries: _JournalEntries, content: list[Definitions], terms: Settings) -> None:
    """Status, points decayed to the end, lists, memberships, and the row as written last."""
    contact, rows = decided(entries, content, terms)
    again = PartitionRecomputation(lambda _, number: content[number - 1], terms)
    for offset, _, value in entries:
        again.feed(offset, value)
    if contact is None:
        assert again.contact_keys() == []
        return
    told = again.recompute(records.event_key("default", "ann"))
    assert leads_from_engine(contact, told) == leads_from_recompute(told)
    assert rows == {campaign: lead_row(life) for campaign, life in told.leads.items()}
    assert set(contact.listed) == told.fixed_memberships.listed
    assert set(contact.members) == told.model.members
    assert contact.score / MILLION == told.model.score


def decided(
    entries: _JournalEntries, content: list[Definitions], terms: Settings
) -> tuple[Contact | None, dict[str, dict[str, Any]]]:
    """The engine's contact, and the last row of each of its leads as far as it is recomputed."""
    decider = PartitionDecider(3, lambda _, number: content[number - 1], terms.engine)
    decider.resume(None)
    rows: dict[str, dict[str, Any]] = {}
    for entry in entries:
        decider.feed(*entry)
        while decider.has_pending():
            for output in decider.work(BUDGET).outputs:
                if output.topic == "leads" and output.value is not None:
                    row = msgspec.json.decode(output.value)
                    kept = ("status", "points", "made", "changed", "at", "crm")
                    rows[row["campaign"]] = {name: row[name] for name in kept if name in row}
    return next(iter(decider.contacts()), None), rows

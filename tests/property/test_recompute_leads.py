"""The engine's leads equal those recomputed from the whole history: random campaigns, histories, releases."""

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
from streams.settings import Settings
from streams.verify.recomputed import PartitionRecomputation, lead_row
from tests.harness.engine.engine_driver import BUDGET, sound_definitions
from tests.harness.engine.journal_builder import JournalBuilder
from tests.harness.engine.lead_comparison import (
    ComparableHandOver,
    ComparableNotice,
    hand_over_from_engine,
    hand_overs_from_recompute,
    leads_from_engine,
    leads_from_recompute,
    notice_from_engine,
    notices_from_recompute,
)
from tests.harness.engine.reference_pair import timed_events
from tests.harness.random.random_campaigns import lead_events, releases
from tests.harness.random.random_events import RandomEvent

MIDNIGHT = instant_ms("2026-03-28T22:59:59.980Z")  # just before a local midnight, where periods begin and end
CLOCKS = instant_ms("2026-03-29T00:59:59.970Z")  # just before clocks are put forward
_JournalEntries = list[tuple[int, bytes, bytes]]
_HistoryCase = tuple[int, list[dict[str, Any]], list[RandomEvent], list[int], int]
LATENESS = 20


@st.composite
def history_cases(draw: st.DrawFn) -> _HistoryCase:
    """Draws a start, releases, events, the index of the event before which each release comes, and its gap."""
    start = draw(st.sampled_from((MIDNIGHT, CLOCKS)))
    content, events = draw(releases(start)), draw(lead_events(start))
    release_starts = sorted(draw(st.integers(0, len(events))) for _ in content[1:])
    return start, content, events, [0, *release_starts], draw(st.integers(0, 2))


def journal(case: _HistoryCase, content: list[Definitions], lateness: int) -> _JournalEntries:
    """Returns the events as journal records, with each release at its index, and a tick at the end."""
    start, _, events, release_starts, pause = case
    builder = JournalBuilder(
        lambda _, number: content[number - 1], replace(DEFAULT_ENGINE_SETTINGS, lateness=lateness)
    )
    number = 0
    end = RandomEvent("tick", 60)
    for index, (event, id_, at) in enumerate(timed_events([*events, end], start)):
        while number < len(release_starts) and release_starts[number] <= index:
            number += 1
            when = at if number > 1 else None
            version = content[number - 1].engine_version
            builder.start_release(records.Marker("default", number, number, "", when, version), pause)
        if event is end:
            builder.finish_releases()
        builder.send(event, id_, at)
    return builder.entries


@settings(
    max_examples=7 * settings().max_examples,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
@given(history_cases())
def test_leads_recomputed_from_the_whole_history_equal_those_of_the_engine(case: _HistoryCase) -> None:
    content = [sound_definitions(each) for each in case[1]]
    assert_agreement(journal(case, content, LATENESS), content, Settings(lateness_ms=LATENESS))


def assert_agreement(entries: _JournalEntries, content: list[Definitions], app_settings: Settings) -> None:
    """Compares status, points decayed to the end, lists, memberships, the last row of each lead, all notices, and all
    hand-overs with what is told of leads later.
    """
    contact, rows, notices, hand_overs = decide(entries, content, app_settings)
    recomputation = PartitionRecomputation(lambda _, number: content[number - 1], app_settings)
    for offset, _, value in entries:
        recomputation.feed(offset, value)
    if contact is None:
        assert recomputation.contact_keys() == []
        return
    recomputed = recomputation.recompute(records.event_key("default", "ann"))
    assert leads_from_engine(contact, recomputed) == leads_from_recompute(recomputed)
    assert rows == {campaign: lead_row(lead) for campaign, lead in recomputed.leads.items()}
    assert notices == notices_from_recompute(recomputed)
    assert hand_overs == hand_overs_from_recompute(recomputed)
    assert set(contact.listed) == recomputed.fixed_memberships.listed
    assert set(contact.members) == recomputed.model.members
    assert contact.score / MILLION == recomputed.model.score


def decide(
    entries: _JournalEntries, content: list[Definitions], app_settings: Settings
) -> tuple[Contact | None, dict[str, dict[str, Any]], list[ComparableNotice], list[ComparableHandOver]]:
    """Returns the engine's contact, the last row of each of its leads, its notices, and its hand-overs: the
    recomputed fields.
    """
    decider = PartitionDecider(3, lambda _, number: content[number - 1], app_settings.engine)
    decider.resume(None)
    rows: dict[str, dict[str, Any]] = {}
    notices: list[ComparableNotice] = []
    hand_overs: list[ComparableHandOver] = []
    for entry in entries:
        decider.feed(*entry)
        while decider.has_pending():
            for output in decider.work(BUDGET).outputs:
                if output.topic == "leads" and output.value is not None:
                    row = msgspec.json.decode(output.value)
                    fields = ("status", "points", "made", "changed", "at", "crm")
                    rows[row["campaign"]] = {name: row[name] for name in fields if name in row}
                elif output.topic == "notifications" and output.value is not None:
                    notices.append(notice_from_engine(msgspec.json.decode(output.value)))
                elif output.topic == "qualified-leads" and output.value is not None:
                    hand_overs.append(hand_over_from_engine(msgspec.json.decode(output.value)))
    return next(iter(decider.contacts()), None), rows, notices, hand_overs

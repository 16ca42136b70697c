"""`leadstream verify` recomputes exactly the state of the engine, with releases among the records."""

from __future__ import annotations

import json
import random
from dataclasses import replace
from typing import Any

import msgspec
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from schemas.definitions import Definitions
from schemas.engine_versions import EngineVersion
from schemas.values import instant_ms
from streams.engine.journal import records
from streams.engine.partition.decider import PartitionDecider
from streams.engine.settings import DEFAULT_ENGINE_SETTINGS
from streams.engine.state.contact import Contact
from streams.settings import Settings
from streams.verify.comparison import CONTACT_FIELDS
from streams.verify.recompute.contact import RecomputedContact
from streams.verify.recomputed import PartitionRecomputation, contact_row
from tests.harness.engine.engine_driver import BUDGET, sound_definitions
from tests.harness.engine.journal_builder import JournalBuilder
from tests.harness.engine.lead_comparison import leads_from_engine, leads_from_recompute
from tests.harness.engine.reference_pair import timed_events
from tests.harness.random.random_conditions import PROPERTIES, conditions
from tests.harness.random.random_events import RandomEvent, random_events
from tests.harness.random.random_versions import in_version, release_versions
from tests.property.test_transaction_sizes import journal_of, lookup

START = "2026-03-29T00:59:59.970Z"  # in Berlin, before clocks are put forward
_JournalEntries = list[tuple[int, bytes, bytes]]


@st.composite
def documents(draw: st.DrawFn) -> dict[str, Any]:
    """Draws definitions: static, dynamic and paused segments under the same few names, and a campaign with a rule."""
    segments: list[dict[str, Any]] = [{"id": "kept", "paused": draw(st.booleans())}]
    names: tuple[str, ...] = ()
    for name in draw(st.lists(st.sampled_from(["s0", "s1", "s2"]), min_size=1, max_size=3, unique=True)):
        segment: dict[str, Any] = {"id": name, "paused": draw(st.sampled_from((False, False, True)))}
        if draw(st.sampled_from((True, True, False))):
            segment |= {"dynamic": True, "when": draw(conditions(instant_ms(START), names))}
        segments.append(segment)
        names = (*names, name)
    listing = draw(st.sampled_from([{"add_to_segment": "kept"}, {"set_status": "rejected"}]))
    rule = {"id": "r", "when": draw(conditions(instant_ms(START), names, lead_at_hand=True)), "then": listing}
    campaign = {"id": "c", "audience": ["s0"] if "s0" in names else [], "automation": [rule]}
    return {"time_zone": "Europe/Berlin", "properties": PROPERTIES, "segments": segments, "campaigns": [campaign]}


def journal(
    events: list[RandomEvent], release_starts: list[int], content: list[Definitions], pause: int, lateness: int
) -> _JournalEntries:
    """Returns the events as journal records; release `n` comes before the event with index `release_starts[n]`."""
    builder = JournalBuilder(
        lambda _, number: content[number - 1], replace(DEFAULT_ENGINE_SETTINGS, lateness=lateness)
    )
    number = 0
    end = RandomEvent("tick", 60)
    for index, (event, id_, at) in enumerate(timed_events([*events, end], instant_ms(START))):
        while number < len(release_starts) and release_starts[number] <= index:
            number += 1
            at_instant = at if number > 1 else None
            version = content[number - 1].engine_version
            builder.start_release(records.Marker("default", number, number, "", at_instant, version), pause)
        if event is end:
            builder.finish_releases()
        builder.send(event, id_, at)
    return builder.entries


@settings(
    max_examples=5 * settings().max_examples,  # the profile's number is meant for smaller tests
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
@given(
    st.lists(documents(), min_size=1, max_size=3),
    release_versions,
    random_events(instant_ms(START)),
    st.tuples(st.integers(0, 6), st.integers(0, 6)),
    st.integers(0, 2),
)
def test_recomputing_the_whole_history_equals_the_engine(
    drawn: list[dict[str, Any]],
    versions: tuple[EngineVersion, ...],
    events: list[RandomEvent],
    release_starts: tuple[int, int],
    pause: int,
) -> None:
    lateness = 20
    content = [sound_definitions(in_version(each, version)) for each, version in zip(drawn, versions, strict=False)]
    entries = journal(events, [0, release_starts[0], sum(release_starts)][: len(content)], content, pause, lateness)
    assert_agreement(entries, lambda _, number: content[number - 1], Settings(lateness_ms=lateness))


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 10**9), st.booleans())
def test_recomputing_many_contacts_accounts_and_days_equals_the_engine(seed: int, wall: bool) -> None:
    assert_agreement(journal_of(random.Random(seed), 60, wall), lookup, Settings())


def assert_agreement(entries: _JournalEntries, contents: Any, app_settings: Settings) -> None:
    rows, contact_rows = decide(entries, contents, app_settings)
    recomputed = PartitionRecomputation(contents, app_settings)
    for offset, _, value in entries:
        recomputed.feed(offset, value)
    assert set(recomputed.contact_keys()) == rows.keys()
    for key, row in rows.items():
        expected = recomputed.recompute(key)
        assert contact_row_of(expected) == contact_rows.get(key)
        assert expected.model.members == set(row.members)
        assert leads_from_recompute(expected) == leads_from_engine(row, expected)


def contact_row_of(expected: RecomputedContact) -> str | None:
    return None if expected.row is None else _json(contact_row(expected.row))


def decide(
    entries: _JournalEntries, contents: Any, app_settings: Settings
) -> tuple[dict[bytes, Contact], dict[bytes, str]]:
    """Returns the engine's rows and the last row of `contacts` of each, reduced to the recomputed fields.

    Each record is decided for all contacts before the next is fed.
    """
    contact_rows: dict[bytes, str] = {}
    decider = PartitionDecider(3, contents, app_settings.engine)
    decider.resume(None)
    for entry in entries:
        decider.feed(*entry)
        while decider.has_pending():
            for output in decider.work(BUDGET).outputs:
                if output.topic == "contacts":
                    row = msgspec.json.decode(output.value or b"")
                    contact_rows[output.key] = _json({name: row[name] for name in (*CONTACT_FIELDS, "properties")})
    return {records.event_key(each.account, each.id): each for each in decider.contacts()}, contact_rows


def _json(fields: dict[str, Any]) -> str:
    """As JSON 1, 1.0 and true are three values."""
    return json.dumps(fields, sort_keys=True)

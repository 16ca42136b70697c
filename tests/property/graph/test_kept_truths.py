"""What is known of conditions from record to record decides as conditions asked anew, whatever happens."""

from __future__ import annotations

import random
from contextlib import AbstractContextManager
from dataclasses import replace
from typing import Any
from unittest.mock import patch

import msgspec
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from schemas.definitions import Definitions
from schemas.values import instant_ms
from streams.engine.conditions.protocols import EvaluationContext
from streams.engine.decisions.lead_table import OPEN_STATUSES
from streams.engine.journal import records
from streams.engine.partition.decider import PartitionDecider
from streams.engine.releases.compile import compile_release
from streams.engine.releases.compiled import CompiledRelease
from streams.engine.releases.truths import renew_truths
from streams.engine.state.contact import Contact
from streams.engine.state.contact_store import ContactStore
from streams.engine.state.points import decay_points, round_points
from streams.settings import Settings
from tests.harness.engine.engine_driver import BUDGET, sound_definitions
from tests.harness.engine.journal_builder import JournalBuilder
from tests.harness.engine.reference_pair import timed_events
from tests.harness.random.random_campaigns import lead_events
from tests.harness.random.random_events import DELAYS, ELAPSED, RandomEvent
from tests.harness.random.random_segments import shared_releases

START = instant_ms("2026-03-28T22:59:59.980Z")  # just before a local midnight
LATENESS = Settings(lateness_ms=20).engine
HOUR = 3_600_000
_ALWAYS = (
    RandomEvent("web.visited", 0, fields={"url": "https://acme.example/a"}),
    RandomEvent("contact.changed", 0, fields={"properties": {"plan": "b"}}),
    RandomEvent("contact.changed", 0, fields={"properties": {"plan": "a"}}),
    RandomEvent("tick", 0),
)
_JournalEntries = list[tuple[int, bytes, bytes]]


class Story:
    """Releases, and what happens to two contacts, as a journal."""

    def __init__(
        self, documents: list[dict[str, Any]], events: list[RandomEvent], starts: list[int], whose: list[int]
    ) -> None:
        self.definitions = [sound_definitions(document) for document in documents]
        self.entries = self._journal(events, [0, *starts], whose)

    def lookup(self, _: str, number: int) -> Definitions:
        """The definitions of a release."""
        return self.definitions[number - 1]

    def _journal(self, events: list[RandomEvent], starts: list[int], whose: list[int]) -> _JournalEntries:
        builder = JournalBuilder(self.lookup, LATENESS)
        number = 0
        for index, (event, event_id, at) in enumerate(timed_events([*events, RandomEvent("tick", 60)], START)):
            while number < len(starts) and starts[number] <= index:
                number += 1
                version = self.definitions[number - 1].engine_version
                builder.start_release(records.Marker("default", number, number, "", at, version), 0)
            builder.send(event, event_id, at, ("ann", "bob")[whose[index % len(whose)]])
        return builder.entries


@st.composite
def stories(draw: st.DrawFn) -> Story:
    """Draws a journal: few different events, again and again, so that time and events often meet at one instant."""
    documents, drawn = draw(shared_releases(START)), draw(lead_events(START))
    chance = random.Random(draw(st.integers(0, 1 << 32)))
    kinds = [*chance.sample(drawn, min(len(drawn), 5)), *_ALWAYS]
    events = [
        replace(chance.choice(kinds), elapsed=chance.choice(ELAPSED), delay=chance.choice(DELAYS)) for _ in range(40)
    ]
    starts = sorted(chance.randrange(len(events)) for _ in documents[1:])
    return Story(documents, events, starts, chance.choice(([0], [0, 0, 1], [0, 1])))


def outputs_of(story: Story) -> list[Any]:
    """Everything that the engine tells of the story, and its rows."""
    decider = PartitionDecider(3, story.lookup, LATENESS)
    decider.resume(None)
    told: list[Any] = []
    for entry in story.entries:
        decider.feed(*entry)
        while decider.has_pending():
            effects = decider.work(BUDGET)
            told.append((effects.outputs, effects.rows, effects.dead_letters))
    return told


def with_decoded(limit: int) -> AbstractContextManager[Any]:
    """At most so many contacts stay decoded from record to record."""
    return patch("streams.engine.partition.decider.ContactStore", lambda rows, _: ContactStore(rows, limit))


_SETTINGS = settings(
    max_examples=3 * settings().max_examples,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)


@_SETTINGS
@given(stories())
def test_truths_kept_from_record_to_record_change_no_output(story: Story) -> None:
    expected = outputs_of(story)
    with patch("streams.engine.decisions.context.truths_of", renew_truths):
        assert outputs_of(story) == expected
    with with_decoded(0):
        assert outputs_of(story) == expected
    with with_decoded(2):
        assert outputs_of(story) == expected


@_SETTINGS
@given(stories())
def test_members_are_those_of_whom_the_conditions_hold_until_the_contact_is_due(story: Story) -> None:
    releases: dict[int, CompiledRelease] = {}
    decider = PartitionDecider(3, story.lookup, LATENESS)
    decider.resume(None)
    for entry in story.entries:
        decider.feed(*entry)
        while decider.has_pending():
            decider.work(BUDGET)
        for contact in decider.contacts():
            number = contact.release
            if number not in releases and number > 0:
                releases[number] = compile_release(story.lookup("default", number), number)
            if number > 0 and (contact.due is None or contact.due > contact.clock):
                _assert_members(contact, releases[number])


def _assert_members(contact: Contact, release: CompiledRelease) -> None:
    """At the contact's clock, and at the last instant before it is due: in between only time passes."""
    row = msgspec.json.encode(contact)
    for now in (contact.clock, contact.clock + HOUR if contact.due is None else contact.due - 1):
        decayed = _decayed(msgspec.json.decode(row, type=Contact), release, now)
        context = EvaluationContext(decayed, now)
        running = [segment for segment in release.segments if not segment.paused]
        expected = {segment.id for segment in running if segment.holds(context)}
        assert {segment.id for segment in running if segment.id in contact.members} == expected


def _decayed(contact: Contact, release: CompiledRelease, now: int) -> Contact:
    for campaign in release.campaigns:
        lead, half_life = contact.leads.get(campaign.id), campaign.definition.half_life
        if lead is not None and lead.status in OPEN_STATUSES and half_life is not None:
            lead.points = round_points(decay_points(lead.points, now - lead.decayed, half_life))
    return contact

"""What is known of conditions from record to record decides as conditions asked anew, whatever happens."""

from __future__ import annotations

import random
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import replace
from typing import Any
from unittest.mock import patch

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
from streams.engine.state.contact import Contact, decode_contact, encode_contact
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
        self.documents, self.events, self.starts, self.whose = documents, events, starts, whose
        self.definitions = [sound_definitions(document) for document in documents]
        self.entries = self._journal(events, [0, *starts], whose)

    def __repr__(self) -> str:
        return f"Story({self.documents!r}, {self.events!r}, {self.starts!r}, {self.whose!r})"

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


def outputs_of(story: Story, look: Callable[[PartitionDecider], None] = lambda _: None) -> list[Any]:
    """Everything that the engine tells of the story, and what is known of the contacts at its end.

    `look` is called after each record. When a contact is due is left out: it may be too early, and by how much
    depends on when its conditions were asked; so is what a settlement at such an instant moves.
    """
    decider = PartitionDecider(3, story.lookup, LATENESS)
    decider.resume(None)
    told: list[Any] = []
    for entry in story.entries:
        decider.feed(*entry)
        while decider.has_pending():
            effects = decider.work(BUDGET)
            told += [*effects.outputs, *effects.dead_letters]
        look(decider)
    for contact in sorted(decider.contacts(), key=lambda contact: contact.id):
        contact.due, contact.clock, contact.settled = None, 0, 0
        contact.held = {key: state for key, state in contact.held.items() if len(state) == 1}
        told.append(contact)
    return told


def with_decoded(limit: int) -> AbstractContextManager[Any]:
    """At most so many contacts stay decoded from record to record."""
    return patch("streams.engine.partition.decider.ContactStore", lambda rows, _: ContactStore(rows, limit))


@settings(
    max_examples=3 * settings().max_examples,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
@given(stories(), st.sampled_from((0, 2)))
def test_what_is_kept_of_a_contact_decides_as_its_conditions_do(story: Story, decoded: int) -> None:
    """Members are those of whom the conditions hold, until the contact is due; asking anew changes no output."""
    releases: dict[int, CompiledRelease] = {}

    def look(decider: PartitionDecider) -> None:
        for contact in decider.contacts():
            number = contact.release
            if number > 0 and number not in releases:
                releases[number] = compile_release(story.lookup("default", number), number)
            if number > 0 and (contact.due is None or contact.due > contact.clock):
                _assert_members(contact, releases[number])

    expected = outputs_of(story, look)
    with patch("streams.engine.decisions.context.truths_of", renew_truths):
        assert outputs_of(story) == expected
    with with_decoded(decoded):
        assert outputs_of(story) == expected


def _assert_members(contact: Contact, release: CompiledRelease) -> None:
    """At the contact's clock, and at the last instant before it is due: in between only time passes."""
    row = encode_contact(contact)
    for now in (contact.clock, contact.clock + HOUR if contact.due is None else contact.due - 1):
        decayed = _decayed(decode_contact(row), release, now)
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

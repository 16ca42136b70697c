"""One contact decided twice: by the engine, record by record, and from its whole history by the naive evaluator."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import msgspec

from schemas.definitions import STANDARD_PROPERTIES, Definitions
from schemas.engine_versions import NEWEST_VERSION
from schemas.values import MILLION, instant_ms
from streams.engine.journal import records
from streams.engine.journal.effects import Budget
from streams.engine.partition.decider import PartitionDecider
from streams.engine.settings import DEFAULT_ENGINE_SETTINGS
from streams.engine.state.contact import Contact
from streams.verify.recompute.conditions.properties import apply_patch
from tests.harness.engine.reference_evaluator import ContactModel, HistoryActivity, ModelLead, holds
from tests.harness.random.random_events import RandomEvent

SegmentTransition = tuple[int, str, bool]
"""When, which segment, and whether the contact entered it."""

_BUDGET = Budget(1 << 40, 1 << 40)


class EngineUnderTest:
    """The engine's side: one partition, every row read back from its bytes."""

    def __init__(self, definitions: Definitions, lateness: int) -> None:
        self._decider = PartitionDecider(
            0, lambda *_: definitions, replace(DEFAULT_ENGINE_SETTINGS, lateness=lateness)
        )
        self._decider.resume(None)
        self._offset = 0
        marker = records.Marker("default", 1, 0, "", None, definitions.engine_version)
        self._append(records.MARKER_KEY, marker)

    def send(self, random_event: RandomEvent, event_id: str, at: int) -> list[SegmentTransition]:
        """One event."""
        fields = dict(random_event.fields)
        if "points" in fields:
            fields["points"] *= MILLION
        event = records.JournalEvent(
            random_event.event_type, event_id, at, "default", "ann", ("in", 0, self._offset), at, fields
        )
        return self._append(records.event_key("default", "ann"), event)

    def tick(self, at: int) -> list[SegmentTransition]:
        """Every instant before `at` is over."""
        return self._append(records.TICK_KEY, records.Tick(at))

    def contact(self) -> Contact | None:
        """The contact as it stands."""
        return next(iter(self._decider.contacts()), None)

    def _append(self, key: bytes, record: records.JournalRecord) -> list[SegmentTransition]:
        self._decider.feed(self._offset, key, records.encode(record))
        self._offset += 1
        changes: list[SegmentTransition] = []
        while self._decider.has_pending():
            outputs = self._decider.work(_BUDGET).outputs
            told = [output.value for output in outputs if output.topic == "segment-changes"]
            bodies = [msgspec.json.decode(value) for value in told if value is not None]
            changes += [(instant_ms(b["at"]), b["segment"], b["type"] == "segment.entered") for b in bodies]
        return changes


class ReferenceEngine:
    """The other side: remembers everything, keeps no state of conditions, and tries every millisecond."""

    def __init__(self, raw: dict[str, Any], lateness: int) -> None:
        self._raw = raw
        self._lateness = lateness
        self._ids: set[str] = set()
        self._members: set[str] = set()
        self._settled_at: int | None = None
        """The last instant that is over or was decided by a record."""
        self._tick: int | None = None
        self.model = ContactModel(
            property_types={**STANDARD_PROPERTIES, **raw["properties"]},
            zone=raw["time_zone"],
            engine_version=raw.get("engine_version", NEWEST_VERSION),
            current_campaign="c",
        )

    def send(self, random_event: RandomEvent, event_id: str, at: int) -> list[SegmentTransition]:
        """What must be told of an event: what time changed before it, then what it changes."""
        if event_id in self._ids:
            return []
        known = [instant for instant in (at, self._settled_at, self._tick) if instant is not None]
        now = max(known)
        if self._settled_at is None:
            self.model.created = at
            changes: list[SegmentTransition] = []
        else:
            changes = self._advance_to(now - 1)
        if not self._is_refused(random_event):
            self._ids.add(event_id)
            self._apply(random_event, at, now)
        changes += self._settle(now)
        self._settled_at = now
        return changes

    def tick(self, at: int) -> list[SegmentTransition]:
        """What time changed before a tick."""
        self._tick = at if self._tick is None else max(at, self._tick)
        return [] if self._settled_at is None else self._advance_to(at - 1)

    def automation_results(self) -> dict[str, bool] | None:
        """Rule -> whether its condition holds of the lead at hand; None where none takes automation."""
        lead, now = self.model.leads.get("c"), self._settled_at
        if lead is None or lead.status != "active" or now is None:
            return None
        return {rule["id"]: holds(rule["when"], self.model, now) for rule in self._raw["campaigns"][0]["automation"]}

    @property
    def members(self) -> set[str]:
        """The memberships as settled last."""
        return self._members

    def _advance_to(self, last: int) -> list[SegmentTransition]:
        assert self._settled_at is not None
        changes: list[SegmentTransition] = []
        for instant in range(self._settled_at + 1, last + 1):
            changes += self._settle(instant)
        self._settled_at = max(self._settled_at, last)
        return changes

    def _settle(self, now: int) -> list[SegmentTransition]:
        before = self._members
        self._members = self.model.members = set()
        for segment in self._raw["segments"]:
            if "when" in segment and self._is_member(segment, now):
                self._members.add(segment["id"])
        names = [segment["id"] for segment in self._raw["segments"]]
        return [(now, name, name in self._members) for name in names if (name in before) != (name in self._members)]

    def _is_member(self, segment: dict[str, Any], now: int) -> bool:
        allowed = segment.get("statuses", ["active"])
        return self.model.status in allowed and holds(segment["when"], self.model, now)

    def _is_refused(self, random_event: RandomEvent) -> bool:
        """What is refused was not applied: nothing but the clock moves, and its id may come again."""
        if "c" in self.model.leads:
            return False
        if random_event.event_type == "lead.added":
            return self.model.status != "active"
        return _speaks_of_lead(random_event)

    def _apply(self, random_event: RandomEvent, at: int, now: int) -> None:
        world, fields = self.model, random_event.fields
        if random_event.event_type in ("web.visited", "activity.recorded"):
            is_visit = random_event.event_type == "web.visited"
            name = fields.get("name", "visit")
            world.activities.append(HistoryActivity(at, fields, name, is_visit, now - at > self._lateness))
        elif random_event.event_type == "contact.changed":
            self._patch(fields, now)
        elif random_event.event_type == "score.adjusted":
            self._score(fields)
        elif random_event.event_type == "lead.added":
            world.leads.setdefault("c", ModelLead(now))
        else:
            lead, qualified = world.leads["c"], random_event.event_type == "lead.qualified"
            world.leads["c"] = replace(lead, status="qualified" if qualified else "rejected")

    def _patch(self, fields: dict[str, Any], now: int) -> None:
        world = self.model
        patch = fields.get("properties", {})
        world.properties = apply_patch(world.properties, patch, world.property_types, world.engine_version)
        world.property_history.append((now, world.properties))
        before, world.status = world.status, fields.get("status", world.status)
        if before == "active" and world.status == "inactive":
            for lead in world.leads.values():
                lead.status = "rejected"

    def _score(self, fields: dict[str, Any]) -> None:
        points, name = fields["points"], fields.get("score")
        if "campaign" not in fields:
            exact = self.model.score_millionths
            exact[name] = exact.get(name, 0) + points * MILLION
        if name is not None:
            self.model.scores[name] = self.model.scores.get(name, 0) + points
            return
        if "campaign" not in fields:
            self.model.score += points
        for lead in self.model.leads.values():
            if lead.status == "active":
                lead.points += points


def _speaks_of_lead(random_event: RandomEvent) -> bool:
    """Whether it needs the lead to be there; a visit or an activity never does."""
    is_activity = random_event.event_type in ("web.visited", "activity.recorded")
    return not is_activity and random_event.fields.get("campaign") == "c"


def timed_events(random_events: list[RandomEvent], start: int) -> Iterator[tuple[RandomEvent, str, int]]:
    """Each move with the id and the instant of its event."""
    latest, last_id = start, "e0"
    for number, move in enumerate(random_events):
        latest += move.elapsed
        last_id = last_id if move.is_repeat else f"e{number}"
        yield move, last_id, latest - move.delay

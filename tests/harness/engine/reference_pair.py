"""One contact decided twice: by the engine, record by record, and from its whole history by the naive evaluator."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import msgspec

from schemas.definitions import Definitions
from schemas.values import instant_ms
from streams.engine.journal import records
from streams.engine.journal.effects import Budget
from streams.engine.partition.decider import PartitionDecider
from streams.engine.state.contact import Contact
from streams.engine.state.points import MILLION
from streams.engine.version import SEMANTICS
from tests.harness.engine.reference_evaluator import Event, Lead, World, holds
from tests.harness.random.random_events import Move

Change = tuple[int, str, bool]
"""When, which segment, and whether the contact entered it."""

_BUDGET = Budget(1 << 40, 1 << 40)


class Engine:
    """The engine's side: one partition, every row read back from its bytes."""

    def __init__(self, definitions: Definitions, lateness: int) -> None:
        self._decider = PartitionDecider(0, lambda *_: definitions, lateness=lateness)
        self._decider.resume(None)
        self._offset = 0
        self._put(records.MARKER_KEY, records.Marker("default", 1, 0, "", None, SEMANTICS))

    def tell(self, move: Move, id_: str, at: int) -> list[Change]:
        """One event."""
        fields = dict(move.fields)
        if "points" in fields:
            fields["points"] *= MILLION
        event = records.Event(move.kind, id_, at, "default", "ann", ("in", 0, self._offset), at, fields)
        return self._put(records.event_key("default", "ann"), event)

    def tick(self, at: int) -> list[Change]:
        """Every instant before `at` is over."""
        return self._put(records.TICK_KEY, records.Tick(at))

    def contact(self) -> Contact | None:
        """The contact as it stands."""
        return next(iter(self._decider.contacts()), None)

    def _put(self, key: bytes, record: records.Record) -> list[Change]:
        self._decider.feed(self._offset, key, records.encode(record))
        self._offset += 1
        changes: list[Change] = []
        while self._decider.pending():
            outputs = self._decider.work(_BUDGET).outputs
            told = [output.value for output in outputs if output.topic == "segment-changes"]
            bodies = [msgspec.json.decode(value) for value in told if value is not None]
            changes += [(instant_ms(b["at"]), b["segment"], b["type"] == "segment.entered") for b in bodies]
        return changes


class Naive:
    """The other side: remembers everything, keeps no state of conditions, and tries every millisecond."""

    def __init__(self, raw: dict[str, Any], lateness: int) -> None:
        self._raw = raw
        self._lateness = lateness
        self._ids: set[str] = set()
        self._members: set[str] = set()
        self._settled: int | None = None
        """The last instant that is over or was decided by a record."""
        self._tick: int | None = None
        self.world = World(types=raw["properties"], zone=raw["time_zone"], hand="c")

    def tell(self, move: Move, id_: str, at: int) -> list[Change]:
        """What must be told of an event: what time changed before it, then what it changes."""
        if id_ in self._ids:
            return []
        known = [instant for instant in (at, self._settled, self._tick) if instant is not None]
        now = max(known)
        if self._settled is None:
            self.world.created = at
            changes: list[Change] = []
        else:
            changes = self._pass_to(now - 1)
        if not self._is_refused(move):
            self._ids.add(id_)
            self._apply(move, at, now)
        changes += self._settle(now)
        self._settled = now
        return changes

    def tick(self, at: int) -> list[Change]:
        """What time changed before a tick."""
        self._tick = at if self._tick is None else max(at, self._tick)
        return [] if self._settled is None else self._pass_to(at - 1)

    def truths(self) -> dict[str, bool] | None:
        """Rule -> whether its condition holds of the lead at hand; None where none takes automation."""
        lead, now = self.world.leads.get("c"), self._settled
        if lead is None or lead.status != "active" or now is None:
            return None
        return {rule["id"]: holds(rule["when"], self.world, now) for rule in self._raw["campaigns"][0]["automation"]}

    @property
    def members(self) -> set[str]:
        """The memberships as settled last."""
        return self._members

    def _pass_to(self, last: int) -> list[Change]:
        assert self._settled is not None
        changes: list[Change] = []
        for instant in range(self._settled + 1, last + 1):
            changes += self._settle(instant)
        self._settled = max(self._settled, last)
        return changes

    def _settle(self, now: int) -> list[Change]:
        before = self._members
        self._members = self.world.members = set()
        for segment in self._raw["segments"]:
            if "when" in segment and self._belongs(segment, now):
                self._members.add(segment["id"])
        names = [segment["id"] for segment in self._raw["segments"]]
        return [(now, name, name in self._members) for name in names if (name in before) != (name in self._members)]

    def _belongs(self, segment: dict[str, Any], now: int) -> bool:
        allowed = segment.get("statuses", ["active"])
        return self.world.status in allowed and holds(segment["when"], self.world, now)

    def _is_refused(self, move: Move) -> bool:
        """What is refused was not applied: nothing but the clock moves, and its id may come again."""
        if "c" in self.world.leads:
            return False
        if move.kind == "lead.added":
            return self.world.status != "active"
        return move.fields.get("campaign") == "c"

    def _apply(self, move: Move, at: int, now: int) -> None:
        world, fields = self.world, move.fields
        if move.kind in ("web.visited", "activity.recorded"):
            is_visit = move.kind == "web.visited"
            name = fields.get("name", "visit")
            world.history.append(Event(at, fields, name, is_visit, now - at > self._lateness))
        elif move.kind == "contact.changed":
            self._patch(fields, now)
        elif move.kind == "score.adjusted":
            self._score(fields)
        elif move.kind == "lead.added":
            world.leads.setdefault("c", Lead(now))
        else:
            lead, qualified = world.leads["c"], move.kind == "lead.qualified"
            world.leads["c"] = replace(lead, status="qualified" if qualified else "rejected")

    def _patch(self, fields: dict[str, Any], now: int) -> None:
        world = self.world
        merged = {**world.properties, **fields.get("properties", {})}
        world.properties = {name: value for name, value in merged.items() if value is not None}
        world.patches.append((now, world.properties))
        before, world.status = world.status, fields.get("status", world.status)
        if before == "active" and world.status == "inactive":
            for lead in world.leads.values():
                lead.status = "rejected"

    def _score(self, fields: dict[str, Any]) -> None:
        points, name = fields["points"], fields.get("score")
        if name is not None:
            self.world.scores[name] = self.world.scores.get(name, 0) + points
            return
        if "campaign" not in fields:
            self.world.score += points
        for lead in self.world.leads.values():
            if lead.status == "active":
                lead.points += points


def instants_of(moves: list[Move], start: int) -> Iterator[tuple[Move, str, int]]:
    """Each move with the id and the instant of its event."""
    latest, last_id = start, "e0"
    for number, move in enumerate(moves):
        latest += move.passed
        last_id = last_id if move.again else f"e{number}"
        yield move, last_id, latest - move.late

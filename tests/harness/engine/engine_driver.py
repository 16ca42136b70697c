"""Tells the engine what happens, record by record, and hears what comes of it."""

from __future__ import annotations

from typing import Any

import msgspec

from schemas.definitions import Definitions
from schemas.engine_versions import NEWEST_VERSION
from schemas.values import MILLION, instant_text
from streams.engine.journal import records
from streams.engine.journal.effects import TOMBSTONE, Append, Budget, Output, SourceRecord
from streams.engine.journal.event_types import EVENT_TYPES
from streams.engine.journal.validate import EventValidator
from streams.engine.partition.decider import PartitionDecider
from streams.engine.partition.release_records import release_records
from streams.engine.settings import DEFAULT_ENGINE_SETTINGS
from streams.engine.state.contact import Contact
from streams.engine.validation import validate_definitions

SECOND = 1_000
MINUTE = 60 * SECOND
HOUR = 60 * MINUTE
DAY = 24 * HOUR
START = 1_767_225_600_000
"""2026-01-01T00:00:00Z, a Thursday."""

BUDGET = Budget(records=1 << 40, bytes=1 << 40)


def day(number: float, plus: int = 0) -> int:
    """The instant (ms) that many days after the start of the story, and some ms."""
    return START + int(number * DAY) + plus


def sound_definitions(definitions: dict[str, Any]) -> Definitions:
    """Definitions that are known to be sound."""
    checked = validate_definitions(definitions)
    assert checked.definitions is not None, checked.problems
    return checked.definitions


class EngineDriver:
    """One partition on the events clock; every call returns the outputs of what it tells, tables among them."""

    def __init__(self, **definitions: Any) -> None:
        self.releases: list[Definitions] = []
        self.decider = PartitionDecider(0, lambda _, number: self.releases[number - 1], DEFAULT_ENGINE_SETTINGS)
        self.decider.resume(None)
        self.journal: list[tuple[int, bytes, bytes]] = []
        self.refused: list[str] = []
        self._tables: dict[str, dict[bytes, bytes]] = {}
        self._validator = EventValidator("events")
        self._refused_sources: set[tuple[str, int, int]] = set()
        if definitions:
            self.apply(**definitions)

    def apply(self, at: int | None = None, **definitions: Any) -> list[dict[str, Any]]:
        """A new release."""
        self.releases.append(sound_definitions(definitions))
        number = len(self.releases)
        marker = records.Marker("default", number, number, "", at, NEWEST_VERSION)
        before = list(self.journal)
        outputs = []
        for entry in release_records(self.decider, marker, lambda: before, self._refused_sources):
            outputs += self._decide(entry)
        return outputs

    def tick(self, at: int) -> list[dict[str, Any]]:
        """Every instant before `at` is over."""
        return self._decide(Append(b"tick", records.encode(records.Tick(at, "default"))))

    def send(self, type_: str, at: int, contact: str = "ann", **fields: Any) -> list[dict[str, Any]]:
        """An event; its id is its place unless it brings one."""
        event = {"id": f"e{len(self.journal)}", "type": type_, "at": instant_text(at), "contact": contact, **fields}
        source = SourceRecord(
            EVENT_TYPES[type_].topic, 0, len(self.journal), None, None, msgspec.json.encode(event), (), 0
        )
        entry = self._validator.validate(source)
        assert isinstance(entry, Append), entry
        return self._decide(entry)

    def change_contact(
        self, at: int, contact: str = "ann", status: str | None = None, **properties: Any
    ) -> list[Any]:
        """A patch."""
        fields: dict[str, Any] = {"properties": properties}
        return self.send("contact.changed", at, contact, **fields, **({"status": status} if status else {}))

    def visit(self, at: int, path: str = "/", contact: str = "ann", **fields: Any) -> list[dict[str, Any]]:
        """A web visit."""
        return self.send("web.visited", at, contact, url=f"https://www.example.com{path}", **fields)

    def contact(self, name: str = "ann") -> Contact:
        """The contact's row."""
        return next(contact for contact in self.decider.contacts() if contact.id == name)

    def members(self, contact: str = "ann") -> list[str]:
        """The segments it is a member of."""
        return sorted(self.contact(contact).members)

    def status(self, campaign: str, contact: str = "ann") -> str | None:
        """The status of its lead."""
        lead = self.contact(contact).leads.get(campaign)
        return lead.status if lead else None

    def points(self, campaign: str, contact: str = "ann") -> float:
        """The points of its lead."""
        return self.contact(contact).leads[campaign].points / MILLION

    def table(self, topic: str) -> dict[bytes, bytes]:
        """The last value of each key of a topic; none of a key that is gone."""
        return dict(self._tables.get(topic, {}))

    def _decide(self, entry: Append) -> list[dict[str, Any]]:
        offset = len(self.journal)
        self.journal.append((offset, entry.key, entry.value))
        self.decider.feed(offset, entry.key, entry.value)
        outputs: list[dict[str, Any]] = []
        self.refused = []
        while self.decider.has_pending():
            effects = self.decider.work(BUDGET)
            outputs += [_read_output(output) for output in effects.outputs]
            for output in effects.outputs:
                rows = self._tables.setdefault(output.topic, {})
                rows.pop(output.key, None) if output.value is None else rows.update({output.key: output.value})
            self._refused_sources.update(source for _, source, _ in effects.dead_letters)
            self.refused += [refusal.code for refusal, _, _ in effects.dead_letters]
        return outputs


def _read_output(output: Output) -> dict[str, Any]:
    fields = msgspec.json.decode(output.value) if output.value is not None else {"gone": True}
    assert output.type == fields.get("type", TOMBSTONE), "metrics count another type than is written"
    return {"topic": output.topic, "key": output.key.decode(), **fields}


def segment_changes(outputs: list[dict[str, Any]]) -> list[tuple[str, str]]:
    """(segment, `in` or `out`) of each change."""
    return [
        (output["segment"], "in" if output["type"] == "segment.entered" else "out")
        for output in outputs
        if output["topic"] == "segment-changes"
    ]


def lead_changes(outputs: list[dict[str, Any]]) -> list[tuple[str, str | None, str]]:
    """(campaign, status before, status after) of each change."""
    return [
        (output["campaign"], output["from"], output["to"])
        for output in outputs
        if output.get("type") == "lead.status_changed"
    ]


def outputs_of_topic(outputs: list[dict[str, Any]], topic: str) -> list[dict[str, Any]]:
    """The outputs of one topic."""
    return [output for output in outputs if output["topic"] == topic]

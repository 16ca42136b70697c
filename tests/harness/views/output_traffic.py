"""Outputs as a pipeline writes them, made up: tables and changes that fit each other, in transactions."""

from __future__ import annotations

import random
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import msgspec

from schemas.values import instant_text
from streams.kafka.partitions import partition_for_key

SEGMENTS = ("hot", "cold", "vip")
CAMPAIGNS = ("spring", "autumn")
STATUSES = ("active", "qualified", "rejected", "duplicate", "deleted")
START = 1_772_355_600_000  # 2026-03-01T09:00:00Z


class OutputToWrite(NamedTuple):
    """A record, its topic without prefix; `timestamp` in ms."""

    topic: str
    partition: int
    key: str
    value: dict[str, Any] | None
    timestamp: int


@dataclass
class _MadeUpContact:
    account: str
    name: str
    created: int
    is_first: bool
    """False for a contact that was erased and began again; no CRM knows it."""
    segments: set[str] = field(default_factory=set)
    leads: dict[str, dict[str, Any]] = field(default_factory=dict)


class OutputTraffic:
    """Steps of made-up contacts; each step is what the decision of one record writes."""

    def __init__(self, seed: int, *, contacts: int = 40, accounts: tuple[str, ...] = ("default", "acme")) -> None:
        self._random = random.Random(seed)
        self._names = [f"contact {n}/{n % 3}" for n in range(contacts)]
        self._accounts = accounts
        self._contacts: dict[tuple[str, str], _MadeUpContact] = {}
        self._at = START
        self._written = int(time.time() * 1000) - 3_600_000
        self._offset = 0
        self._ordinal = 0
        self._erased: set[tuple[str, str]] = set()
        self._won: dict[tuple[str, str], int] = {}

    def steps(self, count: int, slots: int, in_partitions: int) -> Iterator[list[OutputToWrite]]:
        """The records of `count` steps."""
        for _ in range(count):
            yield self._step(slots, in_partitions)

    def _step(self, slots: int, in_partitions: int) -> list[OutputToWrite]:
        self._at += self._random.randrange(1, 90_000)
        self._written += 2
        self._offset += 1
        self._ordinal = 0
        key = (self._random.choice(self._accounts), self._random.choice(self._names))
        slot = partition_for_key("/".join(key).encode(), slots)
        contact = self._contacts.get(key)
        if contact is not None and self._random.random() < 0.05:
            return list(self._erase(contact, slot))
        outputs = []
        if contact is None:
            contact = self._contacts[key] = _MadeUpContact(*key, created=self._at, is_first=key not in self._erased)
        outputs.append(self._contact_row(contact, slot))
        kind = self._random.random()
        if kind < 0.5:
            outputs += self._change_segment(contact, slot)
        elif kind < 0.8:
            outputs += self._change_lead(contact, slot)
        elif contact.leads and contact.is_first:
            outputs += self._answer(contact, slot, in_partitions)
        return outputs

    def _contact_row(self, contact: _MadeUpContact, slot: int) -> OutputToWrite:
        value = self._body(contact, "contact", slot)
        value |= {
            "status": "active",
            "properties": {"email": f"{contact.name}@example.com", "tags": ["a", {"created": "x"}]},
            "score": self._random.randrange(100),
            "scores": {},
            "created": instant_text(contact.created),
            "last_seen": None,
        }
        return self._output("contacts", slot, f"{contact.account}/{contact.name}", value)

    def _change_segment(self, contact: _MadeUpContact, slot: int) -> Iterator[OutputToWrite]:
        segment = self._random.choice(SEGMENTS)
        is_entry = segment not in contact.segments
        kind = "segment.entered" if is_entry else "segment.exited"
        yield self._change("segment-changes", contact, slot, kind, {"segment": segment})
        row = None
        if is_entry:
            contact.segments.add(segment)
            row = {
                **self._body(contact, "segment.member", slot),
                "segment": segment,
                "since": instant_text(self._at),
            }
        else:
            contact.segments.discard(segment)
        yield self._output("segment-members", slot, f"{contact.account}/{segment}/{contact.name}", row)

    def _change_lead(self, contact: _MadeUpContact, slot: int) -> Iterator[OutputToWrite]:
        campaign = self._random.choice(CAMPAIGNS)
        lead = contact.leads.get(campaign)
        former = lead["status"] if lead else None
        status = self._random.choice([each for each in STATUSES if each != former])
        points = self._random.randrange(-50, 1_500) / 10
        fields = {"campaign": campaign, "from": former, "to": status, "points": points}
        yield self._change("lead-changes", contact, slot, "lead.status_changed", fields)
        made = lead["made"] if lead else instant_text(self._at)
        crm = lead.get("crm", {}) if lead else {}
        contact.leads[campaign] = {
            "campaign": campaign,
            "status": status,
            "points": points,
            "made": made,
            "changed": instant_text(self._at),
            **({"crm": crm} if crm else {}),
        }
        yield self._lead_row(contact, campaign, slot)

    def _answer(self, contact: _MadeUpContact, slot: int, in_partitions: int) -> Iterator[OutputToWrite]:
        """The CRM's answer, perhaps twice, and what it makes of the lead and of revenue."""
        campaign = self._random.choice(sorted(contact.leads))
        outcome = self._random.choice([None, "open", "won", "lost"])
        kind = "crm.outcome" if outcome else "crm.linked"
        result: dict[str, Any] = {
            "id": f"result-{self._offset}",
            "type": kind,
            "account": contact.account,
            "contact": contact.name,
            "at": instant_text(self._at),
            "campaign": campaign,
        }
        result |= {"outcome": outcome, "opportunity": "006"} if outcome else {"record": "00Q"}
        partition = partition_for_key(contact.name.encode(), in_partitions)
        for _ in range(self._random.choice([1, 1, 2])):
            yield self._output("crm-results", partition, contact.name, result)
        crm = dict(contact.leads[campaign].get("crm", {}))
        crm |= {"outcome": outcome} if outcome else {"record": "00Q"}
        contact.leads[campaign]["crm"] = crm
        yield self._lead_row(contact, campaign, slot)
        won = self._won[contact.account, campaign] = self._won.get((contact.account, campaign), 0) + 1
        value = {
            **self._body(contact, "campaign.revenue", 0),
            "campaign": campaign,
            "currency": "EUR",
            "won": {"count": won, "amount": f"{won}.10"},
            "lost": {"count": 0, "amount": "0"},
            "open": {"count": 1, "amount": "3"},
        }
        value.pop("contact")
        yield self._output("campaign-revenue", 0, f"{contact.account}/{campaign}/EUR", value)

    def _erase(self, contact: _MadeUpContact, slot: int) -> Iterator[OutputToWrite]:
        del self._contacts[contact.account, contact.name]
        self._erased.add((contact.account, contact.name))
        yield self._output("contacts", slot, f"{contact.account}/{contact.name}", None)
        for segment in sorted(contact.segments):
            yield self._output("segment-members", slot, f"{contact.account}/{segment}/{contact.name}", None)
        for campaign in sorted(contact.leads):
            yield self._output("leads", slot, f"{contact.account}/{campaign}/{contact.name}", None)

    def _lead_row(self, contact: _MadeUpContact, campaign: str, slot: int) -> OutputToWrite:
        value = {**self._body(contact, "lead", slot), **contact.leads[campaign]}
        return self._output("leads", slot, f"{contact.account}/{campaign}/{contact.name}", value)

    def _change(
        self, topic: str, contact: _MadeUpContact, slot: int, kind: str, fields: dict[str, Any]
    ) -> OutputToWrite:
        value = {**self._body(contact, kind, slot), **fields}
        return self._output(topic, slot, f"{contact.account}/{contact.name}", value)

    def _body(self, contact: _MadeUpContact, kind: str, slot: int) -> dict[str, Any]:
        self._ordinal += 1
        return {
            "type": kind,
            "id": f"{self._offset}-{self._ordinal}",
            "account": contact.account,
            "contact": contact.name,
            "at": instant_text(self._at),
            "number": {"partition": slot, "offset": self._offset, "ordinal": self._ordinal},
            "cause": {"kind": "event", "event": f"e-{self._offset}"},
        }

    def _output(self, topic: str, partition: int, key: str, value: dict[str, Any] | None) -> OutputToWrite:
        return OutputToWrite(topic, partition, key, value, self._written)


def value_bytes(value: dict[str, Any] | None) -> bytes | None:
    """The value as it is written."""
    return None if value is None else msgspec.json.encode(value)

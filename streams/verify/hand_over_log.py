"""The records of one partition of `qualified-leads`, by contact, in the form in which they are recomputed."""

from __future__ import annotations

from collections import defaultdict
from itertools import zip_longest
from typing import Any

import msgspec

from schemas.values import instant_text
from streams.verify.recompute.leads.lead_state import RecomputedHandOver

HandOverRecord = dict[str, Any]
"""What is compared of a record of `qualified-leads`."""

_TYPES = ("lead.handed_over", "lead.updated")


class HandOverLog:
    """The records in the partition's order; where `is_truncated`, retention has removed the first ones."""

    def __init__(self, *, is_truncated: bool = True) -> None:
        self.is_truncated = is_truncated
        self._values: dict[bytes, list[bytes]] = defaultdict(list)

    def feed(self, key: bytes | None, value: bytes | None) -> None:
        """Takes the next record. What is no hand-over and no update is passed over: it is a dead letter."""
        if key is not None and value is not None:
            self._values[key].append(value)

    def records(self, contact: bytes) -> list[HandOverRecord]:
        """Returns the records of a contact (ACCOUNT/CONTACT)."""
        records = map(_read_record, self._values.get(contact, ()))
        return [record for record in records if record is not None]

    def first_difference(
        self, expected: list[HandOverRecord], actual: list[HandOverRecord]
    ) -> tuple[HandOverRecord | None, HandOverRecord | None] | None:
        """Returns what must be there and what is, where they differ first; None where they agree.

        Of a truncated log only the last records must be there.
        """
        missing = max(len(expected) - len(actual), 0) if self.is_truncated else 0
        for wanted, found in zip_longest(expected[missing:], actual):
            if _to_json(wanted) != _to_json(found):
                return wanted, found
        return None


def expected_record(hand_over: RecomputedHandOver) -> HandOverRecord:
    """Returns what the record of a recomputed hand-over or update must show."""
    return {
        "type": _TYPES[hand_over.is_update],
        "at": instant_text(hand_over.at),
        "campaign": hand_over.campaign,
        "lead": {
            "status": hand_over.status,
            "points": hand_over.points,
            "made": instant_text(hand_over.created),
            "record": hand_over.record,
        },
        "occasions": list(hand_over.occasions),
        "do_not_sync": hand_over.is_kept_back,
        "opted_out": hand_over.is_opted_out,
        "snapshot": hand_over.snapshot,
    }


def record_text(record: HandOverRecord) -> str:
    """Returns one line for people: the type, the campaign and the lead."""
    lead = record["lead"]
    text = (
        f"{record['type']} of {record['campaign']} at {record['at']}, {lead['status']} with {lead['points']} points"
    )
    text += f", told of {', '.join(record['occasions'])}" if record["occasions"] else ""
    text += ", do_not_sync" if record["do_not_sync"] else ""
    return text + (", opted_out" if record["opted_out"] else "")


def _read_record(value: bytes) -> HandOverRecord | None:
    """The compared fields of a record; None for one that no Leadstream wrote."""
    try:
        raw = msgspec.json.decode(value)
        if raw["type"] not in _TYPES:
            return None
        return {
            "type": raw["type"],
            "at": raw["at"],
            "campaign": raw["campaign"]["id"],
            "lead": {name: raw["lead"].get(name) for name in ("status", "points", "made", "record")},
            "occasions": raw.get("occasions", []),
            "do_not_sync": raw.get("do_not_sync", False),
            "opted_out": raw.get("opted_out", False),
            "snapshot": raw["snapshot"],
        }
    except (msgspec.DecodeError, ValueError, LookupError, TypeError, AttributeError):
        return None


def _to_json(record: HandOverRecord | None) -> bytes:
    """The record as a reader sees it: 1, 1.0 and true are three values, the order of keys is none."""
    return msgspec.json.encode(record, order="deterministic")

"""What the read models have to say, folded from whole topics by rules of its own, without Redis."""

from __future__ import annotations

from collections import Counter, defaultdict
from hashlib import blake2b
from typing import Any

import msgspec

from schemas.values import instant_ms

Snapshot = dict[str, Any]
"""What the models say, by account and kind; equal for equal models."""

_MINUTE, _HOUR = 60_000, 3_600_000


def fold(topics: dict[str, dict[int, list[Any]]]) -> Snapshot:
    """The models of topics: name to partition to records. Feeds are sets: the order between partitions is free."""
    accounts: defaultdict[str, Any] = defaultdict(_empty)
    erased: dict[tuple[str, str], int] = {}
    for record in _records(topics["contacts"]):
        account, contact = _key(record, 2)
        if record.value is None:
            accounts[account]["contacts"].pop(contact, None)
            erased[account, contact] = record.timestamp
            name_hash = blake2b(contact.encode(), digest_size=16).hexdigest()
            accounts[account]["erased"][name_hash] = record.timestamp
        else:
            accounts[account]["contacts"][contact] = record.value.decode()
    for record in _records(topics["segment-members"]):
        account, segment, contact = _key(record, 3)
        members = accounts[account]["members"][segment]
        if record.value is None:
            members.pop(contact, None)
        else:
            members[contact] = instant_ms(msgspec.json.decode(record.value)["since"])
    for record in _records(topics["leads"]):
        account, campaign, contact = _key(record, 3)
        leads = accounts[account]["leads"][campaign]
        if record.value is None:
            leads.pop(contact, None)
        else:
            leads[contact] = record.value.decode()
    for record in _records(topics["campaign-revenue"]):
        account, campaign, currency = _key(record, 3)
        accounts[account]["revenue"][campaign][currency] = record.value.decode()
    for name in ("segment-changes", "lead-changes", "crm-results"):
        for record in _records(topics[name]):
            _add_change(accounts, erased, record)
    return {account: _finish(model) for account, model in accounts.items()}


def _add_change(accounts: Any, erased: dict[tuple[str, str], int], record: Any) -> None:
    value = msgspec.json.decode(record.value)
    account, contact = value["account"], value["contact"]
    model = accounts[account]
    kind = value["type"]
    if kind.startswith("segment."):
        at = instant_ms(value["at"])
        direction = "in" if kind == "segment.entered" else "out"
        for letter, length in (("m", _MINUTE), ("h", _HOUR)):
            model["flow"][value["segment"]][f"{letter}:{at // length}:{direction}"] += 1
    row = model["contacts"].get(contact)
    if kind.startswith("crm."):
        if row is None and (account, contact) in erased:
            return
    elif erased.get((account, contact), -1) >= record.timestamp:
        return
    if row is not None and value["at"] < msgspec.json.decode(row)["created"]:
        return
    timeline = model["timelines"][contact]
    text = record.value.decode()
    if not kind.startswith("crm.") or all(text != each for each, _ in timeline):
        timeline.append((text, record.timestamp))


def _finish(model: Any) -> Snapshot:
    statuses: defaultdict[str, dict[str, int]] = defaultdict(dict)
    points: defaultdict[str, dict[str, float]] = defaultdict(dict)
    funnels: defaultdict[str, Counter[str]] = defaultdict(Counter)
    for campaign, leads in model["leads"].items():
        for contact, text in leads.items():
            lead = msgspec.json.decode(text)
            statuses[f"{campaign}:{lead['status']}"][contact] = instant_ms(lead["changed"])
            if lead["status"] != "deleted":
                points[campaign][contact] = lead["points"]
            crm = lead.get("crm", {})
            funnels[campaign]["handed_over"] += "record" in crm
            funnels[campaign][crm.get("outcome", "none")] += 1
    timelines = {
        contact: sorted(text for text, _ in entries) for contact, entries in model["timelines"].items() if entries
    }
    subjects: defaultdict[str, list[str]] = defaultdict(list)
    for entries in timelines.values():
        for text in entries:
            value = msgspec.json.decode(text)
            kind = "segment" if "segment" in value else "campaign"
            subjects[f"{kind}:{value[kind]}"].append(text)
    return {
        "contacts": model["contacts"],
        "members": {segment: members for segment, members in model["members"].items() if members},
        "leads": {campaign: leads for campaign, leads in model["leads"].items() if leads},
        "statuses": dict(statuses),
        "points": dict(points),
        "funnels": {
            campaign: {name: count for name, count in counts.items() if count and name != "none"}
            for campaign, counts in funnels.items()
            if any(count for name, count in counts.items() if name != "none")
        },
        "revenue": {campaign: dict(rows) for campaign, rows in model["revenue"].items()},
        "flow": {segment: dict(counts) for segment, counts in model["flow"].items()},
        "timelines": timelines,
        "newest": {
            contact: max(written for _, written in entries)
            for contact, entries in model["timelines"].items()
            if entries
        },
        "erased": model["erased"],
        # Also those that have none any more.
        "names": {"segments": sorted(model["members"]), "campaigns": sorted({*model["leads"], *model["revenue"]})},
        "unknown": [],
        "changes": sorted(text for entries in timelines.values() for text in entries),
        "is_consistent": True,
        "subjects": {subject: sorted(texts) for subject, texts in subjects.items()},
    }


def _empty() -> Any:
    return {
        "contacts": {},
        "members": defaultdict(dict),
        "leads": defaultdict(dict),
        "revenue": defaultdict(dict),
        "flow": defaultdict(Counter),
        "timelines": defaultdict(list),
        "erased": {},
    }


def _records(partitions: dict[int, list[Any]]) -> Any:
    return (record for records in partitions.values() for record in records)


def _key(record: Any, count: int) -> list[str]:
    return record.key.decode().split("/", count - 1)  # type: ignore[no-any-return]

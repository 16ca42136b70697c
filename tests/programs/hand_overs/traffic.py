"""Hand-overs of contacts of two accounts: most of them once, some again in another campaign with a newer snapshot."""

from __future__ import annotations

import random
from dataclasses import dataclass
from typing import Any

import msgspec

from schemas.topics import QUALIFIED_LEADS
from streams.kafka.protocols import Producer
from tests.harness.salesforce.sandbox import AUTUMN, SPRING

PARTITIONS = 4
CAMPAIGNS = {"spring": SPRING, "autumn": AUTUMN}
_ACCOUNTS = ("default", "acme")
_AGAIN = 0.1


@dataclass(frozen=True, slots=True)
class GeneratedHandOver:
    """A hand-over as it is on the topic."""

    partition: int
    key: bytes
    value: dict[str, Any]

    @property
    def contact(self) -> tuple[str, str]:
        """Account and contact."""
        return self.value["account"], self.value["contact"]


def generate_handovers(count: int, seed: int) -> list[GeneratedHandOver]:
    """Returns `count` hand-overs in the order of the topic; always the same for a seed."""
    chance = random.Random(seed)
    offsets = [0] * PARTITIONS

    def next_number(partition: int) -> tuple[int, int]:
        offsets[partition] += 1
        return partition, offsets[partition]

    made: list[GeneratedHandOver] = []
    first_time: list[tuple[int, str, str]] = []
    while len(made) < count:
        if first_time and chance.random() < _AGAIN:
            partition, account, contact = first_time.pop(chance.randrange(len(first_time)))
            made.append(_handover(next_number(partition), (account, contact), "autumn", f"Later {len(made)}"))
            continue
        account = chance.choice(_ACCOUNTS)
        contact = f"c-{len(made)}"
        partition = chance.randrange(PARTITIONS)
        made.append(_handover(next_number(partition), (account, contact), "spring", f"First {len(made)}"))
        first_time.append((partition, account, contact))
    return made


def _handover(place: tuple[int, int], owner: tuple[str, str], campaign: str, job: str) -> GeneratedHandOver:
    partition, offset = place
    account, contact = owner
    number = {"partition": partition, "offset": offset, "ordinal": 0}
    value = {
        "id": f"h-{partition}-{offset}",
        "type": "lead.handed_over",
        "at": "2026-03-02T09:00:00.000Z",
        "account": account,
        "contact": contact,
        "number": number,
        "cause": {"kind": "command", "event": "e"},
        "campaign": {
            "id": campaign,
            "name": campaign,
            "salesforce": {"campaign": CAMPAIGNS[campaign], "member_status": "Responded"},
        },
        "lead": {"status": "qualified", "points": 10, "made": "2026-03-01T09:00:00.000Z"},
        "points": 10,
        "snapshot": {
            "status": "active",
            "properties": {"last_name": f"Name {contact}", "company": "Acorn", "job_title": job},
        },
    }
    return GeneratedHandOver(partition, f"{account}/{contact}".encode(), value)


async def publish(producer: Producer, prefix: str, handovers: list[GeneratedHandOver]) -> None:
    """Writes hand-overs to `qualified-leads` and waits for the broker."""
    encode = msgspec.json.encode
    futures = [
        await producer.send(prefix + QUALIFIED_LEADS.name, encode(each.value), each.key, partition=each.partition)
        for each in handovers
    ]
    for future in futures:
        await future

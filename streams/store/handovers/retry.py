"""Asks for refused leads to be handed over again: a record of `crm-commands` for each, with its newest hand-over."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Collection, Container, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import msgspec

from schemas.topics import CRM_COMMANDS, QUALIFIED_LEADS
from schemas.values import instant_text
from streams.clock import now_ms
from streams.kafka.clients import fetch_partitions, open_producer
from streams.kafka.reader import fetch_end_offsets, open_consumer, read_partitions_to_end
from streams.progress import ProgressCallback
from streams.settings import Settings
from streams.store.handovers.commands import CLIENT, RetryRequest, encode_command, read_commands, retry_key
from streams.store.handovers.refusals import RefusedLead
from streams.store.outputs.tables import RowKey

MAX_REQUESTS = 5_000
"""So many retries at most are asked for and not answered at one time: workers keep them in memory."""

NO_RECORD = "no_record"
"""The code that an update is answered with whose contact has no record."""

_HAND_OVER = "lead.handed_over"

_Refused = tuple[RowKey, bool]
"""A lead, and whether an update of it was refused or a hand-over."""


class _Campaign(msgspec.Struct):
    id: str


class _HandOver(msgspec.Struct):
    type: str
    id: str
    account: str
    contact: str
    campaign: _Campaign
    do_not_sync: bool = False
    opted_out: bool = False


class _Found(NamedTuple):
    """What `qualified-leads` has of a refused lead: its partition, the event, and that partition's end."""

    partition: int
    hand_over: dict[str, Any]
    end: int


_decode = msgspec.json.Decoder(_HandOver).decode


@dataclass(slots=True)
class RetryPlan:
    """What a retry would ask for: `requests` has them, the counts say what it leaves out and why."""

    requests: list[RetryRequest] = field(default_factory=list)
    by_code: Counter[str] = field(default_factory=Counter)
    """The codes of the refusals that are tried again."""
    outstanding: list[RowKey] = field(default_factory=list)
    """Leads whose retry is asked for already and not answered."""
    gone: list[RowKey] = field(default_factory=list)
    """Leads whose hand-over `qualified-leads` no longer has."""
    forbidden: list[RowKey] = field(default_factory=list)
    """Leads of contacts that opted out since their hand-over."""
    postponed_count: int = 0
    """Refusals beyond the most that may be asked for at one time."""

    @property
    def lead_count(self) -> int:
        """How many leads the requests are about; a hand-over and an update of one may both be refused."""
        return len({(each.account, each.campaign, each.contact) for each in self.requests})


async def plan_retry(
    settings: Settings, refused: Sequence[RefusedLead], by: str, on_progress: ProgressCallback
) -> RetryPlan:
    """The requests for refused leads; nothing is written. Scans `qualified-leads`.

    Raises TopicsMissing, BrokerUnavailable.
    """
    plan = RetryPlan()
    async with open_consumer(settings.bootstrap, CLIENT) as consumer:
        standing = (await read_commands(settings, consumer)).retries
    wanted: dict[_Refused, RefusedLead] = {}
    for each in refused:
        if _is_asked_for(standing, each.key, is_update=each.is_update):
            plan.outstanding.append(each.key)
        elif len(standing) + len(wanted) >= MAX_REQUESTS:
            plan.postponed_count += 1
        else:
            wanted[each.key, each.is_update] = each
    newest, opted_out = await _read_newest(settings, wanted.values(), on_progress) if wanted else ({}, frozenset())
    at = instant_text(now_ms())
    for (key, is_update), lead in wanted.items():
        if (key, is_update) not in newest:
            plan.gone.append(key)
            continue
        partition, hand_over, end = newest[key, is_update]
        makes_record = lead.code == NO_RECORD and (key, False) not in newest
        if not is_update or (makes_record and not _is_asked_for(standing, key, is_update=False)):
            # What the update changes was never made, and no hand-over is repeated that makes it: its snapshot, the
            # newest, is handed over. So is one that was repeated in this way before.
            hand_over = {**hand_over, "type": _HAND_OVER}
            if (key.account, key.contact) in opted_out:
                plan.forbidden.append(key)
                continue
        retry = lead.retries + 1
        plan.requests.append(
            RetryRequest(key.account, key.contact, key.subject, retry, partition, hand_over, at, by, is_update, end)
        )
        plan.by_code[lead.code] += 1
    return plan


async def request_retries(settings: Settings, plan: RetryPlan) -> None:
    """Writes the requests, and waits until the brokers have them. Raises BrokerUnavailable."""
    topic = settings.prefix + CRM_COMMANDS.name
    async with open_producer(settings.bootstrap, client_id=CLIENT) as producer:
        futures = [await producer.send(topic, encode_command(each), each.key.encode()) for each in plan.requests]
        await asyncio.gather(*futures)


def _is_asked_for(standing: Container[str], key: RowKey, *, is_update: bool) -> bool:
    return retry_key(key.account, key.contact, key.subject, is_update=is_update) in standing


async def _read_newest(
    settings: Settings, leads: Collection[RefusedLead], on_progress: ProgressCallback
) -> tuple[dict[_Refused, _Found], frozenset[tuple[str, str]]]:
    """Each lead's newest hand-over, or the update that was refused; and which contacts (account, id) opted out.

    A contact opted out where its newest record says so, of whatever lead it is.
    """
    contacts = {(each.key.account, each.key.contact) for each in leads}
    opted_out = set()
    refused = {(each.key, each.is_update): each.hand_over for each in leads}
    topic = settings.prefix + QUALIFIED_LEADS.name
    partitions = (await fetch_partitions(settings.bootstrap, [topic]))[topic]
    values: dict[_Refused, tuple[int, bytes, int]] = {}
    async with open_consumer(settings.bootstrap, CLIENT) as consumer:
        ends = await fetch_end_offsets(consumer, partitions)
        offsets = dict.fromkeys(ends, 0)
        async for partition, batch in read_partitions_to_end(consumer, partitions, ends=ends):
            for record in batch:
                try:
                    event = _decode(record.value or b"")
                except msgspec.DecodeError:
                    continue
                key = RowKey(event.account, event.campaign.id, event.contact)
                if (contact := (event.account, event.contact)) in contacts:
                    opted_out.discard(contact)
                    if event.do_not_sync or event.opted_out:
                        opted_out.add(contact)
                for each in ((key, False), (key, True)):
                    is_newest = event.id == refused.get(each) or (event.type == _HAND_OVER and not each[1])
                    if each in refused and is_newest:
                        values[each] = partition.partition, record.value or b"", ends[partition]
            offsets[partition] = batch[-1].offset + 1
            on_progress("reading hand-overs", sum(offsets.values()), sum(ends.values()))
    found = {
        key: _Found(partition, msgspec.json.decode(value), end) for key, (partition, value, end) in values.items()
    }
    return found, frozenset(opted_out)

"""Asks for refused leads to be handed over again: a record of `crm-commands` for each, with its newest hand-over."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

import msgspec
from aiokafka import AIOKafkaProducer

from schemas.topics import CRM_COMMANDS, QUALIFIED_LEADS
from schemas.values import instant_text
from streams.clock import now_ms
from streams.kafka.clients import broker_errors, fetch_partitions
from streams.kafka.protocols import Producer
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


class _Campaign(msgspec.Struct):
    id: str


class _HandOver(msgspec.Struct):
    type: str
    id: str
    account: str
    contact: str
    campaign: _Campaign


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
    postponed_count: int = 0
    """Leads beyond the most that may be asked for at one time."""


async def plan_retry(
    settings: Settings, refused: Sequence[RefusedLead], by: str, on_progress: ProgressCallback
) -> RetryPlan:
    """The requests for refused leads; nothing is written. Scans `qualified-leads`.

    Raises TopicsMissing, BrokerUnavailable.
    """
    plan = RetryPlan()
    async with open_consumer(settings.bootstrap, CLIENT) as consumer:
        standing = (await read_commands(settings, consumer)).retries
    wanted: dict[RowKey, RefusedLead] = {}
    for each in refused:
        account, campaign, contact = each.key
        if retry_key(account, contact, campaign) in standing:
            plan.outstanding.append(each.key)
        elif len(standing) + len(wanted) >= MAX_REQUESTS:
            plan.postponed_count += 1
        else:
            wanted[each.key] = each
    newest = await _read_newest(settings, wanted.values(), on_progress) if wanted else {}
    at = instant_text(now_ms())
    for key, lead in wanted.items():
        if key not in newest:
            plan.gone.append(key)
            continue
        partition, hand_over = newest[key]
        if lead.code == NO_RECORD:
            # What the update changes was never made: its snapshot, the newest, is handed over.
            hand_over = {**hand_over, "type": "lead.handed_over"}
        retry = lead.retries + 1
        plan.requests.append(RetryRequest(key.account, key.contact, key.subject, retry, partition, hand_over, at, by))
        plan.by_code[lead.code] += 1
    return plan


async def request_retries(settings: Settings, plan: RetryPlan) -> None:
    """Writes the requests, and waits until the brokers have them. Raises BrokerUnavailable."""
    topic = settings.prefix + CRM_COMMANDS.name
    with broker_errors(settings.bootstrap):
        producer: Producer = AIOKafkaProducer(
            bootstrap_servers=settings.bootstrap, client_id=CLIENT, acks="all", enable_idempotence=True
        )
        await producer.start()
        try:
            futures = [await producer.send(topic, encode_command(each), each.key.encode()) for each in plan.requests]
            await asyncio.gather(*futures)
        finally:
            await producer.stop()


async def _read_newest(
    settings: Settings, leads: Iterable[RefusedLead], on_progress: ProgressCallback
) -> dict[RowKey, tuple[int, dict[str, Any]]]:
    """The partition and the event of each lead's newest hand-over; of an update that was refused, that update."""
    refused = {each.key: each.hand_over for each in leads}
    topic = settings.prefix + QUALIFIED_LEADS.name
    partitions = (await fetch_partitions(settings.bootstrap, [topic]))[topic]
    values: dict[RowKey, tuple[int, bytes]] = {}
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
                if key in refused and (event.type == "lead.handed_over" or event.id == refused[key]):
                    values[key] = partition.partition, record.value or b""
            offsets[partition] = batch[-1].offset + 1
            on_progress("reading hand-overs", sum(offsets.values()), sum(ends.values()))
    return {key: (partition, msgspec.json.decode(value)) for key, (partition, value) in values.items()}

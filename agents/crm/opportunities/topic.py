"""The connector's own events on `crm-opportunities`."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import msgspec

from connectors.salesforce.opportunities.org_opportunity import OpportunityEvent
from connectors.salesforce.opportunities.poll import is_ours
from schemas.topics import CRM_OPPORTUNITIES
from streams.kafka.clients import fetch_partitions
from streams.kafka.reader import open_consumer, read_to_end
from streams.settings import Settings

_decode = msgspec.json.Decoder().decode


async def read_own_events(settings: Settings, crm: str) -> AsyncIterator[OpportunityEvent]:
    """The events of an org up to the topic's present end. Raises BrokerUnavailable, TopicsMissing."""
    topic = settings.prefix + CRM_OPPORTUNITIES.name
    partitions = (await fetch_partitions(settings.bootstrap, [topic]))[topic]
    async with open_consumer(settings.bootstrap, "leadstream-crm") as consumer:
        async for record in read_to_end(consumer, partitions):
            event = _decode_event(record.value)
            if is_ours(event, crm):  # other CRMs write to the topic, too
                yield event


def _decode_event(value: bytes | None) -> Any:
    """The JSON value of a record; None where it cannot be read."""
    try:
        return _decode(value or b"null")
    except msgspec.DecodeError:
        return None

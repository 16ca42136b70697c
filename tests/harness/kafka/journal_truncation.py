"""A journal, or an in-topic, that loses its beginning, as retention does it, but now."""

from __future__ import annotations

import asyncio

from aiokafka import TopicPartition
from aiokafka.admin import RecordsToDelete

from schemas.topics import JOURNAL
from streams.kafka.clients import admin_client
from streams.settings import Settings


def truncate_journal(settings: Settings, offset: int, partition: int = 0) -> None:
    """Deletes the records of a journal partition before an offset."""
    truncate_topic(settings, JOURNAL.name, offset, partition)


def truncate_topic(settings: Settings, topic: str, offset: int, partition: int = 0) -> None:
    """Deletes the records of a partition of a topic (without prefix) before an offset."""
    asyncio.run(_delete(settings, topic, offset, partition))


async def _delete(settings: Settings, topic: str, offset: int, partition: int) -> None:
    target = TopicPartition(settings.prefix + topic, partition)
    async with admin_client(settings.bootstrap) as admin:
        await admin.delete_records({target: RecordsToDelete(offset)})

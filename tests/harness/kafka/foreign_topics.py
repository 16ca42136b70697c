"""In-topics as others make them: they keep the timestamps of their producers."""

from __future__ import annotations

from collections.abc import Mapping

from aiokafka.admin import NewTopic

from streams.kafka.clients import admin_client
from streams.settings import Settings


async def create_foreign_topics(settings: Settings, topics: Mapping[str, int]) -> None:
    """Makes topics (name without prefix -> partitions) as Kafka does by default, with CreateTime.

    Made so from the start: a setting that is changed later holds some time after the change was answered.
    """
    config = {"message.timestamp.type": "CreateTime", "message.timestamp.after.max.ms": "3600000"}
    wanted = [NewTopic(settings.prefix + name, count, 1, topic_configs=config) for name, count in topics.items()]
    if wanted:
        async with admin_client(settings.bootstrap) as admin:
            await admin.create_topics(wanted)

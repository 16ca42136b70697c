"""Where the topics of dead letters end: another place is another letter, or one that was sent again."""

from __future__ import annotations

from aiokafka import TopicPartition

from schemas.topics import DEAD_LETTER_RETRIES, DEAD_LETTERS
from streams.kafka.clients import fetch_partitions
from streams.kafka.reader import fetch_end_offsets, open_consumer
from streams.settings import Settings

CLIENT = "leadstream-serve"


async def read_letter_ends(settings: Settings) -> str:
    """The ends of `dead-letters` and of the marks of those that were sent again. Raises BrokerUnavailable."""
    names = [settings.prefix + topic.name for topic in (DEAD_LETTERS, DEAD_LETTER_RETRIES)]
    found = await fetch_partitions(settings.bootstrap, names)
    partitions: list[TopicPartition] = [each for name in names for each in found[name]]
    async with open_consumer(settings.bootstrap, CLIENT) as consumer:
        ends = await fetch_end_offsets(consumer, partitions)
    return " ".join(str(ends[each]) for each in partitions)

"""How long topics keep what the read models are made of, and what goes from Redis when its time is over."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass

from connectors.redis.connection import Command, RedisClient
from schemas.topics import LEAD_CHANGES, SEGMENT_CHANGES
from streams.kafka.topic_admin import topic_configs
from streams.settings import Settings
from streams.views.keys import DeploymentKeys
from streams.views.topics import TABLES

_PORTION = 500


@dataclass(frozen=True, slots=True)
class TopicRetention:
    """In ms."""

    changes: int
    """How long changes are kept; -1 for ever."""
    tombstones: int
    """How long a reader of compacted topics may be away before tombstones that it has not seen may be gone."""


async def read_retention(settings: Settings) -> TopicRetention:
    """What the topics are configured to. Raises BrokerUnavailable, ConfigurationError."""
    history = (SEGMENT_CHANGES.name, LEAD_CHANGES.name)
    tables = [topic.name for topic in TABLES]
    configs = await topic_configs(settings, [*history, *tables])
    lengths = [int(configs[name].get("retention.ms", "-1")) for name in history]
    limited = [length for length in lengths if length >= 0]
    tombstones = min(int(configs[name].get("delete.retention.ms", "86400000")) for name in tables)
    return TopicRetention(min(limited, default=-1), tombstones)


async def trim_feeds(client: RedisClient, keys: DeploymentKeys, generation: int, horizon: int) -> None:
    """Drops from feeds what was written before `horizon` (ms). Raises RedisUnavailable, RedisRefused."""
    for name in sorted(await client.execute("SMEMBERS", keys.accounts(generation))):
        own = keys.generation(name.decode(), generation)
        segments, campaigns = await client.execute_all([("SMEMBERS", own.segments), ("SMEMBERS", own.campaigns)])
        feeds = [own.changes]
        feeds += [own.segment_changes(each.decode()) for each in segments]
        feeds += [own.campaign_changes(each.decode()) for each in campaigns]
        commands: list[Command] = [("XTRIM", feed, "MINID", f"{horizon}-0") for feed in feeds]
        commands.append(("ZREMRANGEBYSCORE", own.erased, "-inf", horizon))
        for start in range(0, len(commands), _PORTION):
            await client.execute_all(commands[start : start + _PORTION])


async def all_generations(client: RedisClient, keys: DeploymentKeys) -> list[int]:
    """The generations that have keys. Raises RedisUnavailable, RedisRefused."""
    return sorted(int(each) for each in await client.execute("SMEMBERS", keys.generations))


async def unlink_generation(client: RedisClient, keys: DeploymentKeys, generation: int) -> AsyncIterator[int]:
    """Takes all keys of a generation away in small portions; yields how many each one had.

    Raises RedisUnavailable, RedisRefused.
    """
    async for portion in client.scan(keys.generation_pattern(generation)):
        await client.execute_all([("UNLINK", key) for key in portion])
        yield len(portion)
    await client.execute_all(
        [
            ("UNLINK", keys.accounts(generation)),
            ("UNLINK", keys.progress(generation)),
            ("SREM", keys.generations, generation),
        ],
    )

"""How far each partition is applied, and a rebuild that runs: what writers tell and readers show."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

import msgspec

from connectors.redis.connection import RedisClient, hash_fields
from schemas.values import instant_text
from schemas.views.progress import PartitionProgress, RebuildProgress, ViewsProgress
from streams.clock import now_ms
from streams.views.deployment import read_deployment
from streams.views.keys import DeploymentKeys

ACCOUNTS = "accounts"
"""The field beside the partitions that is there once an account is known: `known`, or `lost` where their set was."""


STALE_MS = 15_000
"""Progress is noted each second; after so long it says nothing of now."""


class PartitionPosition(msgspec.Struct, frozen=True):
    """How far one partition is applied; instants in ms."""

    position: int
    end: int
    at: int
    """When this was true."""
    caught_up: int
    """All that was there at this instant is applied: the latest one of which that is known."""


class CatchUp:
    """When each partition (`topic:partition`) was caught up last (ms).

    Under steady traffic the end is always a little further than what is applied. So an end is remembered until it is
    passed: then the partition was caught up when that end was asked for.
    """

    def __init__(self, instants: Mapping[str, int]) -> None:
        self.instants = dict(instants)
        self._ends: dict[str, tuple[int, int]] = {}

    def note(self, partition: str, position: int, end: int, asked: int) -> int:
        """Takes what is applied and the end that was asked for at `asked` (ms); returns the instant."""
        awaited_end, instant = self._ends.get(partition, (end, asked))
        if position >= end:
            awaited_end, instant = end, asked
        if position >= awaited_end:
            self.instants[partition] = instant
            self._ends[partition] = end, asked
        else:
            self._ends[partition] = awaited_end, instant
        return self.instants[partition]


class RebuildState(msgspec.Struct, frozen=True):
    """A rebuild that runs; `started` in ms, `done` and `total` in offsets."""

    owner: str
    generation: int
    started: int
    done: int = 0
    total: int = 0


encode_state = msgspec.json.Encoder().encode
_decode_position = msgspec.json.Decoder(PartitionPosition).decode
_decode_rebuild = msgspec.json.Decoder(RebuildState).decode


async def read_positions(client: RedisClient, keys: DeploymentKeys, generation: int) -> dict[str, PartitionPosition]:
    """`topic:partition` to how far it is applied in a generation. Raises RedisUnavailable, RedisRefused."""
    answer = await client.execute("HGETALL", keys.progress(generation))
    fields = {name.decode(): value for name, value in hash_fields(answer).items()}
    return {name: _decode_position(value) for name, value in fields.items() if name != ACCOUNTS}


async def read_rebuild(client: RedisClient, keys: DeploymentKeys) -> RebuildState | None:
    """The rebuild that runs; None where none does. Raises RedisUnavailable, RedisRefused."""
    value: Any = await client.execute("GET", keys.rebuild)
    return None if value is None else _decode_rebuild(value)


async def read_progress(client: RedisClient, keys: DeploymentKeys) -> ViewsProgress:
    """Both, with the generation that readers see. Raises RedisUnavailable, RedisRefused."""
    deployment, rebuild = await asyncio.gather(read_deployment(client, keys), read_rebuild(client, keys))
    positions = await read_positions(client, keys, deployment.generation) if deployment else {}
    return ViewsProgress(
        generation=deployment.generation if deployment else None,
        built=instant_text(deployment.built) if deployment else None,
        rebuild=RebuildProgress(
            generation=rebuild.generation,
            done=rebuild.done,
            total=rebuild.total,
            started=instant_text(rebuild.started),
        )
        if rebuild
        else None,
        partitions=[
            _progress(name, position)
            for name, position in sorted(positions.items(), key=lambda item: _place(item[0]))
        ],
    )


def _progress(name: str, position: PartitionPosition) -> PartitionProgress:
    topic, partition = _place(name)
    lag = max(position.end - position.position, 0)
    now = now_ms()
    # Nobody has looked since how much has come: whoever writes is gone, or builds the read models anew.
    is_stale = now - position.at > STALE_MS
    delay = (now if is_stale else position.at) - position.caught_up if lag or is_stale else 0
    return PartitionProgress(
        topic=topic,
        partition=partition,
        position=position.position,
        end=position.end,
        lag=lag,
        lag_seconds=delay / 1000,
        as_of=instant_text(position.at),
    )


def _place(name: str) -> tuple[str, int]:
    topic, _, number = name.rpartition(":")
    return topic, int(number)

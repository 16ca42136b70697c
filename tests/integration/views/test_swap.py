"""A rebuild over topics in memory, in a real server: what readers see from the swap on, and when there is none."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from connectors.redis.connection import Argument, RedisClient, Script, open_redis
from connectors.redis.local import LocalRedis
from schemas.values import instant_text
from streams.clock import now_ms
from streams.errors import RebuildRuns
from streams.settings import Settings
from streams.views import rebuild as rebuild_module
from streams.views.deployment import Deployment, read_deployment
from streams.views.keys import DeploymentKeys
from streams.views.progress import RebuildState, encode_state, read_positions
from streams.views.rebuild import Rebuild
from streams.views.retention import TopicRetention, all_generations
from streams.views.writer import ViewWriter
from tests.harness.views.memory_topics import MemoryTopics, MemoryViewConsumer, place

KEYS = DeploymentKeys()
DAY = 86_400_000
NOW = now_ms()
RETENTION = TopicRetention(7 * DAY, DAY)


class RebuiltViews:
    """Topics, the consumer of the rebuild, and a server."""

    def __init__(self, client: RedisClient) -> None:
        self.client = client
        self.topics = MemoryTopics()
        self.consumer = MemoryViewConsumer(self.topics)

    def row(self, contact: str) -> None:
        """Writes the row of a contact."""
        value = {"status": "active", "created": instant_text(NOW - 5 * DAY)}
        self.topics.write("contacts", f"default/{contact}", value, NOW)

    def entered(self, contact: str, written: int) -> None:
        """Writes that a contact entered a segment."""
        number = {"partition": 0, "offset": len(self.topics.records[place("segment-changes")]), "ordinal": 0}
        at = instant_text(NOW - 4 * DAY)
        value = {"type": "segment.entered", "at": at, "number": number, "segment": "hot"}
        self.topics.write("segment-changes", f"default/{contact}", value, written)

    async def rebuild(self) -> Deployment:
        """Runs one."""
        return await Rebuild(Settings(), self.client).run()

    async def has(self, generation: int, contact: str) -> bool:
        """Whether a contact's keys are in a generation."""
        key = KEYS.generation("default", generation).contact(contact)
        return bool(await self.client.execute("EXISTS", key))


@pytest.fixture
async def views(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[RebuiltViews]:
    async def retention(_settings: Settings) -> TopicRetention:
        return RETENTION

    async def partitions(*_: object) -> Any:
        return found.topics.partitions()

    @asynccontextmanager
    async def consumer(_settings: Settings) -> AsyncIterator[MemoryViewConsumer]:
        yield found.consumer

    with LocalRedis(tmp_path) as server:
        async with open_redis(server.url) as client:
            found = RebuiltViews(client)
            monkeypatch.setattr(rebuild_module, "read_retention", retention)
            monkeypatch.setattr(rebuild_module, "fetch_partitions", partitions)
            monkeypatch.setattr(rebuild_module, "_open", consumer)
            yield found


async def test_a_change_of_a_contact_that_was_erased_long_ago_does_not_come_back(views: RebuiltViews) -> None:
    views.row("bob")
    views.entered("ada", NOW - 3 * DAY)
    views.entered("bob", NOW - 3 * DAY)
    own = KEYS.generation("default", (await views.rebuild()).generation)
    assert await views.client.execute("EXISTS", own.timeline("bob")) == 1
    assert await views.client.execute("EXISTS", own.timeline("ada")) == 0, "its tombstone is gone"


async def test_what_came_in_while_it_ran_is_there_when_readers_see_it(views: RebuiltViews) -> None:
    views.row("ada")
    later = ["bob", "cy"]

    def go_on_writing() -> None:
        if later:
            views.row(later.pop(0))

    views.consumer.on_fetch = go_on_writing
    shown = await views.rebuild()
    assert await views.has(shown.generation, "bob")
    assert shown == await read_deployment(views.client, KEYS)


async def test_positions_are_where_the_topics_ended_for_every_partition_and_account(views: RebuiltViews) -> None:
    views.row("ada")
    views.entered("ada", NOW)
    views.entered("ada", NOW)
    generation = (await views.rebuild()).generation
    positions = {name: each.position for name, each in (await read_positions(views.client, KEYS, generation)).items()}
    ends = {f"{each.topic}:0": len(records) for each, records in views.topics.records.items()}
    assert positions == ends
    writer = ViewWriter(views.client, KEYS, generation)
    await writer.load()
    assert writer.start_positions({"contacts:0": -1, "segment-changes:0": -1, "leads:0": 0}) == {
        "contacts:0": 1,
        "segment-changes:0": 2,
        "leads:0": 0,
    }


async def test_history_is_whole_where_the_topics_of_changes_have_all_that_was_written(views: RebuiltViews) -> None:
    views.row("ada")
    views.entered("ada", NOW - DAY)
    shown = await views.rebuild()
    assert (shown.is_complete, shown.since, shown.known_since) == (True, NOW - DAY, None)


async def test_history_begins_with_the_latest_topic_that_has_lost_its_beginning(views: RebuiltViews) -> None:
    for contact in ("ada", "bob"):
        views.row(contact)
        views.entered(contact, NOW - 2 * DAY)
    views.topics.begins[place("segment-changes")] = 1
    result = {"id": "r", "type": "crm.linked", "at": instant_text(NOW), "campaign": "spring", "contact": "ada"}
    for days in (5, 3):
        views.topics.write("crm-results", "ada", result, NOW - days * DAY)
    views.topics.begins[place("crm-results")] = 1
    shown = await views.rebuild()
    assert (shown.is_complete, shown.known_since) == (False, NOW - 2 * DAY)


async def test_two_do_not_run_at_a_time(views: RebuiltViews) -> None:
    state = encode_state(RebuildState("another", 1, 1, done=1, total=4))
    await views.client.execute("SET", KEYS.rebuild, state)
    with pytest.raises(RebuildRuns, match="25 % done"):
        await views.rebuild()
    assert await views.client.execute("GET", KEYS.rebuild) == state
    await views.client.execute("DEL", KEYS.rebuild)
    await views.rebuild()
    assert await views.client.execute("EXISTS", KEYS.rebuild) == 0


class BeforeTheSwap:
    """A client that does something before readers are told where a generation stands, which comes before the swap."""

    def __init__(self, client: RedisClient, act: Callable[[], Awaitable[object]]) -> None:
        self._client = client
        self._act = act

    def __getattr__(self, name: str) -> Any:
        return getattr(self._client, name)

    async def execute(self, *command: Argument) -> Any:
        if command[0] == "HSET" and ":progress:" in str(command[1]):
            await self._act()
        return await self._client.execute(*command)

    async def run(self, script: Script, keys: Sequence[str], arguments: Sequence[Argument]) -> Any:
        return await self._client.run(script, keys, arguments)


async def test_one_that_lost_its_lock_to_another_is_not_shown(views: RebuiltViews) -> None:
    async def take_lock() -> None:
        await views.client.execute("SET", KEYS.rebuild, encode_state(RebuildState("another", 1, 1)))

    with pytest.raises(RebuildRuns):
        await Rebuild(Settings(), BeforeTheSwap(views.client, take_lock)).run()
    assert await read_deployment(views.client, KEYS) is None
    assert b"another" in await views.client.execute("GET", KEYS.rebuild), "the other one keeps its lock"


async def test_readers_never_go_back_to_an_earlier_generation(views: RebuiltViews) -> None:
    later = Deployment(NOW + DAY, 1, 1, is_complete=True, retention=-1)

    async def show_later() -> None:
        await views.client.execute("HSET", KEYS.deployment, *later.fields())

    with pytest.raises(RebuildRuns, match="readers see those"):
        await Rebuild(Settings(), BeforeTheSwap(views.client, show_later)).run()
    assert await read_deployment(views.client, KEYS) == later


async def test_a_clock_that_went_back_does_not_keep_a_rebuild_from_being_seen(views: RebuiltViews) -> None:
    former = Deployment(NOW + DAY, 1, 1, is_complete=True, retention=-1)
    await views.client.execute("HSET", KEYS.deployment, *former.fields())
    [outcome] = await asyncio.gather(views.rebuild(), return_exceptions=True)
    assert isinstance(outcome, Deployment), outcome
    assert outcome.generation > former.generation


async def test_what_readers_see_stays_until_the_swap_and_what_was_given_up_goes_before(views: RebuiltViews) -> None:
    shown = Deployment(7, 1, 1, is_complete=True, retention=-1)
    await views.client.execute("HSET", KEYS.deployment, *shown.fields())
    for generation in (7, 9):
        await views.client.execute("SADD", KEYS.generations, generation)
        await views.client.execute("HSET", KEYS.generation("default", generation).contact("ada"), "row", "{}")
    before: list[bool] = []

    async def look() -> None:
        before.extend([await views.has(7, "ada"), await views.has(9, "ada")])

    await Rebuild(Settings(), BeforeTheSwap(views.client, look)).run()
    assert before == [True, False]


async def test_former_keys_go_only_when_readers_see_the_generation_and_nothing_is_built(views: RebuiltViews) -> None:
    views.row("ada")
    work = Rebuild(Settings(), views.client)
    former, current = (await work.run()).generation, (await work.run()).generation
    assert await work.unlink_others(former) == 0
    await views.client.execute("SET", KEYS.rebuild, encode_state(RebuildState("another", current + 1, 1)))
    assert await work.unlink_others(current) == 0
    assert await all_generations(views.client, KEYS) == [former, current]
    await views.client.execute("DEL", KEYS.rebuild)
    assert await work.unlink_others(current) > 0
    assert await all_generations(views.client, KEYS) == [current]
    assert await views.has(current, "ada")

"""Pages, feeds and timelines of a real server, filled by hand: where they begin, where they end, what was cut off."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from pathlib import Path
from typing import Any

import msgspec
import pytest

from connectors.redis.connection import RedisClient, open_redis
from connectors.redis.local import LocalRedis
from schemas.values import instant_text
from streams.clock import now_ms
from streams.views import reader as reader_module
from streams.views.bounds import HOURS, TIMELINE_CHANGES
from streams.views.deployment import Deployment
from streams.views.keys import DeploymentKeys
from streams.views.reader import ViewReader

KEYS = DeploymentKeys()
OWN = KEYS.generation("default", 7)
DAY = 86_400_000
HOUR = 3_600_000


@pytest.fixture
async def client(tmp_path: Path) -> AsyncIterator[RedisClient]:
    with LocalRedis(tmp_path) as server:
        async with open_redis(server.url) as client:
            await show(client, 7)
            yield client


@pytest.fixture
def reader(client: RedisClient) -> ViewReader:
    return ViewReader(client)


async def show(client: RedisClient, generation: int) -> None:
    """Lets readers see a generation, whose changes are kept for seven days."""
    shown = Deployment(generation, 1, 1, is_complete=True, retention=7 * DAY)
    await client.execute("HSET", KEYS.deployment, *shown.fields())


async def all_pages(
    read: Callable[[str | None], Awaitable[Any]], names: Callable[[Any], Sequence[str]]
) -> list[list[str]]:
    """The names on each page, until there is no next one."""
    pages: list[list[str]] = []
    cursor: str | None = None
    while cursor is not None or not pages:
        assert len(pages) < 20, "pages go on and on"
        page = await read(cursor)
        pages.append(list(names(page)))
        cursor = page.next
    return pages


@pytest.mark.parametrize(
    ("newest_first", "expected"),
    [(False, [["a", "b"], ["c", "d"]]), (True, [["d", "c"], ["b", "a"]])],
)
async def test_the_last_page_that_is_full_has_no_next_one(
    client: RedisClient, reader: ViewReader, newest_first: bool, expected: list[list[str]]
) -> None:
    await client.execute("ZADD", OWN.members("vip"), 1, "a", 2, "b", 2, "c", 3, "d")
    assert (await reader.members("default", "vip", limit=4, newest_first=newest_first)).next is None
    pages = await all_pages(
        lambda cursor: reader.members("default", "vip", limit=2, cursor=cursor, newest_first=newest_first),
        lambda page: [each.contact for each in page.members],
    )
    assert pages == expected


async def test_a_page_goes_on_where_a_member_stood_that_entered_again(
    client: RedisClient, reader: ViewReader
) -> None:
    await client.execute("ZADD", OWN.members("vip"), 1, "a", 2, "b", 3, "c", 4, "d")
    first = await reader.members("default", "vip", limit=2)
    await client.execute("ZADD", OWN.members("vip"), 9, "b")
    second = await reader.members("default", "vip", limit=5, cursor=first.next)
    assert [each.contact for each in second.members] == ["c", "d", "b"]


async def test_pages_of_contacts_with_a_prefix_end_where_the_prefix_ends(
    client: RedisClient, reader: ViewReader
) -> None:
    await client.execute("ZADD", OWN.contacts, *[part for name in ("a", "b", "ba", "bä", "c") for part in (0, name)])
    pages = await all_pages(
        lambda cursor: reader.contacts("default", prefix="b", limit=2, cursor=cursor), lambda page: page.contacts
    )
    assert pages == [["b", "ba"], ["bä"]]


async def write_changes(client: RedisClient, *positions: str) -> None:
    for position in positions:
        await client.execute("XADD", OWN.changes, position, "json", msgspec.json.encode({"at": position}))


async def test_a_feed_is_read_on_behind_a_position(client: RedisClient, reader: ViewReader) -> None:
    await write_changes(client, "5-0", "5-1", "6-0", "7-0")
    latest = await reader.changes("default", limit=2)
    assert [each.position for each in latest.changes] == ["6-0", "7-0"]
    behind = await reader.changes("default", after="5-0", limit=2)
    assert ([each.position for each in behind.changes], behind.last, behind.missed) == (["5-1", "6-0"], "6-0", False)
    at_the_end = await reader.changes("default", after="7-0")
    assert (at_the_end.changes, at_the_end.last, at_the_end.missed) == ([], "7-0", False)


async def test_who_stands_before_all_that_a_feed_keeps_may_have_missed_something(
    client: RedisClient, reader: ViewReader
) -> None:
    await write_changes(client, "5-0", "5-1")
    assert (await reader.changes("default", after="4-9")).missed
    assert not (await reader.changes("default", after="5-0")).missed
    assert not (await reader.changes("default", after="0-0")).missed, "from the beginning nothing is missed"


async def test_who_follows_sees_each_change_once(client: RedisClient, reader: ViewReader) -> None:
    await write_changes(client, "5-0")
    seen: list[str] = []
    async with asyncio.timeout(30):
        async for changes in reader.follow_changes("default"):
            seen += [each.position for each in changes.changes]
            if len(seen) == 2:
                break
            await write_changes(client, f"{6 + len(seen)}-0")
    assert seen == ["6-0", "7-0"]


async def write_timeline(client: RedisClient, times: Sequence[int]) -> None:
    for number, time in enumerate(times):
        entry = f"o{number:04d} 1-0 segment:vip {msgspec.json.encode({'n': number}).decode()}"
        await client.execute("ZADD", OWN.timeline("ada"), time, entry)


async def test_a_timeline_shows_nothing_that_is_older_than_changes_are_kept(
    client: RedisClient, reader: ViewReader
) -> None:
    now = now_ms()
    await write_timeline(client, [now - 7 * DAY - 1, now - 6 * DAY, now])
    assert [each["n"] for each in (await reader.timeline("default", "ada")).changes] == [2, 1]


async def test_a_timeline_that_is_full_says_since_when_it_knows(client: RedisClient, reader: ViewReader) -> None:
    start = now_ms() - DAY
    await write_timeline(client, [start + number for number in range(TIMELINE_CHANGES)])
    assert (await reader.timeline("default", "ada")).since == instant_text(start)
    await client.execute("ZREMRANGEBYRANK", OWN.timeline("ada"), 0, 0)
    with_room = await reader.timeline("default", "ada")
    assert len(with_room.changes) == TIMELINE_CHANGES - 1
    assert with_room.since != instant_text(start + 1)


async def test_sizes_are_counted_back_from_the_members_there_are(client: RedisClient, reader: ViewReader) -> None:
    await client.execute("ZADD", OWN.members("vip"), 1, "a", 1, "b", 1, "c")
    flow = {"h:10:in": 4, "h:11:in": 1, "h:11:out": 3, "h:12:in": 2, "h:12:out": 1, "m:720:in": 9}
    await client.execute("HSET", OWN.flow("vip"), *[part for item in flow.items() for part in item])
    history = await reader.size_history("default", "vip", "hour")
    assert [(each.at, each.entered, each.exited, each.size) for each in history.points] == [
        (instant_text(10 * HOUR), 4, 0, 4),
        (instant_text(11 * HOUR), 1, 3, 2),
        (instant_text(12 * HOUR), 2, 1, 3),
    ]
    assert history.since is None


async def test_sizes_with_as_many_steps_as_are_kept_begin_where_they_begin(
    client: RedisClient, reader: ViewReader
) -> None:
    fields = [part for hour in range(1, HOURS + 1) for part in (f"h:{hour}:in", 1)]
    await client.execute("HSET", OWN.flow("vip"), *fields)
    assert (await reader.size_history("default", "vip", "hour")).since == instant_text(HOUR)
    await client.execute("HDEL", OWN.flow("vip"), "h:1:in")
    assert (await reader.size_history("default", "vip", "hour")).since is None


async def test_readers_see_a_new_generation_soon(
    client: RedisClient, reader: ViewReader, monkeypatch: pytest.MonkeyPatch
) -> None:
    await client.execute("ZADD", OWN.members("vip"), 1, "a")
    await client.execute("ZADD", KEYS.generation("default", 8).members("vip"), 1, "a", 2, "b")
    assert (await reader.members("default", "vip")).total == 1
    await show(client, 8)
    monkeypatch.setattr(reader_module, "_CACHE_SECONDS", -1.0)
    assert (await reader.members("default", "vip")).total == 2


async def test_versions_are_others_where_more_is_applied_or_all_is_built_anew(
    client: RedisClient, reader: ViewReader, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reader_module, "_CACHE_SECONDS", -1.0)
    offsets = ("contacts:0", 4, "contacts:1", 5, "leads:0", 3, "feed", "5-0")
    for generation in (7, 8):
        await client.execute("HSET", KEYS.generation("default", generation).offsets, *offsets)
    found = [await reader.versions("default")]
    await client.execute("HSET", OWN.offsets, "contacts:1", 6)
    found.append(await reader.versions("default"))
    await show(client, 8)
    found.append(await reader.versions("default"))
    assert [set(each) for each in found] == [{"contacts", "leads"}] * 3
    assert len({each["contacts"] for each in found}) == 3
    assert found[0]["leads"] == found[1]["leads"] != found[2]["leads"]

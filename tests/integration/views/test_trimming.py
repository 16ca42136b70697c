"""What retention takes out of the read models, in a real server: what is too old, all of it, and nothing else."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from connectors.redis.connection import RedisClient, open_redis
from connectors.redis.local import LocalRedis
from streams.views.keys import DeploymentKeys
from streams.views.retention import all_generations, trim_feeds, unlink_generation

KEYS = DeploymentKeys()
OWN = KEYS.generation("default", 7)
HORIZON = 5_000


@pytest.fixture
async def client(tmp_path: Path) -> AsyncIterator[RedisClient]:
    with LocalRedis(tmp_path) as server:
        async with open_redis(server.url) as client:
            yield client


async def test_what_was_written_at_the_horizon_stays_and_what_was_before_goes(client: RedisClient) -> None:
    feeds = [OWN.changes, OWN.segment_changes("vip"), OWN.campaign_changes("spring")]
    await client.execute("SADD", KEYS.accounts(7), "default")
    await client.execute("SADD", OWN.segments, "vip")
    await client.execute("SADD", OWN.campaigns, "spring")
    for feed in feeds:
        for position in ("4999-7", "5000-0", "5001-0"):
            await client.execute("XADD", feed, position, "json", "{}")
    await trim_feeds(client, KEYS, 7, HORIZON)
    for feed in feeds:
        left = [each[0].decode() for each in await client.execute("XRANGE", feed, "-", "+")]
        assert left == ["5000-0", "5001-0"], feed


async def test_marks_of_erased_contacts_stay_while_changes_of_them_may_come(client: RedisClient) -> None:
    await client.execute("SADD", KEYS.accounts(7), "default")
    await client.execute("ZADD", OWN.erased, HORIZON - 1, "long ago", HORIZON, "then", HORIZON + 1, "lately")
    await trim_feeds(client, KEYS, 7, HORIZON)
    assert await client.execute("ZRANGE", OWN.erased, 0, -1) == [b"lately"]


async def test_a_generation_goes_with_all_its_accounts_and_no_other_one_does(client: RedisClient) -> None:
    accounts, generations = ("default", "acme"), (1, 12, 21)
    for generation in generations:
        await client.execute("SADD", KEYS.generations, generation)
        await client.execute("SADD", KEYS.accounts(generation), *accounts)
        await client.execute("HSET", KEYS.progress(generation), "leads:0", "{}")
        for account in accounts:
            await client.execute("SET", KEYS.generation(account, generation).contact("ada"), "1")
    assert sum([count async for count in unlink_generation(client, KEYS, 1)]) == 2
    assert await all_generations(client, KEYS) == [12, 21]
    left = {key.decode() async for portion in client.scan("*") for key in portion}
    assert left == {KEYS.generations} | {
        key
        for generation in (12, 21)
        for key in (
            KEYS.accounts(generation),
            KEYS.progress(generation),
            *(KEYS.generation(account, generation).contact("ada") for account in accounts),
        )
    }

"""The page on read models is correct: its examples give what it shows, and its tables have every key."""

from __future__ import annotations

import re
import shlex
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from connectors.redis.connection import RedisClient, open_redis
from connectors.redis.local import LocalRedis
from schemas.values import instant_text
from streams.clock import now_ms
from streams.views.batches import OperationBatch
from streams.views.deployment import Deployment
from streams.views.keys import DeploymentKeys
from streams.views.models.changes import ChangeModel
from streams.views.models.contacts import contact_operation
from streams.views.models.leads import lead_operation
from streams.views.models.members import member_operation
from streams.views.models.operation import LIVE
from streams.views.writer import ViewWriter
from tests.harness.docs.guide import Block, blocks
from tests.harness.project_files import PROJECT_ROOT
from tests.harness.views.made_record import MadeRecord

TEXT = (PROJECT_ROOT / "docs" / "views.md").read_text()
EXAMPLES = [block for block in blocks(TEXT) if block.kind == "redis"]
START = 1_772_355_600_000


@pytest.fixture
async def client(tmp_path: Path) -> AsyncIterator[RedisClient]:
    with LocalRedis(tmp_path) as server:
        async with open_redis(server.url) as client:
            await fill(client)
            yield client


async def fill(client: RedisClient) -> None:
    """Two contacts that entered one after the other; one is a lead with a sale."""
    changes = ChangeModel(-1, normalize_ids=False)
    batch = OperationBatch()
    for number, name in enumerate(("ada", "bob")):
        at = instant_text(START + number)
        place = {"partition": 0, "offset": number, "ordinal": 0}
        entered = {"type": "segment.entered", "at": at, "number": place, "segment": "hot"}
        for partition, to_operation, key, value in (
            ("contacts:0", contact_operation, f"default/{name}", {"status": "active", "created": at}),
            ("segment-members:0", member_operation, f"default/hot/{name}", {"since": at}),
            ("segment-changes:0", changes.output_operation, f"default/{name}", entered),
        ):
            record = MadeRecord(key.encode(), msgspec.json.encode(value), number, now_ms())
            batch.add(partition, number, to_operation(record, LIVE))
    lead: dict[str, Any] = {"status": "qualified", "points": 120.5, "changed": instant_text(START)}
    lead["crm"] = {"record": "00Q1", "outcome": "won"}
    record = MadeRecord(b"default/spring/ada", msgspec.json.encode(lead), 0, now_ms())
    batch.add("leads:0", 0, lead_operation(record, LIVE))
    keys = DeploymentKeys()
    writer = ViewWriter(client, keys, 7)
    await writer.load()
    await writer.apply(batch)
    await client.execute("HSET", keys.deployment, *Deployment(7, START, START, True, -1).fields())


def as_redis_cli(answer: object) -> list[str]:
    """An answer as redis-cli shows it, without escapes."""
    if answer is None:
        return ["(nil)"]
    if isinstance(answer, int):
        return [f"(integer) {answer}"]
    if isinstance(answer, list):
        return [f"{number}) {as_redis_cli(each)[0]}" for number, each in enumerate(answer, 1)]
    assert isinstance(answer, bytes)
    return [f'"{answer.decode()}"']


@pytest.mark.parametrize("block", EXAMPLES, ids=lambda block: f"line {block.line}")
async def test_an_example_gives_what_the_page_shows(client: RedisClient, block: Block) -> None:
    shown: list[str] = []
    for line in block.text.splitlines():
        if line.startswith("> "):
            shown += [line, *as_redis_cli(await client.execute(*shlex.split(line[2:])))]
    assert shown == block.text.splitlines()


def test_there_are_examples() -> None:
    assert len(EXAMPLES) == 4


async def test_every_key_is_in_a_table_of_the_page(client: RedisClient) -> None:
    names = set(re.findall(r"`([^`]+)`", "\n".join(re.findall(r"^\| (`[^|]+) \|", TEXT, re.MULTILINE))))
    documented = {re.sub(r"[A-Z]+", "*", name.removeprefix("PREFIX")) for name in names}
    keys = [key.decode() async for portion in client.scan("*") for key in portion]
    assert len(keys) > 10
    for key in keys:
        short = key.removeprefix("leadstream:{default}:7:")
        candidates = {re.escape(name).replace(r"\*", "[^:]+") for name in documented}
        assert any(re.fullmatch(name, short) for name in candidates), key

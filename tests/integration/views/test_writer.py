"""The script that applies operations, in a real server: once each, bounded, and nothing of what was erased."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import Any

import msgspec
import pytest

from connectors.redis.connection import RedisClient, Script, ScriptCall, hash_fields, open_redis
from connectors.redis.local import LocalRedis
from schemas.values import instant_text
from streams.clock import now_ms
from streams.errors import RedisUnavailable
from streams.views.batches import OperationBatch
from streams.views.bounds import HOURS, MINUTES, TIMELINE_CHANGES
from streams.views.keys import DeploymentKeys, GenerationKeys
from streams.views.models.changes import ChangeModel
from streams.views.models.contacts import contact_operation
from streams.views.models.leads import lead_operation
from streams.views.models.operation import LIVE, Reach
from streams.views.writer import ViewWriter, WentBack
from tests.harness.views.made_record import MadeRecord

NOW = now_ms()
START = 1_772_355_600_000
REBUILD = Reach(NOW + 1_000)
KEYS = DeploymentKeys()
OWN = KEYS.generation("default", 7)
CHANGES = ChangeModel(retention=86_400_000, normalize_ids=False)


@pytest.fixture
async def client(tmp_path: Path) -> AsyncIterator[RedisClient]:
    with LocalRedis(tmp_path) as server:
        async with open_redis(server.url) as client:
            yield client


def contact(offset: int, *, created: int = START, is_gone: bool = False, timestamp: int = NOW) -> MadeRecord:
    value = msgspec.json.encode({"status": "active", "created": instant_text(created)})
    return MadeRecord(b"default/ada", None if is_gone else value, offset, timestamp)


def lead(offset: int, status: str, crm: dict[str, str]) -> MadeRecord:
    value = {"status": status, "points": offset, "changed": instant_text(START + offset), "crm": crm}
    return MadeRecord(b"default/spring/ada", msgspec.json.encode(value), offset, NOW)


def entered(offset: int, *, at: int = START, timestamp: int = NOW, segment: str = "hot") -> MadeRecord:
    value = {
        "type": "segment.entered",
        "at": instant_text(at),
        "number": {"partition": 0, "offset": offset, "ordinal": 0},
        "segment": segment,
    }
    return MadeRecord(b"default/ada", msgspec.json.encode(value), offset, timestamp)


def result(offset: int, identity: str, timestamp: int = NOW) -> MadeRecord:
    value = {"id": identity, "type": "crm.linked", "at": instant_text(START), "campaign": "spring", "contact": "ada"}
    return MadeRecord(b"ada", msgspec.json.encode(value), offset, timestamp)


def batch(*records: tuple[str, Any, MadeRecord], reach: Reach = LIVE) -> OperationBatch:
    made = OperationBatch()
    for partition, to_operation, record in records:
        made.add(partition, record.offset, to_operation(record, reach))
    return made


async def timeline(client: RedisClient, own: GenerationKeys = OWN) -> list[bytes]:
    answer: list[bytes] = await client.execute("ZRANGE", own.timeline("ada"), 0, -1)
    return answer


async def test_what_is_applied_again_by_another_writer_changes_nothing(client: RedisClient) -> None:
    records = batch(
        ("contacts:0", contact_operation, contact(3)),
        ("segment-changes:0", CHANGES.output_operation, entered(5)),
        ("leads:0", lead_operation, lead(8, "qualified", {"record": "00Q", "outcome": "won"})),
    )
    first, second = ViewWriter(client, KEYS, 7), ViewWriter(client, KEYS, 7)
    await first.load()
    await second.load()
    for writer in (first, second, first):
        await writer.apply(records)
        assert await client.execute("XLEN", OWN.changes) == 1
        assert len(await timeline(client)) == 1
        flow = hash_fields(await client.execute("HGETALL", OWN.flow("hot")))
        assert set(flow.values()) == {b"1"}
        funnel = hash_fields(await client.execute("HGETALL", OWN.funnel("spring")))
        assert funnel == {b"handed_over": b"1", b"won": b"1"}
    offsets = hash_fields(await client.execute("HGETALL", OWN.offsets))
    assert offsets.pop(b"feed") == f"{NOW}-0".encode()
    assert offsets == {b"contacts:0": b"4", b"segment-changes:0": b"6", b"leads:0": b"9"}


async def test_a_lead_that_moves_is_counted_where_it_is_now(client: RedisClient) -> None:
    writer = ViewWriter(client, KEYS, 7)
    await writer.load()
    steps = [
        lead(1, "active", {}),
        lead(2, "qualified", {"record": "00Q", "outcome": "open"}),
        lead(3, "qualified", {"record": "00Q", "outcome": "lost"}),
        lead(4, "deleted", {"record": "00Q"}),
    ]
    funnels = [{}, {b"handed_over": 1, b"open": 1}, {b"handed_over": 1, b"lost": 1}, {b"handed_over": 1}]
    for step, funnel in zip(steps, funnels, strict=True):
        await writer.apply(batch(("leads:0", lead_operation, step)))
        counts = hash_fields(await client.execute("HGETALL", OWN.funnel("spring")))
        assert {name: int(count) for name, count in counts.items() if int(count)} == funnel
    sizes = {
        status: await client.execute("ZCARD", OWN.leads("spring", status))
        for status in ("active", "qualified", "deleted")
    }
    assert sizes == {"active": 0, "qualified": 0, "deleted": 1}
    assert await client.execute("ZCARD", OWN.points("spring")) == 0
    await writer.apply(batch(("leads:0", lead_operation, MadeRecord(b"default/spring/ada", None, 5, NOW))))
    assert await client.execute("EXISTS", OWN.contact("ada")) == 0


async def test_a_server_that_went_back_is_noticed_before_anything_is_applied(client: RedisClient) -> None:
    writer = ViewWriter(client, KEYS, 7)
    await writer.load()
    await writer.apply(batch(("contacts:0", contact_operation, contact(3))))
    await client.execute("HSET", OWN.offsets, "contacts:0", 2)
    with pytest.raises(WentBack):
        await writer.apply(batch(("contacts:0", contact_operation, contact(9, is_gone=True))))
    assert await client.execute("EXISTS", OWN.contact("ada")) == 1
    with pytest.raises(WentBack):
        await writer.advance({"contacts:0": 100})
    await writer.load()
    assert writer.start_positions({"contacts:0": 50, "contacts:1": 60}) == {"contacts:0": 2, "contacts:1": 60}


async def test_idle_accounts_advance_with_the_others(client: RedisClient) -> None:
    writer = ViewWriter(client, KEYS, 7)
    await writer.load()
    await writer.apply(batch(("contacts:0", contact_operation, contact(3))))
    await writer.advance({"contacts:0": 900, "leads:0": 20})
    again = ViewWriter(client, KEYS, 7)
    await again.load()
    assert again.start_positions({"contacts:0": 0, "leads:0": 0}) == {"contacts:0": 900, "leads:0": 20}
    assert again.lost_accounts(["contacts:0"]) == []
    assert again.lost_accounts(["contacts:1"]) == ["default"]
    assert again.lost_accounts(["contacts:0", "contacts:1"]) == ["default"]


async def test_a_new_account_whose_writer_ended_before_it_wrote_is_not_passed_over(client: RedisClient) -> None:
    writer = ViewWriter(client, KEYS, 7)
    await writer.load()
    acme = MadeRecord(b"acme/bob", contact(0).value, 5, NOW)
    both = batch(
        ("contacts:0", contact_operation, contact(4)),
        ("contacts:0", contact_operation, acme),
        ("contacts:0", contact_operation, contact(6)),
    )
    with pytest.raises(RedisUnavailable):
        await ViewWriter(_ClientThatBreaks(client), KEYS, 7).apply(both)
    again = ViewWriter(client, KEYS, 7)
    await again.load()
    assert again.start_positions({"contacts:0": 4}) == {"contacts:0": 4}
    await again.apply(both)
    assert await client.execute("EXISTS", KEYS.generation("acme", 7).contact("bob")) == 1
    assert again.start_positions({"contacts:0": 4}) == {"contacts:0": 6}


class _ClientThatBreaks:
    """Sends the first of several scripts and loses the connection."""

    def __init__(self, client: RedisClient) -> None:
        self._client = client

    def __getattr__(self, name: str) -> Any:
        return getattr(self._client, name)

    async def run_all(self, script: Script, calls: Sequence[ScriptCall]) -> list[Any]:
        await self._client.run_all(script, calls[:1])
        raise RedisUnavailable("the connection broke")


async def test_a_timeline_keeps_the_latest_changes_and_feeds_go_with_it(client: RedisClient) -> None:
    writer = ViewWriter(client, KEYS, 7)
    await writer.load()
    count = TIMELINE_CHANGES + 31
    changes = [
        ("segment-changes:0", CHANGES.output_operation, entered(n, at=START + n, timestamp=NOW + n))
        for n in range(count)
    ]
    await writer.apply(batch(("contacts:0", contact_operation, contact(1)), *changes))
    entries = await timeline(client)
    assert len(entries) == TIMELINE_CHANGES
    assert msgspec.json.decode(entries[-1].split(b" ", 3)[3])["number"]["offset"] == count - 1
    assert await client.execute("XLEN", OWN.changes) == TIMELINE_CHANGES
    assert await client.execute("XLEN", OWN.segment_changes("hot")) == TIMELINE_CHANGES
    expiry = await client.execute("PEXPIRETIME", OWN.timeline("ada"))
    assert expiry == NOW + count - 1 + 86_400_000


async def test_a_timeline_drops_what_is_older_than_changes_are_kept(client: RedisClient) -> None:
    writer = ViewWriter(client, KEYS, 7)
    await writer.load()
    times = [NOW - 80_000_000, NOW - 79_999_999, NOW + 6_400_001]
    changes = [
        ("segment-changes:0", CHANGES.output_operation, entered(offset, timestamp=each))
        for offset, each in enumerate(times)
    ]
    await writer.apply(batch(*changes[:2]))
    assert len(await timeline(client)) == 2
    await writer.apply(batch(changes[2]))
    kept = [msgspec.json.decode(each.split(b" ", 3)[3])["number"]["offset"] for each in await timeline(client)]
    assert kept == [1, 2]


async def test_positions_of_a_feed_never_go_back(client: RedisClient) -> None:
    writer = ViewWriter(client, KEYS, 7)
    await writer.load()
    for offset, timestamp in enumerate([NOW, NOW - 5_000, NOW, NOW + 1]):
        await writer.apply(
            batch(("segment-changes:0", CHANGES.output_operation, entered(offset, timestamp=timestamp)))
        )
    entries = await client.execute("XRANGE", OWN.changes, "-", "+")
    assert [each[0].decode() for each in entries] == [f"{NOW}-0", f"{NOW}-1", f"{NOW}-2", f"{NOW + 1}-0"]


async def test_a_result_that_is_written_twice_counts_once(client: RedisClient) -> None:
    writer = ViewWriter(client, KEYS, 7)
    await writer.load()
    await writer.apply(batch(*(("crm-results:0", CHANGES.result_operation, result(n, "same")) for n in range(3))))
    await writer.apply(batch(("crm-results:0", CHANGES.result_operation, result(9, "other"))))
    assert len(await timeline(client)) == await client.execute("XLEN", OWN.changes) == 2


@pytest.mark.parametrize("reach", [LIVE, REBUILD])
async def test_changes_of_an_erased_life_are_dropped_whatever_the_order(client: RedisClient, reach: Reach) -> None:
    writer = ViewWriter(client, KEYS, 7)
    await writer.load()
    old = ("segment-changes:0", CHANGES.output_operation, entered(1, timestamp=NOW - 100))
    late = ("segment-changes:0", CHANGES.output_operation, entered(2, timestamp=NOW - 90))
    answer = ("crm-results:0", CHANGES.result_operation, result(1, "late", timestamp=NOW + 50))
    await writer.apply(batch(("contacts:0", contact_operation, contact(1)), old, reach=reach))
    assert len(await timeline(client)) == 1
    await writer.apply(batch(("contacts:0", contact_operation, contact(2, is_gone=True)), late, answer, reach=reach))
    assert await timeline(client) == []
    assert await client.execute("XLEN", OWN.changes) == await client.execute("XLEN", OWN.segment_changes("hot")) == 0
    again = contact(3, created=START + 1_000)
    later = ("segment-changes:0", CHANGES.output_operation, entered(4, at=START + 2_000, timestamp=NOW + 60))
    early = ("segment-changes:0", CHANGES.output_operation, entered(5, at=START + 500, timestamp=NOW + 60))
    await writer.apply(batch(("contacts:0", contact_operation, again), later, early, reach=reach))
    assert [msgspec.json.decode(each.split(b" ", 3)[3])["number"]["offset"] for each in await timeline(client)] == [4]


async def test_what_is_written_at_the_instant_of_the_erasure_is_erased_whatever_the_order(
    client: RedisClient,
) -> None:
    writer = ViewWriter(client, KEYS, 7)
    await writer.load()
    before = ("segment-changes:0", CHANGES.output_operation, entered(1))
    after = ("segment-changes:0", CHANGES.output_operation, entered(2))
    await writer.apply(batch(("contacts:0", contact_operation, contact(1)), before))
    assert len(await timeline(client)) == 1
    await writer.apply(batch(("contacts:0", contact_operation, contact(2, is_gone=True))))
    assert await timeline(client) == []
    await writer.apply(batch(after))
    assert await timeline(client) == []


async def test_a_result_that_a_broker_stamped_behind_the_erasure_goes_with_its_contact(client: RedisClient) -> None:
    writer = ViewWriter(client, KEYS, 7)
    await writer.load()
    answer = ("crm-results:0", CHANGES.result_operation, result(1, "early", timestamp=NOW + 50))
    await writer.apply(batch(("contacts:0", contact_operation, contact(1)), answer))
    assert len(await timeline(client)) == 1
    await writer.apply(batch(("contacts:0", contact_operation, contact(2, is_gone=True))))
    assert await timeline(client) == []
    assert await client.execute("XLEN", OWN.changes) == 0


async def test_what_an_erasure_leaves_of_a_timeline_expires_when_its_newest_change_does(client: RedisClient) -> None:
    writer = ViewWriter(client, KEYS, 7)
    await writer.load()
    answer = ("crm-results:0", CHANGES.result_operation, result(1, "early", timestamp=NOW + 50))
    # Of the contact that began again; its partition may be read before that of the erasure.
    later = ("segment-changes:0", CHANGES.output_operation, entered(4, at=START + 2_000, timestamp=NOW + 10))
    await writer.apply(batch(("contacts:0", contact_operation, contact(1)), answer, later))
    assert len(await timeline(client)) == 2
    await writer.apply(batch(("contacts:0", contact_operation, contact(2, is_gone=True))))
    assert len(await timeline(client)) == 1
    assert await client.execute("PEXPIRETIME", OWN.timeline("ada")) == NOW + 10 + 86_400_000


async def test_a_rebuild_drops_changes_of_contacts_without_a_row_where_the_account_has_rows(
    client: RedisClient,
) -> None:
    writer = ViewWriter(client, KEYS, 7)
    await writer.load()
    await writer.apply(batch(("segment-changes:0", CHANGES.output_operation, entered(1)), reach=REBUILD))
    assert len(await timeline(client)) == 1  # an account of an early engine version has no rows
    await client.execute("ZADD", OWN.contacts, 0, "bob")
    await writer.apply(batch(("segment-changes:0", CHANGES.output_operation, entered(2)), reach=REBUILD))
    assert len(await timeline(client)) == 1


async def test_sizes_over_time_are_bounded(client: RedisClient) -> None:
    writer = ViewWriter(client, KEYS, 7)
    await writer.load()
    fields = [part for n in range(2 * MINUTES + HOURS) for part in (f"m:{n}:in", 1, f"m:{n}:out", 1)]
    await client.execute("HSET", OWN.flow("hot"), *fields)
    at = START + 3_600_000
    await writer.apply(batch(("segment-changes:0", CHANGES.output_operation, entered(1, at=at))))
    flow = hash_fields(await client.execute("HGETALL", OWN.flow("hot")))
    minutes = {int(name.split(b":")[1]) for name in flow if name.startswith(b"m:")}
    assert len(minutes) == MINUTES
    assert at // 60_000 in minutes
    assert flow[f"h:{at // 3_600_000}:in".encode()] == b"1"

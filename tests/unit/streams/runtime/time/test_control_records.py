"""A release that has nothing to count comes before the events that come after it."""

from __future__ import annotations

from typing import Any, Literal

import msgspec

from streams.engine.journal import records
from streams.engine.journal.records import Event, Marker, Proposal
from streams.engine.journal.validate import Door
from streams.engine.partition.decider import PartitionDecider
from streams.engine.version import SEMANTICS
from streams.runtime.checkpoint import Positions
from streams.runtime.faust.runs import Run
from streams.runtime.slots.slot import Slot
from streams.runtime.time.ticks import Advance, Announced
from streams.settings import Settings
from tests.harness.engine.engine_driver import BUDGET, read
from tests.harness.runtime.fake_records import Fetched
from tests.harness.runtime.fake_slot import JOURNAL, VISITS, forged_slot, written

COUNTED: dict[str, Any] = {"segments": [{"id": "busy", "dynamic": True, "when": {"visit": {}, "count": {"gte": 2}}}]}
VISIT = {"id": "v", "type": "web.visited", "contact": "ann", "at": "2026-01-01T00:00:00Z"}


def staged(clock: Literal["wall", "events"], at: int, definitions: dict[str, Any] = COUNTED) -> Slot:
    """A slot that is told of a release and of a visit which arrived at 1,000."""
    marker = Marker("default", 1, 0, "", at, SEMANTICS)
    decider = PartitionDecider(0, lambda *_: read(definitions))
    decider.resume(None)
    settings = Settings(prefix="p-", clock=clock, partitions=1)
    slot = forged_slot(settings, decider, Door("events"), Announced(markers=[marker]))
    feed = slot.intake.feeds[VISITS]
    visit = Fetched(VISITS.topic, 0, 0, 1_000, b"ann", msgspec.json.encode(VISIT), ())
    assert slot.offer(run_of([visit], feed.token), VISITS)
    return slot


def run_of(fetched: list[Fetched], token: int | None) -> Run:
    return Run(fetched, fetched[0].offset, fetched[-1].offset + 1, token or 0, 1 << 50)


async def kinds(slot: Slot, *, ticks: bool = False) -> list[str]:
    """What the slot journals, transaction after transaction, until it has nothing more to say."""
    for _ in range(60):
        portion = slot.assemble(5_000)
        if portion is not None:
            await slot.commit(portion)
        comes_back(slot)
        slot.introduction.begin(slot.positions)
        await told(slot)
    return [type(record).__name__ for record in journaled(slot) if ticks or not isinstance(record, records.Tick)]


async def told(slot: Slot) -> None:
    """Lets what the introduction does in the background happen."""
    task = slot.introduction._task
    if task is not None:
        await task


def comes_back(slot: Slot) -> None:
    feed = slot.intake.feeds[JOURNAL]
    log = written(slot).get(JOURNAL, [])
    entries = [
        Fetched(JOURNAL.topic, 0, offset, 1, key, value)
        for offset, (key, value, _) in enumerate(log)
        if offset >= feed.expected
    ]
    if entries:
        slot.offer(run_of(entries, feed.token), JOURNAL)


def journaled(slot: Slot) -> list[records.Record]:
    return [records.decode(value) for _, value, _ in written(slot).get(JOURNAL, []) if value is not None]


async def test_on_the_events_clock_events_wait_for_the_first_release() -> None:
    slot = staged("events", at=0)
    assert await kinds(slot) == [Proposal.__name__, Marker.__name__, Event.__name__]


async def test_on_the_wall_clock_events_that_arrived_later_wait_for_the_first_release() -> None:
    slot = staged("wall", at=500)
    assert (await kinds(slot))[:2] == [Proposal.__name__, Marker.__name__]


async def test_events_that_arrived_before_the_first_release_do_not_wait() -> None:
    slot = staged("wall", at=2_000)
    portion = slot.assemble(5_000)
    assert portion is not None
    await slot.commit(portion)
    assert [type(record).__name__ for record in journaled(slot)] == [Event.__name__, Proposal.__name__]


async def test_a_first_release_that_asks_nothing_of_the_past_comes_first_too() -> None:
    slot = staged(
        "events", at=0, definitions={"segments": [{"id": "everybody", "dynamic": True, "when": {"all": []}}]}
    )
    assert await kinds(slot) == [Marker.__name__, Event.__name__]


async def test_a_new_owner_knows_that_a_first_release_is_on_its_way() -> None:
    slot = staged("events", at=0)
    slot.positions = Positions(definitions=1, introduced={"default": (1, "")})
    assert slot.assemble(5_000) is None


async def test_time_waits_like_events_for_a_first_release() -> None:
    slot = staged("events", at=0)
    advance = Advance(0, "default", 10, {})
    slot.clockwork.announced.advances.append(advance)
    told = await kinds(slot, ticks=True)
    assert told.index(Marker.__name__) < told.index(records.Tick.__name__)


async def test_a_first_release_does_not_wait_for_what_is_counted_of_another_account() -> None:
    slot = staged("events", at=0)
    busy = Marker("other", 1, 1, "", 0, SEMANTICS)
    slot.clockwork.announced.markers.insert(0, msgspec.structs.replace(busy, offset=-1))
    theirs = Event("web.visited", "x", 0, "other", "bob", ("in", 0, 0))
    slot.decider.feed(0, records.event_key("other", "bob"), records.encode(theirs))
    slot.decider.work(BUDGET)
    slot.positions = Positions(introduced={"other": (1, "")})
    slot.decider.feed(1, b"proposal", records.encode(records.proposal_of(busy)))
    slot.decider.work(BUDGET)
    first = slot.announcements.next(slot.positions, 5_000)
    assert first is not None
    assert isinstance(first.record, Proposal)
    assert first.record.account == "default"
    slot.decider.feed(2, b"proposal", records.encode(first.record))
    slot.decider.work(BUDGET)
    said = slot.announcements.next(first.positions, 5_000)
    assert said is not None
    assert isinstance(said.record, Marker)
    assert said.record.account == "default"
    await slot.introduction.close()


async def test_the_first_releases_of_many_accounts_come_one_by_one() -> None:
    """Events of all accounts wait for a first release that is on its way: never for more than one."""
    slot = staged("events", at=0)
    for number in range(5):
        marker = Marker(f"new{number}", 1, number + 1, "", 0, SEMANTICS)
        slot.clockwork.announced.markers.append(marker)
    told = await kinds(slot)
    assert told == [Proposal.__name__, Marker.__name__] * 6 + [Event.__name__]

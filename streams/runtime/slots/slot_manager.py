"""The shell: all slots of this worker process, between Faust's rebalances and the slots' work."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Collection, Mapping
from typing import Any

import structlog
from aiokafka import TopicPartition

from schemas.topics import DEAD_LETTERS
from streams.clock import now_ms
from streams.errors import Internal
from streams.kafka.partitions import Partition, partitions_of, slot_of
from streams.runtime.backfill.throttle import Pace
from streams.runtime.faust.group_offsets import show_lag
from streams.runtime.faust.thread import ConsumerThread
from streams.runtime.inputs.slot_inputs import Intake
from streams.runtime.output_partitions import Places
from streams.runtime.process.duplicate_workers import examine
from streams.runtime.slots.producer import SlotProducer
from streams.runtime.slots.restore import TakeOver
from streams.runtime.slots.slot import Slot
from streams.runtime.spec import SlotKind
from streams.runtime.time.claim_publisher import ClaimsWriter
from streams.runtime.time.claim_tracker import Standing
from streams.runtime.time.claims import Claim
from streams.runtime.time.control_topics import Watch
from streams.runtime.time.ticks import Clockwork
from streams.settings import Settings

log = structlog.get_logger()

LAG_SECONDS = 1.0


class Shell:
    """Takes slots over, hands them what was fetched, rests and closes them.

    `slot_class`, `producer_class` and `takeover_class` are what it builds with; `app` is the Faust app.
    """

    slot_class = Slot
    producer_class = SlotProducer
    takeover_class = TakeOver

    def __init__(self, app: Any, kind: SlotKind, settings: Settings, worker: str) -> None:
        self.app = app
        self.kind = kind
        self.settings = settings
        self.worker = worker
        self.slots: dict[int, Slot] = {}
        self.journal = kind.journal_topic(settings)
        self.source_topics = frozenset(kind.source_topics(settings))
        self.sources: list[Partition] = []  # every partition of every in-topic, without prefix
        self.watch = Watch(settings, kind, wake=self.wake)
        self.claims_writer = ClaimsWriter(settings, self.claims_at)
        self._ingest = kind.ingest(settings)
        self._takeover = self.takeover_class(settings)
        self._standing = Standing(worker)
        self._pace = Pace()
        self._stuck: set[Partition] = set()
        self._rests = 0
        self._rests_at_take_over = 0
        self._lag_task: asyncio.Task[None] | None = None

    # What was fetched

    def hand_over(self, run: Any) -> None:
        """A run from an agent. Stale ones, fetched before a rebalance, are dropped: they are fetched again."""
        slot = self.slots.get(slot_of(run.partition, self.kind.slots))
        if slot is not None:
            slot.offer(run, run.source)

    def wake(self) -> None:
        """Something was announced that slots may wait for."""
        for slot in self.slots.values():
            slot.wake()

    # Ownership

    async def take_over(self, assigned: Collection[Any]) -> dict[Partition, int]:
        """Makes this worker the owner of the assigned slots; where every partition is to be sought to.

        Slots that went away are closed, new ones are taken over, kept ones stay as they are: memory and producer are
        valid as long as the epoch is. Raises Internal for an assignment that breaks slots apart.
        """
        began = time.monotonic()
        self._rests_at_take_over = self._rests
        owned = {tp.partition for tp in assigned if tp.topic == self.journal}
        partitions = self._partitions(assigned, owned)
        for number in self.slots.keys() - owned:
            await self.slots.pop(number).close()
        await self._open()
        new = [self._new_slot(number) for number in sorted(owned - self.slots.keys())]
        await self._take_over_new(new)
        by_number = {**self.slots, **{slot.number: slot for slot in new}}
        homes = [(by_number[slot_of(partition.number, self.kind.slots)], partition) for partition in partitions]
        fresh = [(slot, partition) for slot, partition in homes if partition not in slot.intake.feeds]
        await self._takeover.find_positions(fresh)
        self._inherit(fresh)
        self.slots.update({slot.number: slot for slot in new})
        self._say_taken(owned, new, began)
        feeds = [slot.intake.feeds[partition] for slot, partition in homes]
        return {feed.partition: feed.next for feed in feeds if feed.stopped is None}

    def _partitions(self, assigned: Collection[Any], owned: set[int]) -> list[Partition]:
        relevant = [Partition(tp.topic, tp.partition) for tp in assigned if self._is_fed(tp.topic)]
        strays = [partition for partition in relevant if slot_of(partition.number, self.kind.slots) not in owned]
        if strays:
            raise Internal(f"the assignment breaks slots apart: {', '.join(map(str, strays))}")
        return relevant

    def _is_fed(self, topic: str) -> bool:
        return topic == self.journal or topic in self.source_topics

    async def _open(self) -> None:
        """What all slots share is read up to now: claims above all, which arrivals must not fall behind."""
        counts = await self.watch.partition_counts(sorted(self.source_topics))
        prefix = self.settings.prefix
        # In place, since every slot's clockwork looks at it: an in-topic may have got more partitions.
        self.sources[:] = partitions_of((topic.removeprefix(prefix), n) for topic, n in counts.items())
        await self.watch.catch_up()
        await self.claims_writer.start()
        if self._lag_task is None:
            self._lag_task = asyncio.create_task(self._show_lag())

    def _new_slot(self, number: int) -> Slot:
        settings, kind = self.settings, self.kind
        places = Places.of(settings, number, kind.slots, self.journal, kind.changelog(settings))
        slot = self.slot_class(
            settings=settings,
            places=places,
            producer=self.producer_class(settings, f"{kind.app_id(settings)}-slot-{number}"),
            program=(self._ingest, kind.decider(settings, number)),
            intake=Intake(places.own_journal(), self.app.consumer),
            clockwork=Clockwork(settings, self.watch.announced, self.sources),
            ends=self._thread().ends,
            writes_to=self._writes_to(places),
            log_ends=self._takeover.log_ends,
            reader=self._takeover.reader,
            pace=self._pace,
        )
        slot.on_commit = lambda: self._committed(slot)
        slot.examine = self._examine
        return slot

    def _writes_to(self, places: Places) -> list[Partition]:
        """Every partition a slot's transactions may touch."""
        journal = [Partition(self.journal, number) for number in range(self.kind.slots)]
        topics = {topic.name: topic for topic in (*self.kind.outputs, DEAD_LETTERS)}.values()
        outputs = [places.output(topic.name) for topic in topics if topic.width != "one" or places.slot == 0]
        return [places.own_changelog(), *journal, *outputs]

    async def _take_over_new(self, new: list[Slot]) -> None:
        try:
            await self._takeover.run(new)
        except BaseException:
            # A rebalance in between, most often: whoever owns these slots next fences them anyway.
            await asyncio.gather(*(slot.close() for slot in new), return_exceptions=True)
            raise

    def _inherit(self, fresh: list[tuple[Slot, Partition]]) -> None:
        for slot, partition in fresh:
            if partition != slot.intake.journal:
                feed = slot.intake.feeds[partition]
                self._standing.inherit(feed, slot.bare(partition), self.watch.announced.claims)

    def _say_taken(self, owned: set[int], new: list[Slot], began: float) -> None:
        log.info(
            "take-over",
            kind=self.kind.name,
            slots=sorted(owned),
            new=[slot.number for slot in new],
            rows=sum(slot.rows for slot in new),
            ms=round(1000 * (time.monotonic() - began)),
        )
        if not owned:
            log.warning(
                "owns nothing", kind=self.kind.name, why="more workers than slots, or the others hold them all"
            )

    async def start(self, positions: Mapping[Partition, int]) -> None:
        """Seeks exactly and lets the slots work, unless they were revoked in between."""
        tokens = await self._thread().seek_exactly(positions)
        if self._rests != self._rests_at_take_over:
            return
        for partition in tokens:
            self.app.consumer._read_offset[TopicPartition(*partition)] = None
        for slot in self.slots.values():
            slot.begin({p: token for p, token in tokens.items() if p in slot.intake.feeds})
        log.info("working", kind=self.kind.name, slots=sorted(self.slots))

    async def rest(self, *_args: Any, **_options: Any) -> None:
        """Partitions are being revoked: every slot ends its transaction and waits."""
        began = time.monotonic()
        self._rests += 1
        await asyncio.gather(*(slot.rest() for slot in self.slots.values()))
        log.info("rested", kind=self.kind.name, ms=round(1000 * (time.monotonic() - began)))

    async def close(self) -> None:
        """The worker stops: rest, then close every slot and what they share."""
        await self.rest()
        await asyncio.gather(*(slot.close() for slot in self.slots.values()))
        self.slots.clear()
        if self._lag_task is not None:
            self._lag_task.cancel()
        await self.claims_writer.stop()
        await self.watch.stop()
        log.info("closed", kind=self.kind.name)

    # What others are told

    def claims_at(self, now: int) -> dict[Partition, Claim]:
        """The claims of every in-topic partition of this worker's slots."""
        ends, claims = self._thread().ends, self.watch.announced.claims
        made = {
            (name := slot.bare(feed.partition)): self._standing.claim(feed, name, ends, claims, now)
            for slot in self.slots.values()
            for feed in slot.intake.sources()
        }
        self._tell_stuck({name for name, claim in made.items() if claim.stuck >= self.settings.stuck_after_ms})
        return made

    def _tell_stuck(self, stuck: set[Partition]) -> None:
        for name in stuck - self._stuck:
            why = "its stable end stands still with records behind it; no tick waits for it, its records will be late"
            log.error("partition left out", partition=str(name), why=why)
        for name in self._stuck - stuck:
            log.info("partition moves again", partition=str(name))
        self._stuck = stuck

    def _committed(self, slot: Slot) -> None:
        if self._is_waited_for(slot):
            self._hear_ourselves()
            self.claims_writer.hurry()

    def _hear_ourselves(self) -> None:
        """What was just committed is a fact for this worker's slots at once, not only when it comes back."""
        claims = self.watch.announced.claims
        for name, claim in self.claims_at(now_ms()).items():
            claims.add(name, claim, claims.broker_time)
        self.wake()

    def _is_waited_for(self, slot: Slot) -> bool:
        """Whether somebody may be waiting for what the slot just committed: to be in step with it, or for its
        account's time to advance.
        """
        if self.settings.clock == "events":
            return slot.clockwork.next_advance(slot.positions) is not None
        reach = self.watch.announced.claims.furthest() - self.settings.in_step_ms
        return slot.is_waiting or any(feed.claim <= reach for feed in slot.intake.sources())

    async def _examine(self, error: BaseException) -> BaseException:
        conf = self.app.conf
        return await examine(error, self.settings.bootstrap, conf.id, self.worker, conf.broker_client_id)

    async def _show_lag(self) -> None:
        while True:
            await asyncio.sleep(LAG_SECONDS)
            if self.app.rebalancing:
                continue
            feeds = [feed for slot in self.slots.values() for feed in slot.intake.feeds.values()]
            await show_lag(self._thread(), {feed.partition: feed.next for feed in feeds})

    def _thread(self) -> ConsumerThread:
        return self.app.consumer._thread  # type: ignore[no-any-return]  # Faust publishes no types

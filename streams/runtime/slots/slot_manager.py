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
from streams.kafka.partitions import Partition, all_partitions, slot_for_partition
from streams.runtime.backfill.throttle import Throttle
from streams.runtime.faust.group_offsets import commit_group_offsets
from streams.runtime.faust.thread import ConsumerThread
from streams.runtime.inputs.slot_inputs import SlotInputs
from streams.runtime.output_partitions import OutputPartitions
from streams.runtime.process.duplicate_workers import diagnose_error
from streams.runtime.slots.producer import SlotProducer
from streams.runtime.slots.restore import TakeOver
from streams.runtime.slots.slot import Slot
from streams.runtime.spec import AppSpec
from streams.runtime.time.claim_publisher import ClaimPublisher
from streams.runtime.time.claim_tracker import ClaimTracker
from streams.runtime.time.claims import Claim
from streams.runtime.time.control_topics import ControlTopicReader
from streams.runtime.time.ticks import TickScheduler
from streams.settings import Settings

log = structlog.get_logger()

LAG_SECONDS = 1.0


class SlotManager:
    """Takes slots over, hands them what was fetched, rests and closes them.

    `slot_class`, `producer_class` and `takeover_class` are what it builds with; `app` is the Faust app.
    """

    slot_class = Slot
    producer_class = SlotProducer
    takeover_class = TakeOver

    def __init__(self, app: Any, spec: AppSpec, settings: Settings, worker: str) -> None:
        self.app = app
        self.spec = spec
        self.settings = settings
        self.worker = worker
        self.slots: dict[int, Slot] = {}
        self.journal = spec.journal_topic(settings)
        self.source_topics = frozenset(spec.source_topics(settings))
        self.sources: list[Partition] = []  # every partition of every in-topic, without prefix
        self.control_topics = ControlTopicReader(settings, spec, wake=self.wake)
        self.claim_publisher = ClaimPublisher(settings, self.claims_at)
        self._ingest = spec.ingest(settings)
        self._takeover = self.takeover_class(settings)
        self._claim_tracker = ClaimTracker(worker)
        self._throttle = Throttle()
        self._stuck_partitions: set[Partition] = set()
        self._suspensions = 0
        self._suspensions_at_take_over = 0
        self._lag_task: asyncio.Task[None] | None = None

    # What was fetched

    def forward(self, run: Any) -> None:
        """A run from an agent. Stale ones, fetched before a rebalance, are dropped: they are fetched again."""
        slot = self.slots.get(slot_for_partition(run.partition, self.spec.slots))
        if slot is not None:
            slot.enqueue(run, run.source)

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
        self._suspensions_at_take_over = self._suspensions
        owned = {tp.partition for tp in assigned if tp.topic == self.journal}
        partitions = self._input_partitions(assigned, owned)
        for number in self.slots.keys() - owned:
            await self.slots.pop(number).close()
        await self._start_shared()
        new = [self._new_slot(number) for number in sorted(owned - self.slots.keys())]
        await self._take_over_slots(new)
        by_number = {**self.slots, **{slot.number: slot for slot in new}}
        homes = [
            (by_number[slot_for_partition(partition.number, self.spec.slots)], partition) for partition in partitions
        ]
        fresh = [(slot, partition) for slot, partition in homes if partition not in slot.inputs.buffers]
        await self._takeover.create_buffers(fresh)
        self._inherit_claims(fresh)
        self.slots.update({slot.number: slot for slot in new})
        self._log_take_over(owned, new, began)
        feeds = [slot.inputs.buffers[partition] for slot, partition in homes]
        return {feed.partition: feed.committed_position for feed in feeds if feed.stop_reason is None}

    def _input_partitions(self, assigned: Collection[Any], owned: set[int]) -> list[Partition]:
        relevant = [Partition(tp.topic, tp.partition) for tp in assigned if self._is_input(tp.topic)]
        strays = [
            partition for partition in relevant if slot_for_partition(partition.number, self.spec.slots) not in owned
        ]
        if strays:
            raise Internal(f"the assignment breaks slots apart: {', '.join(map(str, strays))}")
        return relevant

    def _is_input(self, topic: str) -> bool:
        return topic == self.journal or topic in self.source_topics

    async def _start_shared(self) -> None:
        """What all slots share is read up to now: claims above all, which arrivals must not fall behind."""
        counts = await self.control_topics.partition_counts(sorted(self.source_topics))
        prefix = self.settings.prefix
        # In place, since every slot's clockwork looks at it: an in-topic may have got more partitions.
        self.sources[:] = all_partitions((topic.removeprefix(prefix), n) for topic, n in counts.items())
        await self.control_topics.catch_up()
        await self.claim_publisher.start()
        if self._lag_task is None:
            self._lag_task = asyncio.create_task(self._commit_offsets_loop())

    def _new_slot(self, number: int) -> Slot:
        settings, kind = self.settings, self.spec
        places = OutputPartitions.for_slot(settings, number, kind.slots, self.journal, kind.changelog_topic(settings))
        slot = self.slot_class(
            settings=settings,
            partitions=places,
            producer=self.producer_class(settings, f"{kind.app_id(settings)}-slot-{number}"),
            program=(self._ingest, kind.decider(settings, number)),
            inputs=SlotInputs(places.own_journal(), self.app.consumer),
            tick_scheduler=TickScheduler(settings, self.control_topics.control_state, self.sources),
            ends=self._consumer_thread().ends,
            transaction_partitions=self._transaction_partitions(places),
            log_ends=self._takeover.log_ends,
            open_consumer=self._takeover.open_consumer,
            throttle=self._throttle,
        )
        slot.on_commit = lambda: self._handle_commit(slot)
        slot.diagnose_error = self._diagnose_error
        return slot

    def _transaction_partitions(self, partitions: OutputPartitions) -> list[Partition]:
        """Every partition a slot's transactions may touch."""
        journal = [Partition(self.journal, number) for number in range(self.spec.slots)]
        topics = {topic.name: topic for topic in (*self.spec.outputs, DEAD_LETTERS)}.values()
        outputs = [
            partitions.output(topic.name) for topic in topics if topic.partitioning != "one" or partitions.slot == 0
        ]
        return [partitions.own_changelog(), *journal, *outputs]

    async def _take_over_slots(self, new: list[Slot]) -> None:
        try:
            await self._takeover.run(new)
        except BaseException:
            # A rebalance in between, most often: whoever owns these slots next fences them anyway.
            await asyncio.gather(*(slot.close() for slot in new), return_exceptions=True)
            raise

    def _inherit_claims(self, fresh: list[tuple[Slot, Partition]]) -> None:
        for slot, partition in fresh:
            if partition != slot.inputs.journal:
                feed = slot.inputs.buffers[partition]
                self._claim_tracker.inherit(
                    feed, slot.without_prefix(partition), self.control_topics.control_state.claims
                )

    def _log_take_over(self, owned: set[int], new: list[Slot], began: float) -> None:
        log.info(
            "take-over",
            kind=self.spec.name,
            slots=sorted(owned),
            new=[slot.number for slot in new],
            rows=sum(slot.rows for slot in new),
            ms=round(1000 * (time.monotonic() - began)),
        )
        if not owned:
            log.warning(
                "owns nothing", kind=self.spec.name, why="more workers than slots, or the others hold them all"
            )

    async def start(self, positions: Mapping[Partition, int]) -> None:
        """Seeks exactly and lets the slots work, unless they were revoked in between."""
        tokens = await self._consumer_thread().seek_exactly(positions)
        if self._suspensions != self._suspensions_at_take_over:
            return
        for partition in tokens:
            self.app.consumer._read_offset[TopicPartition(*partition)] = None
        for slot in self.slots.values():
            slot.start({p: token for p, token in tokens.items() if p in slot.inputs.buffers})
        log.info("working", kind=self.spec.name, slots=sorted(self.slots))

    async def suspend(self, *_args: Any, **_options: Any) -> None:
        """Partitions are being revoked: every slot ends its transaction and waits."""
        began = time.monotonic()
        self._suspensions += 1
        await asyncio.gather(*(slot.suspend() for slot in self.slots.values()))
        log.info("rested", kind=self.spec.name, ms=round(1000 * (time.monotonic() - began)))

    async def close(self) -> None:
        """The worker stops: rest, then close every slot and what they share."""
        await self.suspend()
        await asyncio.gather(*(slot.close() for slot in self.slots.values()))
        self.slots.clear()
        if self._lag_task is not None:
            self._lag_task.cancel()
        await self.claim_publisher.stop()
        await self.control_topics.stop()
        log.info("closed", kind=self.spec.name)

    # What others are told

    def claims_at(self, now: int) -> dict[Partition, Claim]:
        """The claims of every in-topic partition of this worker's slots."""
        ends, claims = self._consumer_thread().ends, self.control_topics.control_state.claims
        made = {
            (name := slot.without_prefix(feed.partition)): self._claim_tracker.update_claim(
                feed, name, ends, claims, now
            )
            for slot in self.slots.values()
            for feed in slot.inputs.source_buffers()
        }
        self._log_stuck({name for name, claim in made.items() if claim.stuck >= self.settings.stuck_after_ms})
        return made

    def _log_stuck(self, stuck: set[Partition]) -> None:
        for name in stuck - self._stuck_partitions:
            why = "its stable end stands still with records behind it; no tick waits for it, its records will be late"
            log.error("partition left out", partition=str(name), why=why)
        for name in self._stuck_partitions - stuck:
            log.info("partition moves again", partition=str(name))
        self._stuck_partitions = stuck

    def _handle_commit(self, slot: Slot) -> None:
        if self._has_waiters(slot):
            self._add_own_claims()
            self.claim_publisher.publish_now()

    def _add_own_claims(self) -> None:
        """What was just committed is a fact for this worker's slots at once, not only when it comes back."""
        claims = self.control_topics.control_state.claims
        for name, claim in self.claims_at(now_ms()).items():
            claims.add(name, claim, claims.broker_time)
        self.wake()

    def _has_waiters(self, slot: Slot) -> bool:
        """Whether somebody may be waiting for what the slot just committed: to be in step with it, or for its
        account's time to advance.
        """
        if self.settings.clock == "events":
            return slot.tick_scheduler.next_advance(slot.checkpoint) is not None
        reach = self.control_topics.control_state.claims.largest() - self.settings.in_step_ms
        return slot.is_waiting or any(feed.claim <= reach for feed in slot.inputs.source_buffers())

    async def _diagnose_error(self, error: BaseException) -> BaseException:
        conf = self.app.conf
        return await diagnose_error(error, self.settings.bootstrap, conf.id, self.worker, conf.broker_client_id)

    async def _commit_offsets_loop(self) -> None:
        while True:
            await asyncio.sleep(LAG_SECONDS)
            if self.app.rebalancing:
                continue
            feeds = [feed for slot in self.slots.values() for feed in slot.inputs.buffers.values()]
            await commit_group_offsets(
                self._consumer_thread(), {feed.partition: feed.committed_position for feed in feeds}
            )

    def _consumer_thread(self) -> ConsumerThread:
        return self.app.consumer._thread  # type: ignore[no-any-return]  # Faust publishes no types

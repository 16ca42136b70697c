"""A slot: journal partition s, changelog partition s, and every in-topic partition q with q mod N = s.

It has one transactional producer, and one transaction at a time holds everything it did. Its life:

    take over   the producer fences the former owner; only then the truth is read (takeover.py); seek exactly; work
    work        take what was fetched, ingest, decide, announce, note where it stands; write; commit
    rest        revoked: no new transaction; the one in flight ends within a bound; what is queued is forgotten.
                Producer and state are kept: if the slot comes back they are valid as long as the producer's epoch is,
                and that the broker checks
    close       the partition went to another worker, or the process stops
    any error   the process ends: nothing uncommitted was seen by anybody
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence

import msgspec
import structlog

from streams.clock import now_ms
from streams.engine.journal.effects import Budget, Effects
from streams.engine.journal.records import Slice
from streams.errors import Internal
from streams.kafka.partitions import Partition
from streams.runtime import checkpoint as position_records
from streams.runtime.backfill.backfill import Introduction, Reader
from streams.runtime.backfill.throttle import Pace
from streams.runtime.checkpoint import POSITION_KEY, Positions
from streams.runtime.fatal import end
from streams.runtime.inputs.partition_buffer import Ends, Feed, Run
from streams.runtime.inputs.slot_inputs import Intake
from streams.runtime.output_partitions import Places
from streams.runtime.protocols import Decider, Ingest
from streams.runtime.slots.producer import SlotProducer
from streams.runtime.slots.transaction import Portion
from streams.runtime.time.alignment import InStep, Rules
from streams.runtime.time.control_records import Announcements
from streams.runtime.time.ticks import Clockwork
from streams.settings import Settings

log = structlog.get_logger()

CALM = Budget()
BUSY = Budget(seconds=0.010)
"""The bound of a portion while events come: they wait no longer behind a release or a tick that reaches everybody,
and behind those of the other slots of this worker.
"""

BUSY_SECONDS = 0.5
"""How long after the last event a slot counts as busy."""

SLICE_SECONDS = 1.0
"""How long a slice of history waits at most because the slot is behind."""

FED_AHEAD = 12_000
"""How many journal records may be fed and not decided before no more are fed."""

LogEnds = Callable[[list[Partition]], Awaitable[Mapping[Partition, int]]]


class Slot:
    """One slot in one worker, from its take-over to its close."""

    def __init__(
        self,
        *,
        settings: Settings,
        places: Places,
        producer: SlotProducer,
        program: tuple[Ingest, Decider],
        intake: Intake,
        clockwork: Clockwork,
        ends: Mapping[Partition, Ends],
        writes_to: Sequence[Partition],
        log_ends: LogEnds,
        reader: Reader,
        pace: Pace,
    ) -> None:
        self.settings = settings
        self.places = places
        self.number = places.slot
        self.producer = producer
        self.ingest, self.decider = program
        self.intake = intake
        self.clockwork = clockwork
        self.ends = ends
        self.writes_to = writes_to
        self.log_ends = log_ends
        self.positions = Positions()
        self.rows = 0
        self.told = 0  # the journal is read up to here before another tick or marker is appended
        self.on_commit: Callable[[], None] = lambda: None
        self.examine: Callable[[BaseException], Awaitable[BaseException]] = as_it_is
        self.is_waiting = False  # whether records are held back to stay in step
        self.introduction = Introduction(self.decider, places, reader, pace, self.wake)
        self.announcements = Announcements(settings, clockwork, self.decider, self.introduction)
        self._in_step = InStep(Rules.of(settings))
        self._open = False
        self._wake = asyncio.Event()
        self._at_rest = asyncio.Event()
        self._at_rest.set()
        self._task: asyncio.Task[None] | None = None
        self._began = 0.0
        self._busy_until = 0.0
        self._slice_told = 0.0

    # Ownership

    def restore(self, key: bytes, value: bytes | None) -> None:
        """One record of the changelog, in order, at take-over."""
        if key == POSITION_KEY:
            self.positions = position_records.decode(value or b"{}")
            return
        self.rows += 1
        self.decider.restore(key, value)

    def found_journal(self, feed: Feed, log_end: int) -> None:
        """At take-over: nothing is announced before the journal is decided up to its present end."""
        if feed.stopped:
            raise Internal(f"the journal cannot be read on: {feed.stopped}")
        self.told = log_end

    def begin(self, tokens: Mapping[Partition, int]) -> None:
        """Its partitions were sought: work."""
        self.intake.begin(tokens)
        self._open = True
        self._wake.set()
        if self._task is None:
            self._task = asyncio.create_task(self._pump(), name=f"slot {self.number}")

    async def rest(self) -> None:
        """Revoked: see above. Ends the process when the transaction in flight does not end in time."""
        self._open = False
        self.intake.forget()
        try:
            await asyncio.wait_for(self._at_rest.wait(), self.settings.drain_bound_ms / 1000)
        except TimeoutError:
            end(f"{self.producer.id} did not end its transaction in time")

    async def close(self) -> None:
        """No more of this slot here."""
        await self.introduction.close()
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task
        await self.producer.stop()

    # Work

    def offer(self, run: Run, source: Partition) -> bool:
        """Takes in a run; False when it was fetched before a rebalance."""
        taken = self.intake.offer(source, run)
        if taken:
            self._wake.set()
        return taken

    def wake(self) -> None:
        """Something was announced that may let the slot go on."""
        self._wake.set()

    async def _pump(self) -> None:
        try:
            while True:
                self._wake.clear()
                if await self._work_once():
                    continue
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(self._wake.wait(), self.settings.tick_ms / 1000)
        except asyncio.CancelledError:
            raise
        except BaseException as error:  # noqa: BLE001  # a slot that failed is not to be trusted
            end(f"{self.producer.id} failed", await self.examine(error))

    async def _work_once(self) -> bool:
        """One transaction when there is something to write; whether there was."""
        await self._pace()
        if not self._open:
            return False
        self._at_rest.clear()
        try:
            began = time.monotonic()
            portion = self.assemble(now_ms())
            if portion is None:
                return False
            self._began = began
            await asyncio.wait_for(self.commit(portion), self.settings.transaction_bound_ms / 1000)
        except TimeoutError as error:
            raise Internal("a transaction took longer than its bound; the broker may be away") from error
        finally:
            self._at_rest.set()
        return True

    async def _pace(self) -> None:
        # The first record after silence goes at once; under load the interval lets batches grow. Whoever waits to
        # be in step makes small steps, and as fast as they go.
        interval = 0.0 if self.is_waiting else self.settings.interval_ms / 1000
        left = self._began + interval - time.monotonic()
        if left > 0:
            await asyncio.sleep(left)

    def assemble(self, now: int) -> Portion | None:
        """What the next transaction holds; None when there is nothing to write.

        1. ingest: in-topic records, in step and by arrival, become journal records and dead letters
        2. decide: journal records go to the decider, which works off a portion
        3. announce: time, a release or its proposal, a slice of history, when its time has come
        4. the position record, which makes all of it one step
        """
        self.introduction.begin(self.positions)
        portion = Portion(self.places, self.producer.outbox())
        taken = self.intake.take_sources(self._horizon(now))
        if taken:
            self._busy_until = time.monotonic() + BUSY_SECONDS
        portion.ingest(taken, self.ingest)  # 1
        self._decide(portion, now)  # 2
        self._announce(portion, now)  # 3
        if not portion.wrote:
            return None
        self.positions = self._positions_after(portion)
        self.note_positions(portion)  # 4
        return portion

    def note_positions(self, portion: Portion) -> None:
        """Adds the position record."""
        record = position_records.encode(self.positions)
        portion.outbox.add(self.places.own_changelog(), POSITION_KEY, record)

    def _horizon(self, now: int) -> int | None:
        if self.announcements.hold_events_back(self.positions):
            return -1
        if self.settings.clock == "events":
            return None
        wanted = self.intake.latest_arrival()
        claims = self.clockwork.announced.claims
        horizon = self._in_step.horizon(self.clockwork.sources, claims, wanted, now) if wanted else None
        self.is_waiting = horizon is not None
        marker = self.clockwork.next_marker(self.positions)
        if marker is None or marker.at is None or self.decider.busy():
            return horizon
        # What this slot reads of later arrivals follows the release; while a tick is worked off, life goes on.
        return marker.at if horizon is None else min(horizon, marker.at)

    def _decide(self, portion: Portion, now: int) -> None:
        journal = self.intake.journal_feed()
        ahead = journal.next - self.decider.position(journal.next)
        if not (self.decider.pending() and ahead > FED_AHEAD):
            taken = self.intake.take_journal()
            portion.taken.update(taken)
            for entries in taken.values():
                for entry in entries:
                    self.decider.feed(entry.record.offset, entry.record.key, entry.record.value)
                portion.wrote = True
        if self.decider.pending():
            portion.effects(self.work(), now)

    def work(self) -> Effects:
        """One portion of decisions."""
        return self.decider.work(BUSY if time.monotonic() < self._busy_until else CALM)

    def _announce(self, portion: Portion, now: int) -> None:
        # One at a time, slices aside. Own records that wait are no reason to wait: a slot that is always behind would
        # tell no time.
        self.introduction.give_up_superseded()
        if not self.decider.busy() and self.intake.reached(self.ends) >= self.told:
            said = self.announcements.next(self.positions, now)
            if said is not None:
                self.positions = said.positions
                portion.announce(said.record, said.when_committed)
                return
        part = self._next_slice()
        if part is not None:
            self.positions = part[1]
            portion.tell(part[0])

    def _next_slice(self) -> tuple[Slice, Positions] | None:
        """Live records come first: while the slot is behind, a slice now and then."""
        now = time.monotonic()
        if self.decider.pending() and now < self._slice_told + SLICE_SECONDS:
            return None
        part = self.introduction.next_slice(self.positions)
        if part is not None:
            self._slice_told = now
        return part

    def _positions_after(self, portion: Portion) -> Positions:
        feeds, arrivals = {}, {}
        for partition, feed in self.intake.feeds.items():
            entries = portion.taken.get(partition)
            name = self.bare(partition)
            following = entries[-1].next if entries else feed.next
            if partition == self.intake.journal:
                feeds[str(name)] = self.decider.position(following)
                continue
            feeds[str(name)] = following
            arrivals[str(name)] = entries[-1].arrival if entries else feed.taken_arrival
        return msgspec.structs.replace(
            self.positions, feeds=feeds, arrivals=arrivals, checkpoint=self.decider.checkpoint()
        )

    def bare(self, partition: Partition) -> Partition:
        """The partition with its topic's name without prefix."""
        return Partition(partition.topic.removeprefix(self.places.prefix), partition.number)

    async def commit(self, portion: Portion) -> None:
        """Writes the portion; from here on its positions are the slot's."""
        last = await self.producer.write(portion.outbox)
        if self.producer.is_unsure():
            await self._renew(last[self.places.own_changelog()])
        self.intake.committed(portion.taken)
        if portion.announces:
            self.told = last[self.places.own_journal()] + 1
        for action in portion.when_committed:
            action()
        self.on_commit()

    async def _renew(self, position_offset: int) -> None:
        """The commit stands, but another copy of its EndTxn may be on the way: a new epoch makes that one harmless.

        Nobody may have owned the slot in between: its position record and the commit's marker must be the last things
        in its changelog partition.
        """
        changelog = self.places.own_changelog()
        await self.producer.renew()
        ends = await self.log_ends([changelog])
        log.info("renewed", slot=self.number, position_record=position_offset, log_end=ends[changelog])
        if ends[changelog] != position_offset + 2:
            raise Internal(f"{self.producer.id} was owned by somebody in between")


async def as_it_is(error: BaseException) -> BaseException:
    """An error that needs no examination."""
    return error

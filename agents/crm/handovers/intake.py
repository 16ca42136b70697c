"""Where hand-overs come from: the group's reading, a second one for accounts that stood still, retries by hand."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence

import msgspec
import structlog
from aiokafka import TopicPartition

from agents.crm.handovers.answer_writer import AnswerWriter
from agents.crm.handovers.handover_partition import HandOverPartition
from agents.crm.handovers.handover_queue import HandOverQueue, QueuedHandOver
from agents.crm.handovers.opt_outs import OptOuts
from agents.crm.handovers.ownership import Ownership
from agents.crm.handovers.stopped_accounts import StoppedAccounts
from agents.crm.handovers.stopped_reader import StoppedReader
from connectors.salesforce.handover.handover_records import LeadHandOver, parse_handover
from connectors.salesforce.org.client import MAX_RECORDS
from schemas.values import instant_ms
from streams.clock import now_ms
from streams.kafka.protocols import ConsumedRecord
from streams.kafka.reader import FetchedRecords
from streams.store.handovers.commands import CrmCommands
from streams.tracing.headers import trace_of

log = structlog.get_logger()

_READS_AHEAD = 20
_WAIT_AHEAD_MS = 50
"""So many reads of a partition at most, and so long each, before others have their turn."""


class HandOverIntake:
    """Fills the queue, and keeps out of it what stands still.

    `track_newest` gets what a former owner has finished.
    """

    def __init__(
        self,
        ownership: Ownership,
        queue: HandOverQueue,
        stopped: StoppedAccounts,
        track_newest: Callable[[LeadHandOver], None],
    ) -> None:
        self._ownership = ownership
        self._queue = queue
        self._stopped = stopped
        self._track_newest = track_newest
        self._active_retries: dict[str, int] = {}
        """Key -> number of the retries that were taken up."""
        self._opt_outs = OptOuts()
        self._turn = 0

    def begin_generation(self) -> None:
        """Empties the queue; accounts that stand still in what is owned now are tried soon."""
        self._queue.remove_where(lambda _: True)
        self._active_retries.clear()
        self._opt_outs.clear()
        lines = [
            (account, line)
            for progress in self._ownership.progress.values()
            for account, line in progress.lines.items()
        ]
        for account, line in lines:
            self._stopped.recall(account, since=line.since, now=time.monotonic())
        self._stopped.retain(account for account, _ in lines)

    async def accept(self, fetched: FetchedRecords, writer: AnswerWriter) -> None:
        """Takes records that the group has fetched; those that are no hand-overs become dead letters."""
        for place, records in fetched.items():
            partition = TopicPartition(place.topic, place.partition)
            progress = self._ownership.progress.get(partition)
            if progress is None:
                continue
            for record in records:
                is_finished = record.offset < progress.start
                try:
                    handover = None if record.value is None else parse_handover(record.value)
                except msgspec.DecodeError as error:
                    handover = None
                    if not is_finished:
                        await writer.write_dead_letter(record, error)
                if handover is not None:
                    if progress.is_level and record.offset >= progress.looked_to:
                        self._opt_outs.note(handover, partition, record.offset)
                    if is_finished or handover.tells_consent_alone:
                        self._track_newest(handover)
                    else:
                        self._sort_in(progress, partition, record, handover)
                progress.advance(record.offset + 1)

    def _sort_in(
        self, progress: HandOverPartition, partition: TopicPartition, record: ConsumedRecord, handover: LeadHandOver
    ) -> None:
        account = handover.account
        if account in progress.lines:
            return  # it is read again from where the account stands
        stop = self._stopped.stops.get(account)
        if stop is not None:
            progress.stop(account, record.offset, stop.since)
            return
        progress.open(account, record.offset)
        self._queue.add(QueuedHandOver(handover, (partition, record.offset), headers=trace_of(record.headers)))

    # --- consent ---

    async def look_ahead(self, reader: StoppedReader, ends: Mapping[TopicPartition, int]) -> bool:
        """Looks for opt-outs up to the partitions' ends, a part at a time; returns whether it has come so far.

        Raises BrokerUnavailable.
        """
        generation = self._ownership.generation
        for partition, progress in list(self._ownership.progress.items()):
            end = ends.get(partition, 0)
            for _ in range(_READS_AHEAD):
                if progress.looked_to >= end:
                    break
                records, position = await reader.read(partition, progress.looked_to, end, _WAIT_AHEAD_MS)
                if generation != self._ownership.generation:
                    return False
                for record in records:
                    if (handover := _parse_again(record)) is not None:
                        self._opt_outs.note(handover, partition, record.offset)
                progress.looked_to = max(progress.looked_to, position)
            if progress.looked_to < end:
                return False
        return True

    def with_consent(self, batch: Sequence[QueuedHandOver]) -> list[LeadHandOver]:
        """The hand-overs of a batch; those whose contact opted out meanwhile are withheld."""
        return [
            msgspec.structs.replace(handover, is_withheld=self._is_withheld(handover))
            for handover in (item.handover for item in batch)
        ]

    def _is_withheld(self, handover: LeadHandOver) -> bool:
        # An update that made no record is repeated by hand as a hand-over; the opt-out itself makes none.
        is_opt_out = handover.opted_out and not handover.is_update
        return is_opt_out or self._opt_outs.forbid(handover)

    def forget_opt_outs(self) -> None:
        """Forgets the opt-outs behind which nothing waits any more."""
        for partition, progress in self._ownership.progress.items() if len(self._opt_outs) else ():
            committed = progress.committable()
            first = min([committed.offset, *(stop.offset for stop in committed.stops.values())])
            if first > progress.looked_from and not self._active_retries:
                progress.looked_from = min(first, progress.looked_to)
                self._opt_outs.forget(partition, progress.looked_from)

    # --- accounts that stand still ---

    def stop_account(self, account: str, reason: str, retry_seconds: float | None = None) -> None:
        """The account's hand-overs stand still from here on, those in the queue, too.

        They are tried again after `retry_seconds`, by default after the time that all accounts have.
        """
        before = self._stopped.stops.get(account)
        if before is not None and before.is_paused:
            return
        stop = self._stopped.stop(account, reason, since=now_ms(), now=time.monotonic(), retry_seconds=retry_seconds)
        if before is None or before.reason != reason:
            log.warning("hand-overs stand still", account=account, problem=reason)
        self._put_back(account, stop.since)

    def _put_back(self, account: str, since: int) -> None:
        for item in self._queue.remove_where(lambda each: each.handover.account == account):
            if item.command is not None:
                self._active_retries.pop(item.command, None)
            if item.place is not None:
                partition, offset = item.place
                self._ownership.progress[partition].stop(account, offset, since)

    def go_on(self, account: str) -> None:
        """Salesforce took something of the account: what stands still of it is read on."""
        stop = self._stopped.release(account)
        if stop is not None:
            log.info("hand-overs go on", account=account)

    @property
    def is_behind(self) -> bool:
        """Whether there is something to read again now."""
        now = time.monotonic()
        return any(
            self._stopped.is_due(account, now)
            for progress in self._ownership.progress.values()
            for account in progress.lines
        )

    async def read_again(self, reader: StoppedReader) -> None:
        """Reads the next records for the accounts that are behind and may go on. Raises BrokerUnavailable."""
        now = time.monotonic()
        generation = self._ownership.generation
        tries = {account for account in self._stopped.stops if self._stopped.is_due(account, now)}
        for partition, progress in list(self._ownership.progress.items()):
            due = [account for account in progress.lines if self._stopped.is_due(account, now)]
            if due and (room := self._room()) > 0:
                await self._read_partition_again(reader, partition, progress, due, room)
                if generation != self._ownership.generation:
                    return
            for account in due:
                progress.join(account)
        for account in tries:
            self._stopped.postpone(account, now)
            if not self._is_anything_left(account):
                self.go_on(account)

    def _room(self) -> int:
        """How many hand-overs may be read again now: a batch of them waits for answers at most."""
        waiting = sum(
            len(line.open) for progress in self._ownership.progress.values() for line in progress.lines.values()
        )
        return MAX_RECORDS - waiting

    async def _read_partition_again(
        self,
        reader: StoppedReader,
        partition: TopicPartition,
        progress: HandOverPartition,
        accounts: list[str],
        room: int,
    ) -> None:
        # By turns, so that a long way of one account is not in the way of another's short one.
        self._turn += 1
        start = progress.lines[accounts[self._turn % len(accounts)]].position
        lines = {each: progress.lines[each] for each in accounts if progress.lines[each].position >= start}
        if start >= progress.position:
            return
        records, end = await reader.read(partition, start, progress.position)
        if self._ownership.progress.get(partition) is not progress:
            return
        for record in records:
            if room == 0:
                end = record.offset
                break
            handover = _parse_again(record)
            line = lines.get(handover.account) if handover is not None else None
            if handover is None or line is None or record.offset < line.position:
                continue
            if handover.tells_consent_alone:
                continue
            line.open.add(record.offset)
            self._queue.add(QueuedHandOver(handover, (partition, record.offset), headers=trace_of(record.headers)))
            room -= 1
        for line in lines.values():
            line.position = max(line.position, end)

    def _is_anything_left(self, account: str) -> bool:
        is_behind = any(account in progress.lines for progress in self._ownership.progress.values())
        return is_behind or any(item.handover.account == account for item in self._queue)

    # --- commands ---

    def follow_commands(self, commands: CrmCommands, max_queued: int) -> list[str]:
        """Takes pauses of accounts and retries by hand; returns the keys of retries that cannot be read."""
        self._follow_pauses(commands)
        self._active_retries = {key: each for key, each in self._active_retries.items() if key in commands.retries}
        unreadable = []
        owned = {partition.partition: partition for partition in self._ownership.progress}
        for key, request in commands.retries.items():
            is_active = self._active_retries.get(key) == request.retry
            if is_active or request.partition not in owned or request.account in self._stopped.stops:
                continue
            if len(self._queue) >= max_queued:
                break
            handover = parse_retry(request.hand_over, request.retry)
            if handover is None:
                unreadable.append(key)
                continue
            self._active_retries[key] = request.retry
            partition = owned[request.partition]
            if request.looked_to < self._ownership.progress[partition].looked_from:
                self._ownership.progress[partition].look_again(request.looked_to)
                self._opt_outs.forget(partition)
            self._queue.add(QueuedHandOver(handover, command=key))
        return unreadable

    def _follow_pauses(self, commands: CrmCommands) -> None:
        pauses = commands.account_pauses
        self._stopped.resume_all_but(pauses, time.monotonic())
        for account, pause in pauses.items():
            stop = self._stopped.stops.get(account)
            if stop is None or not stop.is_paused:
                since = instant_ms(pause.at)
                self._stopped.pause(account, str(pause), since=since)
                self._put_back(account, since)

    # --- answers ---

    def settle(self, item: QueuedHandOver) -> None:
        """A hand-over is answered, and the answer is durable. One that was put back meanwhile is read again."""
        if self._queue.remove(item) and item.place is not None:
            partition, offset = item.place
            self._ownership.progress[partition].answer(item.handover.account, offset)

    def is_current(self, item: QueuedHandOver, commands: CrmCommands) -> bool:
        """Whether the command of a retry is still the one that was taken up."""
        request = commands.retries.get(item.command or "")
        return request is not None and request.retry == item.handover.retry


def parse_retry(hand_over: Mapping[str, object], retry: int) -> LeadHandOver | None:
    """The hand-over of a retry by hand; None where it is none."""
    try:
        return parse_handover(msgspec.json.encode({**hand_over, "retry": retry}))
    except msgspec.DecodeError:
        return None


def _parse_again(record: ConsumedRecord) -> LeadHandOver | None:
    """The hand-over of a record; None for what became a dead letter when it was read first."""
    try:
        return None if record.value is None else parse_handover(record.value)
    except msgspec.DecodeError:
        return None

"""Hands qualified leads over to Salesforce and writes the answers to `crm-results`.

1 Fetch committed hand-overs, up to 200. 2 Hand them over, once. 3 Write the answers and wait for the brokers.
4 Commit the offsets. What Salesforce did not answer waits in the queue, while others go on; an account whose mapping
does not fit stands still, and is read again from there. After a crash in between, the same hand-overs are repeated
without harm: Salesforce has each Lead under its external id, and an answer's id is computed from the hand-over.
"""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence

from aiokafka.errors import (
    CommitFailedError,
    IllegalStateError,
    InvalidSessionTimeoutError,
    KafkaError,
    OffsetMetadataTooLargeError,
)
from aiokafka.structs import OffsetAndMetadata

from agents.crm.handovers.answer_writer import AnswerWriter
from agents.crm.handovers.group_clients import GroupClients, open_group_clients
from agents.crm.handovers.handover_queue import HandOverQueue, QueuedHandOver
from agents.crm.handovers.intake import HandOverIntake
from agents.crm.handovers.org_deliveries import OrgDeliveries, OrgDelivery
from agents.crm.handovers.ownership import Ownership
from agents.crm.handovers.stopped_accounts import StoppedAccount, StoppedAccounts
from agents.crm.outage_log import OutageLog, SalesforceFailure
from connectors.salesforce.handover.delivery_outcome import DeliveryOutcome, PendingHandOver
from connectors.salesforce.handover.handover_records import HandOverResult, LeadHandOver
from connectors.salesforce.org.client import MAX_RECORDS
from connectors.salesforce.org.directory import NO_ORG
from connectors.salesforce.org.errors import RequestRefused, TransientFailure
from streams.clock import now_ms
from streams.errors import BrokerUnavailable, Internal, SalesforceRefused, SalesforceUnavailable
from streams.kafka.refusals import refusal_of_setting
from streams.settings import Settings
from streams.store.handovers.commands import HandOverPause
from streams.store.handovers.progress import MAX_TEXT_BYTES, encode_progress
from streams.tracing.spans import SpanRecorder

LOOK_BACK = 500
"""Finished hand-overs per partition that a new owner remembers."""

REPAIR_SECONDS = 60.0
MAX_QUEUED = 1_000
"""So many hand-overs wait for an answer in a process; with more of them it reads none."""

_POLL_MS = 200


class HandOverConsumer:
    """A member of the group `leadstream-crm`; `run` ends after `stop`. `mapping` gives an account's mapping."""

    def __init__(
        self,
        settings: Settings,
        orgs: OrgDeliveries,
        *,
        mapping: Callable[[str], object] = lambda _: None,
        look_back: int = LOOK_BACK,
        repair_seconds: float = REPAIR_SECONDS,
        spans: SpanRecorder | None = None,
    ) -> None:
        self._settings = settings
        self._orgs = orgs
        self._repair_seconds = repair_seconds
        self._spans = spans
        self._ownership = Ownership(look_back)
        self._queue = HandOverQueue(
            settings.salesforce_record_patience_ms / 1000,
            lambda attempt: orgs.backoff.delay(attempt, TransientFailure()),
        )
        self._stopped = StoppedAccounts(mapping, orgs.backoff.manual)
        self._intake = HandOverIntake(self._ownership, self._queue, self._stopped, self._track_newest)
        self._clients: GroupClients | None = None
        self._writer: AnswerWriter | None = None
        self._commits: dict[object, tuple[int, str]] = {}
        self._max_text_bytes = MAX_TEXT_BYTES
        self._stopping = asyncio.Event()
        self.set_aside: Counter[str] = Counter()
        """Hand-overs that were set aside since the start, by Salesforce's code."""
        self.ready_since: int | None = None
        """Since when (ms) it is a member of its group; None before."""

    @property
    def outage_logs(self) -> Sequence[OutageLog]:
        """The outages of each org."""
        return [org.outage_log for org in self._orgs]

    @property
    def results(self) -> Mapping[str, int]:
        """Hand-overs that were answered since the start, by the kind of their result."""
        return self._writer.results if self._writer is not None else {"linked": 0, "failed": 0}

    @property
    def dead_letters(self) -> Mapping[str, int]:
        """Dead letters written since the start, by code."""
        return self._writer.dead_letters if self._writer is not None else {"not_a_handover": 0}

    @property
    def delivery_began(self) -> float | None:
        """When (monotonic seconds) the oldest hand-over without an answer was first tried; None without one."""
        return self._queue.oldest_try

    @property
    def refused_count(self) -> int:
        """How many hand-overs were refused and will be tried again."""
        return self._queue.refused_count

    @property
    def stops(self) -> Mapping[str, StoppedAccount]:
        """The accounts that stand still, by name."""
        return self._stopped.stops

    @property
    def pause(self) -> HandOverPause | None:
        """The pause of all hand-overs; None while they go on."""
        return None if self._clients is None else self._clients.follower.commands.pause

    def poll_turn(self) -> int | None:
        """The generation in which it owns partition 0, by which one process polls opportunities; else None."""
        return self._ownership.generation_of(0)

    def lags(self) -> Mapping[int, int]:
        """How many records of each owned partition of `qualified-leads` lie behind what is committed."""
        lags = {}
        for partition in self._ownership.progress:
            end = None if self._clients is None else self._clients.stable_end(partition)
            if end is not None and partition in self._commits:
                lags[partition.partition] = max(0, end - self._commits[partition][0])
        return lags

    def stop(self) -> None:
        """Ends `run` after the current call to Salesforce."""
        self._stopping.set()

    async def run(self) -> None:
        """Hands over until `stop` is called.

        Raises BrokerUnavailable, TopicsMissing, and ConfigurationError for the session timeout.
        """
        settings = self._settings
        try:
            async with open_group_clients(settings, self._ownership) as clients:
                self._clients = clients
                self._writer = AnswerWriter(settings, clients.producer, self._spans)
                self.ready_since = now_ms()
                while not self._stopping.is_set():
                    await self._run_once(clients, self._writer)
                while any(org.task is not None for org in self._orgs):
                    await self._end_deliveries(clients, self._writer)
                await self._commit(clients)
        except InvalidSessionTimeoutError as error:
            raise refusal_of_setting(error) from error
        except (KafkaError, OSError) as error:
            raise BrokerUnavailable(f"no Kafka answers at {settings.bootstrap}: {type(error).__name__}") from error
        finally:
            if self._writer is not None:
                self._writer.close()
            for org in self._orgs:
                org.close()

    async def _run_once(self, clients: GroupClients, writer: AnswerWriter) -> None:
        if await self._ownership.adopt_partitions(clients.consumer, clients.read_progress):
            self._commits.clear()
            self._intake.begin_generation()
        unreadable = self._intake.follow_commands(clients.commands, MAX_QUEUED)
        await writer.end_commands(unreadable)
        await self._read(clients, writer)
        if clients.commands.pause is not None:
            for org in self._orgs:
                org.clock.add_outage()  # nothing is refused meanwhile
        elif not self._stopping.is_set():
            await self._intake.read_again(clients.reader)
            if await self._knows_consent(clients):
                self._begin_calls()
        await self._end_deliveries(clients, writer)
        await self._commit(clients)

    # --- reading ---

    async def _read(self, clients: GroupClients, writer: AnswerWriter) -> None:
        """Reads until there is a whole batch, or until what is there has waited long enough for others."""
        generation = self._ownership.generation
        linger = self._settings.salesforce_linger_ms / 1000
        linger_end: float | None = None
        now = time.monotonic()
        latest_end = now + linger + _POLL_MS / 1000
        while generation == self._ownership.generation and not self._stopping.is_set() and now <= latest_end:
            free = {org.name for org in self._orgs if org.is_free(now)} if clients.commands.pause is None else set()
            due_count = self._due_count(now, free)
            share = MAX_RECORDS // 2 if self._intake.is_behind else MAX_RECORDS
            room = min(share - due_count, MAX_QUEUED - len(self._queue))
            if room <= 0:
                if not due_count:
                    await self._idle(clients, writer, self._idle_ms(now))
                return
            wait_ms: float = self._idle_ms(now)
            if due_count:
                linger_end = linger_end or now + linger
                wait_ms = max(0.0, (linger_end - now) * 1000)
            elif free and self._intake.is_behind:
                wait_ms = 0
            fetched = await clients.fetch(wait_ms, room)
            if generation == self._ownership.generation:
                await self._intake.accept(fetched, writer)
            now = time.monotonic()
            if not fetched and (linger_end is None or now >= linger_end):
                return
            if any(org.task is not None and org.task.done() for org in self._orgs):
                return

    def _due_count(self, now: float, orgs: Collection[str]) -> int:
        """How many hand-overs to these orgs are due."""
        return self._queue.due_count(now, lambda item: self._org_name(item) in orgs)

    def _due_batch(self, now: float, org: OrgDelivery) -> Sequence[QueuedHandOver]:
        return self._queue.due(now, MAX_RECORDS, lambda item: self._org_name(item) == org.name)

    def _idle_ms(self, now: float) -> float:
        """How long to wait for records while there is nothing to hand over, in ms."""
        if any(org.task is not None for org in self._orgs):
            return 0
        calls = [org.next_call - now for org in self._orgs if org.next_call > now]
        return min([_POLL_MS, *(seconds * 1000 for seconds in calls)])

    async def _idle(self, clients: GroupClients, writer: AnswerWriter, wait_ms: float) -> None:
        """Waits without reading on; what was fetched before may still come, and the group sees a living member."""
        generation = self._ownership.generation
        fetched = await clients.fetch_nothing(wait_ms)
        if generation == self._ownership.generation:
            await self._intake.accept(fetched, writer)

    # --- handing over ---

    async def _knows_consent(self, clients: GroupClients) -> bool:
        """Whether every opt-out is known that stands on the topic now: what waited goes out only after a look."""
        if not self._queue:
            return True
        if not self._ownership.is_adopted:
            return False
        try:
            for partition, progress in self._ownership.progress.items():
                progress.advance(await clients.consumer.position(partition))
        except IllegalStateError:
            return False  # the partition was taken away this moment
        ends = await clients.fetch_ends(list(self._ownership.progress))
        return await self._intake.look_ahead(clients.ahead, ends)

    def _begin_calls(self) -> None:
        """Begins a batch, or a repair that is due, for every org that is free."""
        now = time.monotonic()
        for org in self._orgs:
            if not org.is_free(now) or org.begin_repair(now, self._repair_seconds, self._stopped.stops):
                continue
            batch = self._due_batch(now, org)
            for item in batch:
                item.first_try = item.first_try or now
            if batch:
                org.begin(batch, self._intake.with_consent(batch))
        for account in {item.handover.account for item in self._queue if self._org_name(item) is None}:
            self._intake.stop_account(account, NO_ORG)

    async def _end_deliveries(self, clients: GroupClients, writer: AnswerWriter) -> None:
        """Waits a moment for one of the deliveries under way, and settles those that are over."""
        tasks = [org.task for org in self._orgs if org.task is not None]
        if not tasks:
            return
        # With one org there is nothing else to do; with several the others go on meanwhile.
        await asyncio.wait(tasks, timeout=_POLL_MS / 1000, return_when=asyncio.FIRST_COMPLETED)
        for org in self._orgs:
            if org.task is not None and org.task.done():
                await self._settle(org, clients, writer)

    async def _settle(self, org: OrgDelivery, clients: GroupClients, writer: AnswerWriter) -> None:
        batch = org.batch
        try:
            outcome = org.end()
        except (SalesforceUnavailable, SalesforceRefused, RequestRefused) as error:
            self._note_outage(org, error)
            return
        by_id = {item.id: item for item in batch}
        answers = [(by_id[_id(result)], result) for result in outcome.results]
        pending = [(by_id[_id(each)], each.error) for each in outcome.pending]
        _require_whole(batch, outcome, len(answers) + len(pending))
        if (fault := org.note_outcome(outcome)) is not None:
            self._note_outage(org, fault)
        self._queue.refuse(pending, time.monotonic(), org.clock.seconds)
        answers += self._set_aside(org, {item for item, _ in answers})
        generation = self._ownership.generation
        await self._write(clients, writer, answers, generation)
        if generation != self._ownership.generation:
            return
        for account in {item.handover.account for item, _ in answers} - outcome.stopped.keys():
            self._intake.go_on(account)
        for account, reason in outcome.stopped.items():
            self._intake.stop_account(account, reason)

    def _note_outage(self, org: OrgDelivery, error: SalesforceFailure) -> None:
        """An org does not answer. Where there are others, its accounts stand still, to leave them the queue."""
        delay = org.note_outage(error)
        if len(self._orgs) > 1:
            for account in {each.handover.account for each in self._queue if self._org_name(each) == org.name}:
                self._intake.stop_account(account, str(error), retry_seconds=delay)

    def _org_name(self, item: QueuedHandOver) -> str | None:
        org = self._orgs.of_account(item.handover.account)
        return None if org is None else org.name

    def _track_newest(self, handover: LeadHandOver) -> None:
        if (org := self._orgs.of_account(handover.account)) is not None:
            org.delivery.track_newest(handover)

    def _set_aside(
        self, org: OrgDelivery, answered: Collection[QueuedHandOver]
    ) -> list[tuple[QueuedHandOver, HandOverResult]]:
        """The answers of hand-overs that were refused for as long as they may be; `answered` were not, this time."""
        answers = []
        for item in self._queue.overdue(
            org.clock.seconds, lambda each: self._org_name(each) == org.name and each not in answered
        ):
            assert item.error is not None, "only a refusal makes a hand-over overdue"
            record = item.handover.lead.record
            code, message = item.error.code, item.error.safe_message
            result = HandOverResult(item.handover, "failed", record=record, code=code, message=message)
            self.set_aside[code] += 1
            answers.append((item, result))
        return answers

    async def _write(
        self,
        clients: GroupClients,
        writer: AnswerWriter,
        answers: list[tuple[QueuedHandOver, HandOverResult]],
        generation: int,
    ) -> None:
        """Makes answers durable; only then the offsets of their hand-overs may pass, and retries end."""
        await writer.write_results(answers)
        commands = clients.commands
        ended = [item.command for item, _ in answers if item.command and self._intake.is_current(item, commands)]
        await writer.end_commands(ended)
        if generation == self._ownership.generation:
            for item, _ in answers:
                self._intake.settle(item)

    # --- committing ---

    async def _commit(self, clients: GroupClients) -> None:
        """Commits what is new, positions behind transaction markers, too, so that lag tools show no lag at rest."""
        if not self._ownership.is_adopted:
            return  # a fetch that ended with a rebalance has moved positions past what nobody took
        generation = self._ownership.generation
        values = {}
        try:
            for partition, progress in self._ownership.progress.items():
                progress.advance(await clients.consumer.position(partition))
                value = encode_progress(progress.committable(), self._max_text_bytes)
                if value != self._commits.get(partition):
                    values[partition] = value
            if values and generation == self._ownership.generation:
                offsets = {each: OffsetAndMetadata(*value) for each, value in values.items()}
                await clients.consumer.commit(offsets)
                self._commits.update(values)
                self._intake.forget_opt_outs()
        except OffsetMetadataTooLargeError:
            # Brokers may allow less than usual: then the offsets alone say where to read again.
            self._max_text_bytes = 0
        except (CommitFailedError, IllegalStateError):
            # The new owner hands these over again and finds that Salesforce has them.
            return


def _id(answer: HandOverResult | PendingHandOver) -> tuple[str, int]:
    return answer.handover.id, answer.handover.retry


def _require_whole(batch: Sequence[QueuedHandOver], outcome: DeliveryOutcome, count: int) -> None:
    """Raises Internal where a hand-over of the batch has no outcome: it would be tried for ever."""
    stopped = sum(item.handover.account in outcome.stopped for item in batch)
    if count + stopped < len(batch):
        raise Internal(f"{len(batch) - count - stopped} of {len(batch)} hand-overs were left without an outcome")

"""Brings opportunities back: polls Salesforce and writes changed opportunities to `crm-opportunities`.

The cursor is computed from that topic at the start, and from the ledger's rows where retention has removed events.
Of all processes one polls, in its turn: what it knew of a former turn, another one may have overtaken. An event that
is written twice has one id, so two that poll at once for a moment do no harm.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import msgspec
import structlog
from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError

from agents.crm.backoff import Backoff
from agents.crm.opportunities.opportunity_topic import read_own_events
from agents.crm.opportunities.poll_pace import PollPace
from agents.crm.outage_log import OutageLog
from connectors.salesforce.opportunities.cursor import Cursor
from connectors.salesforce.opportunities.ledger_state import current_rows, state_from_ledger
from connectors.salesforce.opportunities.org_opportunity import OpportunityEvent, state_from_event
from connectors.salesforce.opportunities.poll import OpportunityPoll, PollReport
from connectors.salesforce.org.errors import RequestRefused
from connectors.salesforce.org.usage import ApiUsage
from schemas.topics import CRM_OPPORTUNITIES
from streams.clock import now_ms
from streams.errors import BrokerUnavailable, SalesforceRefused, SalesforceUnavailable
from streams.kafka.clients import wait_for_brokers
from streams.kafka.protocols import Producer
from streams.settings import Settings
from streams.store.ledger_rows import read_ledger_rows

log = structlog.get_logger()
_encode = msgspec.json.Encoder().encode

PollTurn = Callable[[], int | None]
"""The number of the turn in which this process polls; None while another one does."""

_TURN_SECONDS = 1.0
"""How often a process looks whether it is its turn."""


class OpportunityPoller:
    """Polls at a pace, by default every `salesforce_poll_ms`; `run` ends after `stop`."""

    def __init__(
        self,
        settings: Settings,
        poll: OpportunityPoll,
        *,
        backoff: Backoff | None = None,
        pace: PollPace | None = None,
        turn: PollTurn = lambda: 0,
    ) -> None:
        self._settings = settings
        self._topic = settings.prefix + CRM_OPPORTUNITIES.name
        self._poll = poll
        self._backoff = backoff or Backoff()
        self._pace = pace or PollPace(settings.salesforce_poll_ms / 1000, ApiUsage())
        self._turn = turn
        self._stopping = asyncio.Event()
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="salesforce-poll")
        self.outage_log = OutageLog(f"opportunities of {poll.org_name}" if poll.org_name else "opportunities")
        self.event_count = 0
        """How many events were written since the start."""
        self.polled_at: int | None = None
        """When (ms) Salesforce last answered a poll."""
        self.pause_seconds = self._pace.base
        """The time between the last poll and the next one."""
        self._unseen: frozenset[str] = frozenset()

    def stop(self) -> None:
        """Ends `run` after the current poll."""
        self._stopping.set()

    async def run(self) -> None:
        """Polls until `stop` is called. Raises BrokerUnavailable, TopicsMissing."""
        settings = self._settings
        producer: Producer = AIOKafkaProducer(
            bootstrap_servers=settings.bootstrap, acks="all", enable_idempotence=True, linger_ms=5
        )
        wait_for_brokers(producer.client)
        try:
            await producer.start()
            while not self._stopping.is_set():
                if (turn := self._turn()) is None:
                    await self._wait(_TURN_SECONDS)
                    continue
                await self._poll_in_turn(producer, turn)
                # What the last poll met with is for the process to tell whose turn it is now.
                self.outage_log.current_problem, self.pause_seconds = None, self._pace.base
        except (KafkaError, OSError) as error:
            raise BrokerUnavailable(f"no Kafka answers at {settings.bootstrap}: {type(error).__name__}") from error
        finally:
            await producer.stop()
            self._thread.shutdown(wait=False)

    async def _poll_in_turn(self, producer: Producer, turn: int) -> None:
        """Polls until it is another turn, which begins with what the topic says then, or until `stop`."""
        cursor = await self._restore_cursor()
        attempt = 0
        while self._is_in_turn(turn):
            if cursor.is_old:
                # What others wrote meanwhile, as a repair or a former turn's late events, is looked at, too.
                cursor = replace(await self._restore_cursor(), until=cursor.until)
            try:
                events, after = await self._poll_once(cursor)
            except (SalesforceUnavailable, SalesforceRefused, RequestRefused) as error:
                self.outage_log.failing(error)
                await self._wait_in_turn(turn, max(self._backoff.delay(attempt, error), self._pace.extra_seconds()))
                attempt += 1
                continue
            self.outage_log.recovered()
            self.polled_at = now_ms()
            attempt = 0
            if self._turn() != turn:
                return  # the process whose turn it is finds the same, or what has become of it since
            await self._write_events(producer, events)
            # Only after the acknowledgements: without them the next start polls for these events again.
            cursor = after
            self._report(self._poll.report)
            self.pause_seconds = self._pace.seconds()
            await self._wait_in_turn(turn, self.pause_seconds)

    def _report(self, report: PollReport) -> None:
        """Says what a look at everything of ours took, and what the org does not show any more."""
        if not report.is_whole:
            return
        log.info(
            "opportunities", crm=self._poll.crm, requests=report.requests, rows=report.rows, kept=report.kept_count
        )
        if report.unseen != self._unseen:
            self._unseen = report.unseen
            if report.unseen:
                log.warning(
                    "opportunities_unseen",
                    crm=self._poll.crm,
                    count=len(report.unseen),
                    examples=sorted(report.unseen)[:5],
                    problem="Salesforce does not show them: deleted long ago, or hidden from the integration user;"
                    " see `leadstream salesforce reconcile`",
                )

    async def _poll_once(self, cursor: Cursor) -> tuple[list[OpportunityEvent], Cursor]:
        return await asyncio.get_running_loop().run_in_executor(self._thread, self._poll, cursor)

    async def _write_events(self, producer: Producer, events: list[OpportunityEvent]) -> None:
        # The last one alone says how far the poll saw, so it is written after all others.
        for part in (events[:-1], events[-1:]):
            futures = [
                await producer.send(self._topic, _encode(event), str(event["opportunity"]).encode()) for event in part
            ]
            await asyncio.gather(*futures)
        self.event_count += len(events)

    async def _restore_cursor(self) -> Cursor:
        """Raises BrokerUnavailable, TopicsMissing."""
        rows = current_rows((await read_ledger_rows(self._settings)).values()).values()
        states = {row.id: state_from_ledger(row) for row in rows if self._poll.is_of_org(row.account)}
        version = max((row.version for row in rows if row.id in states), default=0)
        # One by one: the events of a month take many times the memory of what they leave.
        async for event in read_own_events(self._settings, self._poll.crm):
            version = max(version, event["version"])
            state = state_from_event(event)
            states[state.row.id] = state
        return Cursor.from_states(states, version)

    def _is_in_turn(self, turn: int) -> bool:
        return not self._stopping.is_set() and self._turn() == turn

    async def _wait_in_turn(self, turn: int, seconds: float) -> None:
        end = time.monotonic() + seconds
        while self._is_in_turn(turn) and (left := end - time.monotonic()) > 0:
            await self._wait(min(left, _TURN_SECONDS))

    async def _wait(self, seconds: float) -> None:
        try:
            async with asyncio.timeout(seconds):
                await self._stopping.wait()
        except TimeoutError:
            return

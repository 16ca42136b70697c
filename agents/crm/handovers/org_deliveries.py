"""The orgs that hand-overs go to: each with its own thread, its own batch under way, and its own outages."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from agents.crm.backoff import Backoff
from agents.crm.handovers.handover_queue import FEW_CONTACTS, WHOLE_ORG_CODES, OrgClock, QueuedHandOver
from agents.crm.outage_log import OutageLog, SalesforceFailure
from connectors.salesforce.handover.delivery import Delivery
from connectors.salesforce.handover.delivery_outcome import DeliveryOutcome
from connectors.salesforce.handover.handover_records import LeadHandOver
from connectors.salesforce.org.errors import RequestRefused, TransientFailure
from streams.errors import SalesforceRefused, SalesforceUnavailable

DEFAULT_ORG = ""
REST_SECONDS = 600.0
"""An org that got nothing for so long is at rest: it is looked at for late writes a fifth as often."""
_REST_FACTOR = 5

CallResult = TypeVar("CallResult")


class OrgDelivery:
    """One org; `batch` is what is being handed over to it now. `backoff` says when it is called after an outage."""

    def __init__(self, name: str, delivery: Delivery, backoff: Backoff) -> None:
        self.name = name
        self.delivery = delivery
        self.outage_log = OutageLog("hand-overs" if name == DEFAULT_ORG else f"hand-overs to {name}")
        self.clock = OrgClock()
        self.batch: Sequence[QueuedHandOver] = ()
        self.next_call = 0.0
        """When (monotonic seconds) it may be called again."""
        self._backoff = backoff
        self._failures = 0
        self._task: asyncio.Task[DeliveryOutcome] | None = None
        self._repair: asyncio.Task[None] | None = None
        self._last_repair = self._last_batch = time.monotonic()
        # One thread: one batch at a time, so that one contact is never in two requests.
        self._thread = ThreadPoolExecutor(1, thread_name_prefix=f"salesforce-{name}")

    @property
    def task(self) -> asyncio.Task[DeliveryOutcome] | None:
        """The delivery under way; None while there is none."""
        return self._task

    def is_free(self, now: float) -> bool:
        """Whether a batch may be handed over to it."""
        is_repairing = self._repair is not None and not self._repair.done()
        return self._task is None and not is_repairing and now >= self.next_call

    def begin(self, batch: Sequence[QueuedHandOver], handovers: Sequence[LeadHandOver]) -> None:
        """Begins to hand a batch over; `handovers` are those of the batch, in its order."""
        self.batch = batch
        self._last_batch = time.monotonic()
        self._task = asyncio.create_task(self._call(lambda: self.delivery.deliver(handovers)))

    def end(self) -> DeliveryOutcome:
        """The outcome of a delivery that is over. Raises as `Delivery.deliver`."""
        assert self._task is not None, "begin a delivery first"
        task, self._task = self._task, None
        return task.result()

    def begin_repair(self, now: float, interval: float, stopped: Collection[str]) -> bool:
        """Begins to repair Leads that were written from an older hand-over, `interval` seconds after the last time.

        At rest it waits five times as long. Those of accounts that stand still (`stopped`) wait. Returns whether it
        did; nothing else goes out to the org meanwhile.
        """
        if now - self._last_batch > REST_SECONDS:
            interval *= _REST_FACTOR
        if now - self._last_repair < interval:
            return False
        if self._repair is not None:
            self._repair.result()  # what a former one was not prepared for ends the process
        # Salesforce may answer a look and refuse every write, as when its storage is full: while hand-overs are tried
        # in vain, only one that goes out ends the outage.
        is_refusing = self._failures > 0 and self._last_batch >= self._last_repair
        self._last_repair = now
        self._repair = asyncio.create_task(self._run_repair(frozenset(stopped), ends_outage=not is_refusing))
        return True

    async def _run_repair(self, stopped: Collection[str], *, ends_outage: bool) -> None:
        try:
            await self._call(lambda: self.delivery.repair_outdated_leads(stopped))
        except (SalesforceUnavailable, SalesforceRefused, RequestRefused) as error:
            self.outage_log.failing(error)
        else:
            if ends_outage:
                self.outage_log.recovered()

    async def _call(self, operation: Callable[[], CallResult]) -> CallResult:
        """Runs an operation in the org's thread."""
        return await asyncio.get_running_loop().run_in_executor(self._thread, operation)

    def note_outage(self, error: SalesforceFailure) -> float:
        """The org does not answer: it is called again after a while, whose seconds are returned."""
        self.clock.add_outage()
        self.outage_log.failing(error)
        delay = self._backoff.delay(self._failures, error)
        self.next_call = time.monotonic() + delay
        self._failures += 1
        return delay

    def note_outcome(self, outcome: DeliveryOutcome) -> TransientFailure | None:
        """The org answers, and refusals of single records count; returns a fault where it refuses everything."""
        contacts = {each.handover.key for each in outcome.pending}
        codes = {each.error.code for each in outcome.pending}
        if not outcome.results and len(contacts) > FEW_CONTACTS and codes <= WHOLE_ORG_CODES:
            return TransientFailure(f"Salesforce refuses every record: {outcome.pending[0].error.safe_message}")
        self._failures = 0
        self.outage_log.recovered()
        self.clock.add_answer(time.monotonic())
        return None

    def close(self) -> None:
        """Lets the thread end after its call, whose outcome nobody waits for."""
        for task in (self._task, self._repair):
            if task is not None:
                task.cancel()
        self._thread.shutdown(wait=False)


class OrgDeliveries:
    """The orgs by name; `org_name` gives the one of an account."""

    def __init__(
        self, deliveries: Mapping[str, Delivery], org_name: Callable[[str], str], backoff: Backoff | None = None
    ) -> None:
        self.backoff = backoff or Backoff()
        self._org_name = org_name
        self._orgs = {name: OrgDelivery(name, delivery, self.backoff) for name, delivery in deliveries.items()}

    @classmethod
    def of_one(cls, delivery: Delivery, backoff: Backoff | None = None) -> OrgDeliveries:
        """One org for every account."""
        return cls({DEFAULT_ORG: delivery}, lambda _: DEFAULT_ORG, backoff)

    def __iter__(self) -> Iterator[OrgDelivery]:
        return iter(self._orgs.values())

    def __len__(self) -> int:
        return len(self._orgs)

    def of_account(self, account: str) -> OrgDelivery | None:
        """The org of an account; None where it has none."""
        return self._orgs.get(self._org_name(account))

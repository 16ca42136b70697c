"""How often an org is asked for late writes, and that such a look does not end an outage of what is written."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Collection, Sequence
from typing import Any

import pytest

from agents.crm.backoff import Backoff
from agents.crm.handovers.handover_queue import QueuedHandOver
from agents.crm.handovers.org_deliveries import REST_SECONDS, OrgDelivery
from connectors.salesforce.org.errors import CircuitOpen
from tests.harness.salesforce.handovers import lead_of

MINUTE = 60.0


class CountingDelivery:
    """Counts the looks for late writes."""

    def __init__(self) -> None:
        self.looks = 0

    def repair_outdated_leads(self, stopped: Collection[str]) -> list[Any]:
        del stopped
        self.looks += 1
        return []

    def deliver(self, batch: Sequence[Any]) -> Any:
        """Full storage: every write is refused, and queries are answered."""
        del batch
        raise CircuitOpen("Salesforce refuses everything for now: STORAGE_LIMIT_EXCEEDED: storage limit exceeded")


async def looks_in(seconds: float, after: float) -> int:
    """How often an org is looked at in a time that begins so long after its last hand-over."""
    delivery = CountingDelivery()
    org = OrgDelivery("", delivery, Backoff())  # type: ignore[arg-type]
    start = time.monotonic() + after
    for second in range(int(seconds)):
        if org.begin_repair(start + second, MINUTE, ()):
            await asyncio.gather(*(asyncio.all_tasks() - {asyncio.current_task()}))
    org.close()
    return delivery.looks


def test_an_org_that_gets_hand_overs_is_looked_at_each_minute() -> None:
    assert asyncio.run(looks_in(9.5 * MINUTE, 0)) == 9


def test_an_org_at_rest_is_looked_at_every_five_minutes() -> None:
    assert asyncio.run(looks_in(60 * MINUTE, REST_SECONDS + 5 * MINUTE)) == 12


async def settled() -> None:
    await asyncio.gather(*(asyncio.all_tasks() - {asyncio.current_task()}), return_exceptions=True)


async def try_in_vain(org: OrgDelivery) -> None:
    org.begin([QueuedHandOver(lead_of())], [lead_of()])
    await settled()
    with pytest.raises(CircuitOpen) as refused:
        org.end()
    org.note_outage(refused.value)


async def problems_after_looks() -> list[bool]:
    """Whether there is a problem: after a look while hand-overs are tried in vain, after another, and at rest."""
    org = OrgDelivery("", CountingDelivery(), Backoff())  # type: ignore[arg-type]
    problems = []
    for is_tried in (True, True, False):
        if is_tried:
            await try_in_vain(org)
        assert org.begin_repair(time.monotonic(), 0.0, ())
        await settled()
        problems.append(org.outage_log.current_problem is not None)
    org.close()
    return problems


def test_a_look_ends_no_outage_of_hand_overs_that_are_still_refused() -> None:
    assert asyncio.run(problems_after_looks()) == [True, True, False]

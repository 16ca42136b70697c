"""How often an org is asked for late writes: each minute while hand-overs go out, rarely at rest."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Collection
from typing import Any

from agents.crm.backoff import Backoff
from agents.crm.handovers.org_deliveries import REST_SECONDS, OrgDelivery

MINUTE = 60.0


class CountingDelivery:
    """Counts the looks for late writes."""

    def __init__(self) -> None:
        self.looks = 0

    def repair_outdated_leads(self, stopped: Collection[str]) -> list[Any]:
        del stopped
        self.looks += 1
        return []


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

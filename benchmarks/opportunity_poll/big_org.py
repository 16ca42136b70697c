"""A stand-in org with many opportunities of which a few are ours, in a process of its own."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from multiprocessing import get_context
from multiprocessing.connection import Connection as Pipe

from connectors.salesforce_sandbox.control.people import ACTIONS
from connectors.salesforce_sandbox.org import Org
from connectors.salesforce_sandbox.server import SandboxServer

CAMPAIGN = "7015A000000SPR1QAO"
_START_SECONDS = 600.0


@contextmanager
def run_big_org(opportunities: int, ours: int, unrelated_edits: int = 0) -> Iterator[str]:
    """Yields the address of the org. Half of ours are on `CAMPAIGN`, half came from Leads of ours.

    `unrelated_edits` of the others have changed within the last minutes.
    """
    context = get_context("spawn")
    parent, child = context.Pipe()
    process = context.Process(target=_serve, args=(child, opportunities, ours, unrelated_edits), daemon=True)
    process.start()
    try:
        if not parent.poll(_START_SECONDS):
            raise TimeoutError(f"the stand-in org has not started within {_START_SECONDS:g} s")
        yield str(parent.recv())
    finally:
        process.terminate()
        process.join(30)


def _serve(pipe: Pipe, opportunities: int, ours: int, unrelated_edits: int) -> None:
    server = SandboxServer(campaigns={CAMPAIGN: "Spring trial"})
    server.org.store.advance_clock(-timedelta(days=30).total_seconds())
    _fill(server.org, opportunities, ours)
    server.org.store.advance_clock(timedelta(days=30).total_seconds())
    _edit_others(server.org, unrelated_edits)
    asyncio.run(_run(server, pipe))


async def _run(server: SandboxServer, pipe: Pipe) -> None:
    await server.start()
    pipe.send(server.url)
    await asyncio.Event().wait()


def _fill(org: Org, opportunities: int, ours: int) -> None:
    opportunity = org.schema["Opportunity"]
    for number in range(opportunities - ours):
        org.store.insert(opportunity, _sale(number, None))
    for number in range(ours // 2):
        org.store.insert(opportunity, _sale(number, CAMPAIGN))
    for number in range(ours - ours // 2):
        values = {"LastName": f"c{number}", "Company": "Engines", "Leadstream_Id__c": f"default/c{number}"}
        lead = org.store.insert(org.schema["Lead"], {**values, "Leadstream_Number__c": f"0/{number}/0"})
        ACTIONS["convert"](org, {"lead": lead["Id"], "amount": 1000.0 + number})


def _edit_others(org: Org, count: int) -> None:
    opportunity = org.schema["Opportunity"]
    for number, row in enumerate(org.store.all_rows("Opportunity")):
        if number >= count:
            return
        org.store.update(opportunity, row, {"Amount": 1.0})


def _sale(number: int, campaign: str | None) -> dict[str, object]:
    return {
        "Name": f"Sale {number}",
        "StageName": "Prospecting",
        "CloseDate": "2026-12-01",
        "Amount": 100.0 + number % 1000,
        "CampaignId": campaign,
    }

"""The composition root: what a worker runs is put together here, from the settings, and nowhere else.

`python -m streams.app pipeline` is the worker process that the parent starts; it reads its settings from the
environment. People use `leadstream worker`.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable

from agents.register import lay_agents
from schemas.definitions import Definitions
from schemas.topics import (
    CAMPAIGN_REVENUE,
    CRM_RESULTS,
    DEAD_LETTERS,
    JOURNAL,
    LEAD_CHANGES,
    LEADS,
    LEDGER_IN,
    LEDGER_JOURNAL,
    PIPELINE_IN,
    QUALIFIED_LEADS,
    SEGMENT_CHANGES,
    SEGMENT_MEMBERS,
)
from streams.engine.journal.validate import Door
from streams.engine.ledger.decider import LedgerDecider
from streams.engine.partition.decider import PartitionDecider
from streams.engine.releases.release_log import ReleaseLog
from streams.engine.state.deduplication import Memory
from streams.errors import UsageError
from streams.runtime.process.main import main
from streams.runtime.process.supervisor import end_with_parent
from streams.runtime.protocols import Decider, Ingest
from streams.runtime.spec import SlotKind
from streams.settings import Settings

PIPELINE_OUT = (SEGMENT_CHANGES, SEGMENT_MEMBERS, LEAD_CHANGES, LEADS, QUALIFIED_LEADS, DEAD_LETTERS)
LEDGER_OUT = (CAMPAIGN_REVENUE, CRM_RESULTS, DEAD_LETTERS)


def pipeline(settings: Settings) -> SlotKind:
    """Contacts: segments, leads, points. As many slots as the journal has partitions."""
    releases = ReleaseLog(settings.clock)
    memory = Memory(settings.repeat_ms, settings.repeat_ids)

    def decider(_settings: Settings, slot: int) -> Decider:
        return PartitionDecider(slot, lookup(releases), memory, time.monotonic, settings.lateness_ms)

    return SlotKind(
        name="pipeline",
        slots=settings.partitions,
        journal=JOURNAL,
        sources=PIPELINE_IN,
        outputs=PIPELINE_OUT,
        table="contacts",
        ingest=door,
        decider=decider,
        register=lay_agents,
        releases=lambda: releases,
    )


def ledger(settings: Settings) -> SlotKind:
    """Opportunities: revenue per campaign and currency. One slot, so that a move between campaigns is atomic."""
    releases = ReleaseLog(settings.clock)

    def decider(_settings: Settings, _slot: int) -> Decider:
        return LedgerDecider(lookup(releases))

    return SlotKind(
        name="ledger",
        slots=1,
        journal=LEDGER_JOURNAL,
        sources=LEDGER_IN,
        outputs=LEDGER_OUT,
        table="opportunities",
        ingest=door,
        decider=decider,
        register=lay_agents,
        releases=lambda: releases,
    )


KINDS: dict[str, Callable[[Settings], SlotKind]] = {"pipeline": pipeline, "ledger": ledger}


def door(settings: Settings) -> Ingest:
    """What validates in-topic records."""
    return Door(settings.clock, settings.future_ms)


def lookup(releases: ReleaseLog) -> Callable[[str, int], Definitions]:
    """The definitions of an account's release by its number, from what the worker has read of `definitions`."""

    def definitions(account: str, number: int) -> Definitions:
        return releases.get(account, number).content

    return definitions


def kind_of(name: str, settings: Settings) -> SlotKind:
    """A kind by its name. Raises UsageError for another."""
    if name not in KINDS:
        raise UsageError(f"there is no role {name!r}; there are {', '.join(KINDS)}")
    return KINDS[name](settings)


if __name__ == "__main__":
    end_with_parent()
    worker_settings = Settings()
    main(kind_of(sys.argv[1], worker_settings), worker_settings)

"""The composition root: builds what a worker runs from its settings; nothing else does.

`python -m streams.app pipeline` is the worker process that the parent starts; it reads its settings from the
environment. Users run `leadstream worker`.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable

from agents.register import register_agents
from schemas.definitions import Definitions
from schemas.topics import (
    CAMPAIGN_REVENUE,
    CONTACTS,
    CRM_RESULTS,
    DEAD_LETTERS,
    JOURNAL,
    LEAD_CHANGES,
    LEADS,
    LEDGER_IN,
    LEDGER_JOURNAL,
    NOTIFICATIONS,
    PIPELINE_IN,
    QUALIFIED_LEADS,
    SEGMENT_CHANGES,
    SEGMENT_MEMBERS,
)
from streams.engine.journal.validate import EventValidator
from streams.engine.ledger.decider import LedgerDecider
from streams.engine.partition.decider import PartitionDecider
from streams.engine.releases.cache import ReleaseCompiler
from streams.engine.releases.release_log import ReleaseLog
from streams.engine.state.row_store import RowStore
from streams.environment import load_settings
from streams.errors import LeadstreamError, UsageError
from streams.metrics.slots import slots_report
from streams.runtime.fatal import die, report_at_end
from streams.runtime.inputs.warning_log import WarningLog
from streams.runtime.process.main import main
from streams.runtime.process.supervisor import exit_with_parent
from streams.runtime.protocols import Decider, Ingest
from streams.runtime.spec import AppSpec
from streams.settings import Settings

PIPELINE_OUT = (
    CONTACTS,
    SEGMENT_CHANGES,
    SEGMENT_MEMBERS,
    LEAD_CHANGES,
    LEADS,
    QUALIFIED_LEADS,
    NOTIFICATIONS,
    DEAD_LETTERS,
)
LEDGER_OUT = (CAMPAIGN_REVENUE, CRM_RESULTS, DEAD_LETTERS)

PAST_COMMAND = (sys.executable, "-m", "streams.runtime.process.counting_main")
"""The process that counts the past beside a worker of contacts."""


def pipeline_spec(settings: Settings) -> AppSpec:
    """The app for contacts: segments, leads, points. It has as many slots as the journal has partitions."""
    releases = ReleaseLog(settings.clock)
    compiler = ReleaseCompiler(definitions_lookup(releases))

    def decider(_settings: Settings, slot: int, rows: RowStore) -> Decider:
        return PartitionDecider(
            slot,
            compiler.lookup,
            settings.engine,
            time.monotonic,
            rows=rows,
            decoded_contacts=settings.decoded_contacts,
            compiler=compiler,
        )

    return AppSpec(
        name="pipeline",
        slots=settings.partitions,
        journal=JOURNAL,
        sources=PIPELINE_IN,
        outputs=PIPELINE_OUT,
        table="contacts",
        ingest=event_validator,
        decider=decider,
        register=register_agents,
        releases=lambda: releases,
        has_row_store=True,
        records_decisions=True,
        past_command=PAST_COMMAND,
    )


def ledger_spec(settings: Settings) -> AppSpec:
    """The app for opportunities: revenue per campaign and currency. One slot keeps a move between two atomic."""
    releases = ReleaseLog(settings.clock)

    def decider(_settings: Settings, _slot: int, _rows: RowStore) -> Decider:
        return LedgerDecider(definitions_lookup(releases))

    return AppSpec(
        name="ledger",
        slots=1,
        journal=LEDGER_JOURNAL,
        sources=LEDGER_IN,
        outputs=LEDGER_OUT,
        table="opportunities",
        ingest=event_validator,
        decider=decider,
        register=register_agents,
        releases=lambda: releases,
    )


APP_SPECS: dict[str, Callable[[Settings], AppSpec]] = {"pipeline": pipeline_spec, "ledger": ledger_spec}


def event_validator(settings: Settings) -> Ingest:
    """The function that validates in-topic records, and logs what is probably wrong with those that are accepted."""
    warning_log = WarningLog()
    report_at_end(warning_log.close)
    return EventValidator(
        settings.clock, settings.future_ms, normalize_ids=settings.normalize_ids, on_warning=warning_log.add
    )


def definitions_lookup(releases: ReleaseLog) -> Callable[[str, int], Definitions]:
    """Looks up an account's definitions by release number, in the records of `definitions` read so far."""

    def definitions(account: str, number: int) -> Definitions:
        return releases.get(account, number).definitions

    return definitions


def build_app_spec(name: str, settings: Settings) -> AppSpec:
    """The spec of that name. Raises UsageError for an unknown one."""
    if name not in APP_SPECS:
        raise UsageError(f"there is no role {name!r}; there are {', '.join(APP_SPECS)}")
    return APP_SPECS[name](settings)


if __name__ == "__main__":
    exit_with_parent()
    try:
        worker_settings = load_settings()
        worker_spec = build_app_spec(sys.argv[1], worker_settings)
    except LeadstreamError as error:
        die("the worker cannot start", error)
    main(worker_spec, worker_settings, make_report=slots_report)

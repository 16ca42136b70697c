"""Every metric of a worker: its name, its kind, its labels and what it says. Nothing else defines one.

Names follow Prometheus: base units (seconds, bytes), `_total` for counters. Each has the label `role` besides its
own.
`python -m streams.metrics.catalog` prints the table of docs/metrics.md.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from streams.runtime.slots.work_counts import TRANSACTION_BOUNDS


class MetricKind(StrEnum):
    """The kinds that Prometheus tells apart."""

    COUNTER = "counter"
    GAUGE = "gauge"
    HISTOGRAM = "histogram"


@dataclass(frozen=True, slots=True)
class Metric:
    """One metric. `roles` are the processes that have it, `bounds` the upper bounds of a histogram."""

    name: str
    kind: MetricKind
    help: str
    labels: tuple[str, ...] = ()
    roles: tuple[str, ...] = ()
    bounds: tuple[float, ...] = ()


SLOT_ROLES = ("pipeline", "ledger")
CRM_ROLES = ("crm",)
VIEWS_ROLES = ("views",)
ALL_ROLES = (*SLOT_ROLES, *CRM_ROLES, *VIEWS_ROLES)

_PARTITION = ("topic", "partition")


def _counter(name: str, text: str, labels: tuple[str, ...] = (), roles: tuple[str, ...] = SLOT_ROLES) -> Metric:
    return Metric(name, MetricKind.COUNTER, text, labels, roles)


def _gauge(name: str, text: str, labels: tuple[str, ...] = (), roles: tuple[str, ...] = SLOT_ROLES) -> Metric:
    return Metric(name, MetricKind.GAUGE, text, labels, roles)


# Processes; the parent knows all of these but the memory and the CPU time.
WORKER_INFO = _gauge(
    "leadstream_worker_info", "1; the labels name the worker and its versions", ("worker", "version", "engine"), ()
)
PROCESS_UP = _gauge("leadstream_process_up", "1 while the process answers its parent, else 0", roles=ALL_ROLES)
PROCESS_READY = _gauge(
    "leadstream_process_ready", "1 while the process does its work, 0 while it starts or rebalances", roles=ALL_ROLES
)
PROCESS_START = _gauge(
    "leadstream_process_start_time_seconds", "when the process was started, since the epoch", roles=ALL_ROLES
)
PROCESS_FAILURES = _counter(
    "leadstream_process_failures_total",
    "times that the process ended by itself and was started again, by exit code; a failed commit is code 70",
    ("exit_code",),
    ALL_ROLES,
)
PROCESS_MEMORY = _gauge("leadstream_process_resident_memory_bytes", "memory of the process", roles=ALL_ROLES)
PROCESS_CPU = _counter("leadstream_process_cpu_seconds_total", "CPU time of the process", roles=ALL_ROLES)

# How far it is.
SLOTS = _gauge("leadstream_slots", "slots that the process works on")
SLOTS_IN_ALL = _gauge("leadstream_slots_in_all", "slots that all workers of the deployment have to share")
SOURCE_LAG = _gauge(
    "leadstream_source_lag_records",
    "records of an in-topic's partition that are not in the journal; ends of transactions count, too",
    _PARTITION,
)
SOURCE_LAG_SECONDS = _gauge(
    "leadstream_source_lag_seconds",
    "how long the oldest record that is not in the journal may have waited; 0 where all are",
    _PARTITION,
)
SOURCE_STOPPED = _gauge(
    "leadstream_source_stopped", "1 where the position lies outside the log, so that nothing is read", _PARTITION
)
SOURCE_LEFT_OUT = _gauge(
    "leadstream_source_left_out",
    "1 where time no longer waits for the partition (LEADSTREAM_STUCK_AFTER_MS): its records will be late",
    _PARTITION,
)
JOURNAL_LAG = _gauge("leadstream_journal_lag_records", "records of the journal that are not decided", ("slot",))
TICK = _gauge(
    "leadstream_tick_timestamp_seconds",
    "up to when the slot's journal has the time of the wall clock, since the epoch",
    ("slot",),
)
HOLD = _gauge(
    "leadstream_time_hold_seconds",
    "how far the in-topic partition that time waits for is behind, and why it is not further",
    (*_PARTITION, "reason"),
)
CONTACTS = _gauge("leadstream_contacts", "contacts of the slot", ("slot",), ("pipeline",))
BACKFILL_LEFT = _gauge(
    "leadstream_backfill_left_records",
    "records of the journal that the back-fill under way has not read yet; 0 while there is none",
    ("slot",),
    ("pipeline",),
)
BACKFILL_READ = _counter(
    "leadstream_backfill_read_records_total", "records of the journal that back-fills read", ("slot",), ("pipeline",)
)

# What it does; counted when a transaction is committed.
TRANSACTION_SECONDS = Metric(
    "leadstream_transaction_seconds",
    MetricKind.HISTOGRAM,
    "time from a transaction's first step to its commit",
    roles=SLOT_ROLES,
    bounds=TRANSACTION_BOUNDS,
)
SOURCE_RECORDS = _counter("leadstream_source_records_total", "records taken from in-topics", ("topic",))
DECISIONS = _counter("leadstream_decisions_total", "records of the journal that were decided, ticks among them")
ROWS = _counter("leadstream_rows_written_total", "rows of contacts or opportunities that changed")
OUTPUTS = _counter("leadstream_outputs_total", "records written to out-topics and `dead-letters`", ("topic", "type"))
DEAD_LETTERS = _counter(
    "leadstream_dead_letters_total", "dead letters, by code", ("code",), (*SLOT_ROLES, *CRM_ROLES)
)
UNSAVED_OFFSETS = _counter(
    "leadstream_group_offset_failures_total",
    "failed commits of group offsets, which only Kafka's lag tools read",
)

# Salesforce.
SALESFORCE_UP = _gauge(
    "leadstream_salesforce_up",
    "1 while Salesforce takes what is asked of it, 0 while it refuses or does not answer",
    ("part",),
    CRM_ROLES,
)
SALESFORCE_CALLS = _counter(
    "leadstream_salesforce_calls_total",
    "calls of Salesforce's API, by org and outcome",
    ("org", "outcome"),
    CRM_ROLES,
)
SALESFORCE_LIMIT = _gauge(
    "leadstream_salesforce_limit_requests", "API requests that the org allows in 24 hours", ("org",), CRM_ROLES
)
SALESFORCE_LEFT = _gauge(
    "leadstream_salesforce_left_requests",
    "API requests that are left of them, as Salesforce said last",
    ("org",),
    CRM_ROLES,
)
SALESFORCE_LIMIT_KNOWN = _gauge(
    "leadstream_salesforce_limit_known_timestamp_seconds",
    "when Salesforce last said how many requests are left, since the epoch",
    ("org",),
    CRM_ROLES,
)
HANDOVERS = _counter(
    "leadstream_handovers_total",
    "hand-overs that are answered, by result; `failed` wait until somebody acts",
    ("result",),
    CRM_ROLES,
)
HANDOVER_WAIT = _gauge(
    "leadstream_handover_wait_seconds",
    "how long the hand-overs under way have been tried; 0 while there are none",
    roles=CRM_ROLES,
)
HANDOVER_LAG = _gauge(
    "leadstream_handover_lag_records",
    "records of `qualified-leads` behind the last one before which all are answered; ends of transactions count, too",
    ("partition",),
    CRM_ROLES,
)
HANDOVERS_REFUSED = _gauge(
    "leadstream_handovers_refused", "hand-overs whose record was refused and is tried again", roles=CRM_ROLES
)
HANDOVERS_SET_ASIDE = _counter(
    "leadstream_handovers_set_aside_total",
    "hand-overs whose record was refused until it was set aside, by Salesforce's code; they count as `failed`, too",
    ("code",),
    CRM_ROLES,
)
HANDOVERS_PAUSED = _gauge(
    "leadstream_handovers_paused", "1 while all hand-overs are paused by command, else 0", roles=CRM_ROLES
)
ACCOUNT_PAUSED = _gauge(
    "leadstream_handovers_account_paused_seconds",
    "for how long an account's hand-overs have been paused by command; of 20 accounts, the longest paused ones",
    ("account",),
    CRM_ROLES,
)
STOPPED_ACCOUNTS = _gauge(
    "leadstream_handover_stopped_accounts",
    "accounts whose hand-overs stand still for their mapping; the worker's health names them",
    roles=CRM_ROLES,
)
STOPPED_SECONDS = _gauge(
    "leadstream_handover_stopped_seconds",
    "how long the first of these accounts has stood still; 0 while there is none",
    roles=CRM_ROLES,
)
OPPORTUNITIES = _counter(
    "leadstream_opportunity_events_total", "changes of opportunities that were brought back", roles=CRM_ROLES
)
OPPORTUNITY_POLL = _gauge(
    "leadstream_opportunity_poll_timestamp_seconds",
    "when opportunities were last polled, since the epoch",
    roles=CRM_ROLES,
)
OPPORTUNITY_PAUSE = _gauge(
    "leadstream_opportunity_pause_seconds",
    "time to the next poll of opportunities; it grows as the daily limit nears",
    roles=CRM_ROLES,
)

# Read models; `group` is that of their Redis.
_VIEWS_PARTITION = (*_PARTITION, "group")
REDIS_UP = _gauge(
    "leadstream_redis_up",
    "1 while the read models are written, 0 while Redis or a rebuild hinders it",
    roles=VIEWS_ROLES,
)
VIEWS_LAG = _gauge(
    "leadstream_views_lag_records",
    "offsets of an out-topic that the read models do not have yet",
    _VIEWS_PARTITION,
    VIEWS_ROLES,
)
VIEWS_DELAY = _gauge(
    "leadstream_views_lag_seconds",
    "how long it is since the read models had all of a partition; 0 while they have",
    _VIEWS_PARTITION,
    VIEWS_ROLES,
)

METRICS: Mapping[str, Metric] = {
    metric.name: metric for metric in list(globals().values()) if isinstance(metric, Metric)
}
"""Every metric by its name, in the order above."""


def catalog_table() -> str:
    """The metrics as a Markdown table."""
    rows = [
        f"| `{each.name}` | {each.kind} | {', '.join(each.labels)} | {', '.join(each.roles) or 'all'} | {each.help} |"
        for each in METRICS.values()
    ]
    return "\n".join(["| metric | kind | labels | roles | says |", "|---|---|---|---|---|", *rows])


if __name__ == "__main__":
    print(catalog_table())  # noqa: T201 - that is what the module is run for

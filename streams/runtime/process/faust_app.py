"""Builds the Faust app of one kind of slots."""

from __future__ import annotations

from typing import Any

from streams.runtime.faust import end_transaction
from streams.runtime.faust.app import SlotApp
from streams.runtime.faust.assignor import slot_assignor
from streams.runtime.faust.monitor import QuietMonitor
from streams.runtime.faust.recovery import TableManager
from streams.runtime.faust.runs import RunSchema
from streams.runtime.faust.table import SlotTable
from streams.runtime.process.duplicate_workers import new_client_id
from streams.runtime.slots.slot_manager import Shell
from streams.runtime.spec import SlotKind
from streams.settings import Settings

REBALANCE_SECONDS = 15.0
RUNS_QUEUED = 256
POLL_RECORDS = 4_000
FETCH_BYTES = 1 << 20


def build_app(kind: SlotKind, settings: Settings, name: str, shell_class: type[Shell] = Shell) -> Any:
    """The app, with table, shell and agents; `name` is the worker's, and its group instance id."""
    end_transaction.install()
    app = SlotApp(kind.app_id(settings), **_options(kind, settings, name))
    app.request_seconds = settings.request_ms / 1000
    table = SlotTable(app, name=kind.table, partitions=kind.slots, key_type=bytes, value_type=bytes)
    app.tables.add(table)
    app.shell = shell_class(app, kind, settings, name)
    # acks=False: with Faust's acknowledgements one unacknowledged event livelocks a rebalance.
    sources = app.topic(*kind.source_topics(settings), schema=RunSchema(), acks=False)
    journal = app.topic(kind.journal_topic(settings), schema=RunSchema(), acks=False)
    kind.register(app, app.shell, sources, journal)
    app.on_partitions_revoked.connect(app.shell.rest, weak=False)
    return app


def _options(kind: SlotKind, settings: Settings, name: str) -> dict[str, Any]:
    sources = kind.source_topics(settings)
    datadir = settings.data_dir / f"faust-{kind.name}-{name}"
    datadir.mkdir(parents=True, exist_ok=True)
    session = settings.session_ms / 1000
    return {
        "broker": [f"kafka://{server.strip()}" for server in settings.bootstrap.split(",")],
        "store": "memory://",
        "datadir": str(datadir),
        "topic_partitions": kind.slots,
        "web_enabled": False,
        "topic_disable_leader": True,
        "topic_allow_declare": False,
        "table_standby_replicas": 0,
        "stream_wait_empty": False,
        "stream_recovery_delay": 0,
        "stream_buffer_maxsize": RUNS_QUEUED,
        "broker_session_timeout": session,
        "broker_heartbeat_interval": min(1.0, session / 3),
        "broker_rebalance_timeout": REBALANCE_SECONDS,
        "broker_request_timeout": max(REBALANCE_SECONDS, session) + 0.5,
        "broker_max_poll_records": POLL_RECORDS,
        "broker_check_crcs": False,
        "consumer_group_instance_id": name,
        "broker_client_id": new_client_id(name),
        "consumer_max_fetch_size": FETCH_BYTES,
        "Monitor": QuietMonitor,
        "TableManager": TableManager,
        "PartitionAssignor": slot_assignor(kind.journal_topic(settings), sources, kind.slots),
    }

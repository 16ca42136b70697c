"""Builds the Faust app of a spec."""

from __future__ import annotations

from typing import Any

from streams.runtime.faust import end_transaction
from streams.runtime.faust.assignor import slot_assignor
from streams.runtime.faust.monitor import QuietMonitor
from streams.runtime.faust.recovery import TableManager
from streams.runtime.faust.runs import RunSchema
from streams.runtime.faust.slot_app import SlotApp
from streams.runtime.faust.table import SlotTable
from streams.runtime.process.duplicate_workers import FencingDiagnosis, new_client_id
from streams.runtime.slots.slot_manager import SlotManager
from streams.runtime.spec import AppSpec
from streams.settings import Settings

REBALANCE_SECONDS = 15.0
RUN_QUEUE_SIZE = 256
POLL_RECORDS = 4_000
FETCH_BYTES = 1 << 20


def build_app(
    spec: AppSpec, settings: Settings, name: str, manager_class: type[SlotManager] = SlotManager
) -> SlotApp:
    """The app, with table, slot manager and agents; `name` is the worker's name and group instance id."""
    end_transaction.patch_end_transaction()
    app = SlotApp(spec.app_id(settings), **_options(spec, settings, name))
    app.request_seconds = settings.request_ms / 1000
    app.journal_topic = spec.journal_topic(settings)
    table = SlotTable(app, name=spec.table, partitions=spec.slots, key_type=bytes, value_type=bytes)
    app.tables.add(table)
    conf = app.conf
    diagnosis = FencingDiagnosis(
        settings.bootstrap, conf.id, name, conf.broker_client_id, patience=2 * conf.broker_heartbeat_interval
    )
    app.slot_manager = manager_class(app, spec, settings, name, diagnosis.diagnose)
    # acks=False: with Faust's acknowledgements one unacknowledged event livelocks a rebalance.
    sources = app.topic(*spec.source_topics(settings), schema=RunSchema(), acks=False)
    journal = app.topic(app.journal_topic, schema=RunSchema(), acks=False)
    spec.register(app, app.slot_manager, sources, journal)
    app.on_partitions_revoked.connect(app.slot_manager.suspend, weak=False)
    return app


def _options(spec: AppSpec, settings: Settings, name: str) -> dict[str, Any]:
    """Faust's settings, each of its own type; see its settings reference."""
    sources = spec.source_topics(settings)
    datadir = settings.data_dir / f"faust-{spec.name}-{name}"
    datadir.mkdir(parents=True, exist_ok=True)
    session = settings.session_ms / 1000
    return {
        "broker": [f"kafka://{server.strip()}" for server in settings.bootstrap.split(",")],
        "store": "memory://",
        "datadir": str(datadir),
        "topic_partitions": spec.slots,
        "web_enabled": False,
        "topic_disable_leader": True,
        "topic_allow_declare": False,
        "table_standby_replicas": 0,
        "stream_wait_empty": False,
        "stream_recovery_delay": 0,
        "stream_buffer_maxsize": RUN_QUEUE_SIZE,
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
        "PartitionAssignor": slot_assignor(spec.journal_topic(settings), sources, spec.slots),
    }

"""Bytewax: a stateful map between a Kafka source and a Kafka sink, with its recovery on local disk or without."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import bytewax.operators as op
from bytewax.connectors.kafka import KafkaSink, KafkaSinkMessage, KafkaSource, KafkaSourceMessage
from bytewax.dataflow import Dataflow
from bytewax.recovery import RecoveryConfig, init_db_dir
from bytewax.run import cli_main

from benchmarks.side_by_side.peers.job import Event, SegmentJob, State, new_state
from benchmarks.side_by_side.peers.task import PeerTask, ProgressCounter

BATCH = 1_000


def build_flow(task: PeerTask, progress: ProgressCounter) -> Dataflow:
    """Returns the dataflow; it ends at the end of the in-topic."""
    job = SegmentJob.from_file(task.segments)

    def decode(message: KafkaSourceMessage[Any, Any]) -> tuple[str, Event]:
        event = json.loads(message.value)
        return event["contact"], event

    def apply(state: State | None, event: Event) -> tuple[State, list[dict[str, Any]]]:
        contact = new_state() if state is None else state
        changes = job.apply(event, contact)
        progress.add()
        return contact, changes

    def encode(keyed: tuple[str, list[dict[str, Any]]]) -> list[KafkaSinkMessage[bytes, bytes]]:
        contact, changes = keyed
        return [KafkaSinkMessage(contact.encode(), json.dumps(change).encode()) for change in changes]

    flow = Dataflow("segments")
    tail = task.commit_ms is not None
    source = op.input("events", flow, KafkaSource([task.bootstrap], [task.in_topic], tail=tail, batch_size=BATCH))
    keyed = op.map("decode", source, decode)
    changes = op.stateful_map("segments", keyed, apply)
    op.output("changes", op.flat_map("encode", changes, encode), KafkaSink([task.bootstrap], task.out_topic))
    return flow


def main() -> None:
    """Runs until all events are written, then waits for the end."""
    task = PeerTask.from_command_line()
    progress = ProgressCounter(task.progress)
    flow = build_flow(task, progress)
    if task.variant == "recovery":
        folder = Path(task.folder)
        if not any(folder.iterdir()):
            init_db_dir(folder, 1)
        cli_main(flow, epoch_interval=timedelta(seconds=10), recovery_config=RecoveryConfig(str(folder)))
    else:
        cli_main(flow)
    progress.finish()


if __name__ == "__main__":
    main()

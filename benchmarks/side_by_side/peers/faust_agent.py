"""A plain Faust agent: a table, a send for each change, all of Faust's defaults."""

from __future__ import annotations

import asyncio
from typing import Any

import faust

from benchmarks.side_by_side.peers.job import SegmentJob, new_state
from benchmarks.side_by_side.peers.task import PeerTask, ProgressCounter


def build_app(task: PeerTask) -> Any:
    """Returns the app with its agent."""
    job, progress = SegmentJob.from_file(task.segments), ProgressCounter(task.progress)
    app: Any = faust.App(
        f"group-{task.run}",
        broker=f"kafka://{task.bootstrap}",
        store="memory://",
        datadir=task.folder,
        topic_partitions=task.partitions,
        topic_replication_factor=1,
        topic_disable_leader=True,
        consumer_auto_offset_reset="earliest",
        web_enabled=False,
    )
    events = app.topic(task.in_topic, key_type=str, value_serializer="json", key_serializer="raw")
    changes = app.topic(task.out_topic, key_type=str, value_serializer="json", key_serializer="raw")
    contacts = app.Table("contacts", partitions=task.partitions)

    async def finish() -> None:
        await app.consumer.commit()
        await app.producer.flush()
        progress.finish()

    async def decide(stream: Any) -> None:
        finishing = None
        async for event in stream:
            name = event["contact"]
            state = contacts.get(name) or new_state()
            for change in job.apply(event, state):
                await changes.send(key=name, value=change)
            contacts[name] = state
            progress.add()
            if progress.count == task.total:
                finishing = asyncio.ensure_future(finish())
        if finishing is not None:
            await finishing

    app.agent(events)(decide)
    return app


if __name__ == "__main__":
    faust.Worker(build_app(PeerTask.from_command_line()), loglevel="WARN").execute_from_commandline()

"""Quix Streams: a stateful function on a dataframe, exactly once or at least once, with its changelog topic."""

from __future__ import annotations

from typing import Any

from quixstreams import Application

from benchmarks.side_by_side.peers.job import SegmentJob, new_state
from benchmarks.side_by_side.peers.task import PeerTask, ProgressCounter


def main() -> None:
    """Runs until all events are committed, then waits for the end."""
    task = PeerTask.from_command_line()
    job, progress = SegmentJob.from_file(task.segments), ProgressCounter(task.progress)
    settings = {} if task.commit_seconds is None else {"commit_interval": task.commit_seconds}
    application = Application(
        broker_address=task.bootstrap,
        consumer_group=f"group-{task.run}",
        auto_offset_reset="earliest",
        state_dir=task.folder,
        processing_guarantee=task.variant,
        loglevel="ERROR",
        **settings,
    )
    events = application.topic(task.in_topic, value_deserializer="json", key_deserializer="str")
    changes = application.topic(task.out_topic, value_serializer="json", key_serializer="str")

    def apply(event: dict[str, Any], state: Any) -> list[dict[str, Any]]:
        contact = state.get("contact") or new_state()
        made = job.apply(event, contact)
        state.set("contact", contact)
        progress.add()
        if progress.count == task.total:
            application.stop()
        return made

    application.dataframe(events).apply(apply, stateful=True, expand=True).to_topic(changes)
    application.run()
    progress.finish()


if __name__ == "__main__":
    main()

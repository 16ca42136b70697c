"""A bare loop on confluent-kafka with json, with or without transactions; the state is a dict and a topic."""

from __future__ import annotations

import json
import time
from typing import Any

from confluent_kafka import Consumer, Producer, TopicPartition

from benchmarks.side_by_side.peers.job import SegmentJob, State, new_state
from benchmarks.side_by_side.peers.task import PeerTask, ProgressCounter

COMMIT_SECONDS = 1.0
TRANSACTION_SECONDS = 0.1
MOST_RECORDS = 1_000
TIMEOUT_SECONDS = 30.0


def dumps(document: Any) -> bytes:
    """Returns compact JSON."""
    return json.dumps(document, separators=(",", ":")).encode()


class ConfluentLoop:
    """Reads, decides and writes; `run` returns when all events are committed."""

    def __init__(self, task: PeerTask) -> None:
        self._task = task
        self._job = SegmentJob.from_file(task.segments)
        self._progress = ProgressCounter(task.progress)
        self._states: dict[str, State] = {}
        self._is_transactional = task.variant == "transactions"
        self._consumer: Any = Consumer(
            {
                "bootstrap.servers": task.bootstrap,
                "group.id": f"group-{task.run}",
                "enable.auto.commit": False,
                "auto.offset.reset": "earliest",
            }
        )
        settings: dict[str, Any] = {
            "bootstrap.servers": task.bootstrap,
            "linger.ms": 5,
            "queue.buffering.max.messages": 1_000_000,
            "partitioner": "murmur2_random",
        }
        if self._is_transactional:
            settings["transactional.id"] = f"transactions-{task.run}"
        self._producer: Any = Producer(settings)

    def run(self) -> None:
        """Runs until all events are committed, then waits for the end."""
        self._consumer.subscribe([self._task.in_topic])
        if self._is_transactional:
            self._producer.init_transactions(TIMEOUT_SECONDS)
            self._run_transactions()
        else:
            self._run_plain()
        self._progress.finish()

    def _run_plain(self) -> None:
        """Sends each state and each change by itself; flushes and commits offsets from time to time."""
        interval = self._task.commit_seconds or COMMIT_SECONDS
        produce, task = self._producer.produce, self._task
        committed_at = time.monotonic()
        while self._progress.count < task.total:
            messages = self._consumer.consume(MOST_RECORDS, 0.02)
            for message in messages:
                contact, state, changes = self._apply(message)
                produce(task.state_topic, dumps(state), contact, message.partition())
                for change in changes:
                    produce(task.out_topic, dumps(change), contact)
            self._producer.poll(0)
            self._progress.add(len(messages))
            if time.monotonic() - committed_at >= interval or self._progress.count >= task.total:
                self._producer.flush(TIMEOUT_SECONDS)
                if self._progress.count:
                    self._consumer.commit(asynchronous=False)
                committed_at = time.monotonic()

    def _run_transactions(self) -> None:
        """Collects for an interval, then writes changed states, changes and offsets in one transaction."""
        interval = self._task.commit_seconds or TRANSACTION_SECONDS
        begin = time.monotonic()
        changed: dict[int, dict[str, State]] = {number: {} for number in range(self._task.partitions)}
        outputs: list[tuple[str, bytes]] = []
        offsets: dict[int, int] = {}
        while self._progress.count < self._task.total or offsets:
            messages = self._consumer.consume(MOST_RECORDS, 0.02)
            for message in messages:
                contact, state, changes = self._apply(message)
                changed[message.partition()][contact] = state
                outputs.extend((contact, dumps(change)) for change in changes)
                offsets[message.partition()] = message.offset() + 1
            self._progress.add(len(messages))
            if offsets and (time.monotonic() - begin >= interval or self._progress.count >= self._task.total):
                self._commit(changed, outputs, offsets)
                begin = time.monotonic()

    def _commit(
        self, changed: dict[int, dict[str, State]], outputs: list[tuple[str, bytes]], offsets: dict[int, int]
    ) -> None:
        producer, task = self._producer, self._task
        producer.begin_transaction()
        for contact, value in outputs:
            producer.produce(task.out_topic, value, contact)
        for number, states in changed.items():
            for contact, state in states.items():
                producer.produce(task.state_topic, dumps(state), contact, number)
            states.clear()
        positions = [TopicPartition(task.in_topic, number, offset) for number, offset in offsets.items()]
        producer.send_offsets_to_transaction(positions, self._consumer.consumer_group_metadata(), TIMEOUT_SECONDS)
        producer.commit_transaction(TIMEOUT_SECONDS)
        outputs.clear()
        offsets.clear()

    def _apply(self, message: Any) -> tuple[str, State, list[dict[str, Any]]]:
        if message.error() is not None:
            raise RuntimeError(str(message.error()))
        event = json.loads(message.value())
        contact: str = event["contact"]
        state = self._states.get(contact)
        if state is None:
            state = self._states[contact] = new_state()
        return contact, state, self._job.apply(event, state)


if __name__ == "__main__":
    ConfluentLoop(PeerTask.from_command_line()).run()

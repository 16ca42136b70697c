"""A bare loop on aiokafka with json, with or without transactions; the state is a dict, and a topic keeps it."""

from __future__ import annotations

import asyncio
import json
import time
from typing import Any

import uvloop
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.partitioner import murmur2

from benchmarks.side_by_side.peers.job import SegmentJob, State, new_state
from benchmarks.side_by_side.peers.task import PeerTask, ProgressCounter

COMMIT_SECONDS = 1.0
TRANSACTION_SECONDS = 0.1
MOST_RECORDS = 4_000
BATCH_BYTES = 900_000
LONGEST_BATCH_MS = 120_000


def dumps(document: Any) -> bytes:
    """Returns compact JSON."""
    return json.dumps(document, separators=(",", ":")).encode()


class AiokafkaLoop:
    """Reads, decides and writes; `run` returns when all events are committed."""

    def __init__(self, task: PeerTask) -> None:
        self._task = task
        self._job = SegmentJob.from_file(task.segments)
        self._progress = ProgressCounter(task.progress)
        self._states: dict[str, State] = {}
        self._group = f"group-{task.run}"
        is_transactional = task.variant == "transactions"
        self._consumer: Any = AIOKafkaConsumer(
            task.in_topic,
            bootstrap_servers=task.bootstrap,
            group_id=self._group,
            enable_auto_commit=False,
            auto_offset_reset="earliest",
            check_crcs=False,
            # With thousands of segments a batch takes longer than the default, and nothing else runs meanwhile.
            session_timeout_ms=LONGEST_BATCH_MS,
            rebalance_timeout_ms=LONGEST_BATCH_MS,
            max_poll_interval_ms=LONGEST_BATCH_MS,
            isolation_level="read_committed" if is_transactional else "read_uncommitted",
        )
        self._producer: Any = AIOKafkaProducer(
            bootstrap_servers=task.bootstrap,
            linger_ms=5,
            max_batch_size=BATCH_BYTES,
            transactional_id=f"transactions-{task.run}" if is_transactional else None,
        )
        self._run_loop = self._run_transactions if is_transactional else self._run_plain

    async def run(self) -> None:
        """Runs until all events are committed, then waits for the end."""
        await self._consumer.start()
        await self._producer.start()
        await self._run_loop()
        self._progress.finish()

    async def _run_plain(self) -> None:
        """Sends each state and each change by itself; flushes and commits offsets from time to time."""
        interval = self._task.commit_seconds or COMMIT_SECONDS
        sends: list[Any] = []
        committed_at = time.monotonic()
        while self._progress.count < self._task.total:
            fetched = await self._consumer.getmany(timeout_ms=200, max_records=MOST_RECORDS)
            for partition, records in fetched.items():
                for record in records:
                    contact, state, changes = self._apply(record)
                    key = contact.encode()
                    sends.append(
                        await self._producer.send(
                            self._task.state_topic, dumps(state), key=key, partition=partition.partition
                        )
                    )
                    for change in changes:
                        sends.append(await self._producer.send(self._task.out_topic, dumps(change), key=key))
                self._progress.add(len(records))
            if time.monotonic() - committed_at >= interval or self._progress.count >= self._task.total:
                for send in sends:
                    await send
                sends.clear()
                await self._consumer.commit()
                committed_at = time.monotonic()

    async def _run_transactions(self) -> None:
        """Collects for an interval, then writes changed states, changes and offsets in one transaction."""
        interval = self._task.commit_seconds or TRANSACTION_SECONDS
        begin = time.monotonic()
        changed: dict[int, dict[str, State]] = {number: {} for number in range(self._task.partitions)}
        outputs: list[tuple[bytes, bytes]] = []
        offsets: dict[Any, int] = {}
        while self._progress.count < self._task.total or offsets:
            fetched = await self._consumer.getmany(timeout_ms=round(interval * 1000), max_records=MOST_RECORDS)
            for partition, records in fetched.items():
                for record in records:
                    contact, state, changes = self._apply(record)
                    changed[partition.partition][contact] = state
                    outputs.extend((contact.encode(), dumps(change)) for change in changes)
                self._progress.add(len(records))
                offsets[TopicPartition(partition.topic, partition.partition)] = records[-1].offset + 1
            if offsets and (time.monotonic() - begin >= interval or self._progress.count >= self._task.total):
                await self._commit(changed, outputs, offsets)
                begin = time.monotonic()

    async def _commit(
        self, changed: dict[int, dict[str, State]], outputs: list[tuple[bytes, bytes]], offsets: dict[Any, int]
    ) -> None:
        producer, task = self._producer, self._task
        await producer.begin_transaction()
        writer = _BatchSender(producer)
        for key, value in outputs:
            await writer.add(task.out_topic, (murmur2(key) & 0x7FFFFFFF) % task.partitions, key, value)
        for number, states in changed.items():
            for contact, state in states.items():
                await writer.add(task.state_topic, number, contact.encode(), dumps(state))
            states.clear()
        await writer.flush()
        await producer.send_offsets_to_transaction(offsets, self._group)
        await producer.commit_transaction()
        outputs.clear()
        offsets.clear()

    def _apply(self, record: Any) -> tuple[str, State, list[dict[str, Any]]]:
        event = json.loads(record.value)
        contact: str = event["contact"]
        state = self._states.get(contact)
        if state is None:
            state = self._states[contact] = new_state()
        return contact, state, self._job.apply(event, state)


class _BatchSender:
    """Packs records into batches, one open batch for each partition."""

    def __init__(self, producer: Any) -> None:
        self._producer = producer
        self._batches: dict[tuple[str, int], Any] = {}
        self._sends: list[Any] = []

    async def add(self, topic: str, partition: int, key: bytes, value: bytes) -> None:
        """Adds a record; a full batch is sent."""
        batch = self._batches.get((topic, partition)) or self._open(topic, partition)
        if batch.append(key=key, value=value, timestamp=None) is None:
            self._sends.append(await self._producer.send_batch(batch, topic, partition=partition))
            self._open(topic, partition).append(key=key, value=value, timestamp=None)

    async def flush(self) -> None:
        """Sends what is left and waits for all acknowledgements."""
        for (topic, partition), batch in self._batches.items():
            self._sends.append(await self._producer.send_batch(batch, topic, partition=partition))
        for send in self._sends:
            await send

    def _open(self, topic: str, partition: int) -> Any:
        batch = self._batches[topic, partition] = self._producer.create_batch()
        return batch


async def main() -> None:
    """Runs the loop of the command line."""
    await AiokafkaLoop(PeerTask.from_command_line()).run()


if __name__ == "__main__":
    uvloop.install()
    asyncio.run(main())

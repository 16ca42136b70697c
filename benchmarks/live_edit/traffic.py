"""A process that publishes events at an even rate until SIGTERM, and then prints its report as JSON."""

from __future__ import annotations

import argparse
import asyncio
import signal
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

import msgspec
from aiokafka import AIOKafkaProducer

from benchmarks.live_edit.contacts import RandomContacts, TopicEvent

PAUSE_SECONDS = 0.002
IN_FLIGHT = 5_000


class EventSource(Protocol):
    """Makes one event after the other."""

    @property
    def probes(self) -> int:
        """How many of them are measured."""
        ...

    def next_event(self) -> TopicEvent:
        """Returns the next event."""


@dataclass
class TrafficReport:
    """How much was sent in how many seconds; `behind` is the longest delay (s) of an event."""

    events: int = 0
    probes: int = 0
    seconds: float = 0.0
    behind: float = 0.0


async def publish(
    bootstrap: str, prefix: str, rate: float, contacts: EventSource, stop: asyncio.Event
) -> TrafficReport:
    """Publishes `rate` events a second until `stop` is set; returns when everything is acknowledged."""
    producer: Any = AIOKafkaProducer(bootstrap_servers=bootstrap, linger_ms=1, enable_idempotence=True)
    await producer.start()
    report, start = TrafficReport(), time.monotonic()
    pending: list[Any] = []
    try:
        while not stop.is_set():
            due = (time.monotonic() - start) * rate
            while report.events < due:
                topic, event = contacts.next_event()
                value = msgspec.json.encode(event)
                pending.append(await producer.send(prefix + topic, value, key=event["contact"].encode()))
                report.behind = max(report.behind, time.monotonic() - start - report.events / rate)
                report.events += 1
            if len(pending) > IN_FLIGHT:
                await asyncio.gather(*pending)
                pending.clear()
            await asyncio.sleep(PAUSE_SECONDS)  # keeps the rate
        await asyncio.gather(*pending)
    finally:
        await producer.stop()
    report.probes, report.seconds = contacts.probes, time.monotonic() - start
    return report


async def publish_until_terminated(options: argparse.Namespace, contacts: EventSource) -> TrafficReport:
    """Publishes until SIGTERM."""
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    return await publish(options.bootstrap, options.prefix, options.rate, contacts, stop)


def run_process(make_source: Callable[[argparse.Namespace], EventSource], description: str | None) -> None:
    """Runs the process with the events that `make_source` makes for the options of the command line."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--bootstrap", required=True)
    parser.add_argument("--prefix", required=True)
    parser.add_argument("--rate", type=float, required=True)
    parser.add_argument("--contacts", type=int, required=True)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    report = asyncio.run(publish_until_terminated(options, make_source(options)))
    sys.stdout.buffer.write(msgspec.json.encode(report))


if __name__ == "__main__":
    run_process(lambda options: RandomContacts(options.contacts, options.seed), __doc__)

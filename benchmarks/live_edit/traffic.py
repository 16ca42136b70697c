"""A process that publishes so many events a second until SIGTERM, and then says on standard output what it sent."""

from __future__ import annotations

import argparse
import asyncio
import signal
import sys
import time
from dataclasses import dataclass
from typing import Any

import msgspec
from aiokafka import AIOKafkaProducer

from benchmarks.live_edit.contacts import RandomContacts

PAUSE_SECONDS = 0.002
IN_FLIGHT = 5_000


@dataclass
class TrafficReport:
    """What went out. `behind` is the most (s) that an event was sent after its turn."""

    events: int = 0
    probes: int = 0
    seconds: float = 0.0
    behind: float = 0.0


async def publish(
    bootstrap: str, prefix: str, rate: float, contacts: RandomContacts, stop: asyncio.Event
) -> TrafficReport:
    """Publishes at an even pace until told to stop; returns when everything is acknowledged."""
    producer: Any = AIOKafkaProducer(bootstrap_servers=bootstrap, linger_ms=1, enable_idempotence=True)
    await producer.start()
    sent, began = TrafficReport(), time.monotonic()
    sending: list[Any] = []
    try:
        while not stop.is_set():
            due = (time.monotonic() - began) * rate
            while sent.events < due:
                topic, event = contacts.next_event()
                value = msgspec.json.encode(event)
                sending.append(await producer.send(prefix + topic, value, key=event["contact"].encode()))
                sent.behind = max(sent.behind, time.monotonic() - began - sent.events / rate)
                sent.events += 1
            if len(sending) > IN_FLIGHT:
                await asyncio.gather(*sending)
                sending.clear()
            await asyncio.sleep(PAUSE_SECONDS)  # the pace
        await asyncio.gather(*sending)
    finally:
        await producer.stop()
    sent.probes, sent.seconds = contacts.probes, time.monotonic() - began
    return sent


async def publish_until_terminated(options: argparse.Namespace) -> TrafficReport:
    """Publishes until SIGTERM."""
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    people = RandomContacts(options.contacts, options.seed)
    return await publish(options.bootstrap, options.prefix, options.rate, people, stop)


def main() -> None:
    """The process."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--bootstrap", required=True)
    parser.add_argument("--prefix", required=True)
    parser.add_argument("--rate", type=float, required=True)
    parser.add_argument("--contacts", type=int, required=True)
    parser.add_argument("--seed", type=int, default=1)
    sent = asyncio.run(publish_until_terminated(parser.parse_args()))
    sys.stdout.buffer.write(msgspec.json.encode(sent))


if __name__ == "__main__":
    main()

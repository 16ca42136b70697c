"""Stops a producer of aiokafka whose broker may be away.

aiokafka's own `stop` waits for every record, and those of an idempotent producer never expire: while the broker is
away it would not end.
"""

from __future__ import annotations

import asyncio
from typing import Any

from streams.kafka.protocols import Producer


async def stop_producer(producer: Producer, patience: float) -> None:
    """Stops a producer. What it has not delivered after `patience` seconds is given up."""
    try:
        async with asyncio.timeout(patience):
            await producer.flush()
    except TimeoutError:
        await _give_up(producer)
    else:
        await producer.stop()


async def _give_up(producer: Any) -> None:
    # Any: these are private objects of aiokafka. Requests on their way end by the client's time limit at the latest.
    await producer._sender.close()
    await producer.client.close()
    producer._closed = True  # else it warns that nobody has stopped it

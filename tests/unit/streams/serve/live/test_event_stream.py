"""Server-sent events: what is sent, when it ends, and what happens to a client that takes nothing."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator

import pytest
from starlette.types import Message, Scope

from streams.errors import RedisUnavailable
from streams.serve.live.event_stream import EventStream, OpenStreams, StreamEvent
from streams.serve.problems import HttpProblem

SCOPE: Scope = {"type": "http"}


class StreamClient:
    """A client; `receives` says when it goes, `takes` whether it takes what is sent."""

    def __init__(self) -> None:
        self.gone = asyncio.Event()
        self.takes = asyncio.Event()
        self.takes.set()
        self.messages: list[Message] = []
        self._came = asyncio.Event()

    async def receive(self) -> Message:
        await self.gone.wait()
        return {"type": "http.disconnect"}

    async def send(self, message: Message) -> None:
        await self.takes.wait()
        self.messages.append(message)
        self._came.set()

    @property
    def text(self) -> str:
        return b"".join(each.get("body", b"") for each in self.messages).decode()

    async def wait_for(self, text: str) -> None:
        async with asyncio.timeout(30):
            while text not in self.text:
                self._came.clear()
                await self._came.wait()


async def batches_of(*batches: list[StreamEvent]) -> AsyncGenerator[list[StreamEvent], None]:
    for batch in batches:
        yield batch
    while True:
        await asyncio.sleep(0.005)
        yield []


def test_an_event_is_lines_with_its_id() -> None:
    assert StreamEvent("change", "{}", "7-0").encode() == b"id: 7-0\nevent: change\ndata: {}\n\n"
    assert StreamEvent("missed", "{}").encode() == b"event: missed\ndata: {}\n\n"


async def test_events_come_in_order_and_comments_between_them() -> None:
    streams, connection = OpenStreams(), StreamClient()
    stream = EventStream(
        streams,
        lambda: batches_of([StreamEvent("change", "1", "1-0"), StreamEvent("change", "2", "2-0")]),
        heartbeat=0.02,
    )
    serving = asyncio.create_task(stream(SCOPE, connection.receive, connection.send))
    await connection.wait_for(": nothing new")
    assert streams.count == 1
    connection.gone.set()
    await serving
    assert streams.count == 0
    assert connection.text.startswith(
        "retry: 1000\n\nid: 1-0\nevent: change\ndata: 1\n\nid: 2-0\nevent: change\ndata: 2\n\n: nothing new\n\n"
    )
    assert dict(connection.messages[0]["headers"])[b"content-type"].startswith(b"text/event-stream")


async def test_a_comment_comes_only_where_nothing_else_came_for_a_while() -> None:
    streams, connection = OpenStreams(), StreamClient()
    stream = EventStream(
        streams,
        lambda: batches_of([], [], [StreamEvent("change", "1", "1-0")]),
        heartbeat=3_600,
    )
    serving = asyncio.create_task(stream(SCOPE, connection.receive, connection.send))
    await connection.wait_for("id: 1-0")
    connection.gone.set()
    await serving
    assert "nothing new" not in connection.text


async def test_a_stop_of_the_server_ends_the_stream() -> None:
    streams, connection = OpenStreams(), StreamClient()
    serving = asyncio.create_task(EventStream(streams, batches_of)(SCOPE, connection.receive, connection.send))
    await connection.wait_for("retry")
    streams.stopping.set()
    await serving
    assert connection.messages[-1] == {"type": "http.response.body", "body": b""}
    with pytest.raises(HttpProblem):
        streams.require_room()


async def test_a_client_that_takes_nothing_is_dropped() -> None:
    streams, connection = OpenStreams(), StreamClient()
    reads = 0

    async def endless() -> AsyncGenerator[list[StreamEvent], None]:
        nonlocal reads
        while True:
            reads += 1
            await asyncio.sleep(0.001)
            yield [StreamEvent("change", "x" * 100, f"{reads}-0")]

    stream = EventStream(streams, endless, send_seconds=0.05)
    serving = asyncio.create_task(stream(SCOPE, connection.receive, connection.send))
    await connection.wait_for("id: 1-0")
    connection.takes.clear()
    before = reads
    await serving
    assert streams.count == 0
    assert reads <= before + 1, "no more is read than what waits to be sent"


async def test_a_redis_that_goes_away_ends_the_stream_without_an_error() -> None:
    connection = StreamClient()

    async def failing() -> AsyncGenerator[list[StreamEvent], None]:
        yield [StreamEvent("change", "1", "1-0")]
        raise RedisUnavailable("away")

    await EventStream(OpenStreams(), failing)(SCOPE, connection.receive, connection.send)
    assert connection.text.endswith("id: 1-0\nevent: change\ndata: 1\n\n: interrupted\n\n")


async def test_no_more_streams_than_the_bound_are_opened() -> None:
    streams = OpenStreams(most=1)
    streams.require_room()
    streams.count = 1
    with pytest.raises(HttpProblem) as problem:
        streams.require_room()
    assert problem.value.kind == "busy"


async def test_streams_that_come_at_the_same_time_are_no_more_than_the_bound_either() -> None:
    streams, connection = OpenStreams(most=1), StreamClient()
    stream = EventStream(streams, batches_of)
    serving = asyncio.create_task(stream(SCOPE, connection.receive, connection.send))
    await connection.wait_for("retry")
    with pytest.raises(HttpProblem):
        await EventStream(streams, batches_of)(SCOPE, connection.receive, connection.send)
    connection.gone.set()
    await serving
    assert streams.count == 0

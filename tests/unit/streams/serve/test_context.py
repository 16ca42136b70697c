"""What requests share: long questions end with the client that asks them."""

from __future__ import annotations

import asyncio
import threading

import pytest
from fastapi import FastAPI, Request
from starlette.types import Message

from streams.serve.context import Asker, ServeContext
from streams.serve.problems import HttpProblem
from tests.harness.serve.api import ApiUnderTest

LIMIT_SECONDS = 30


class Client:
    """The other end of a request; it goes when it is told to."""

    def __init__(self) -> None:
        self._messages: asyncio.Queue[Message] = asyncio.Queue()
        self._messages.put_nowait({"type": "http.request", "body": b"", "more_body": False})

    def go(self) -> None:
        self._messages.put_nowait({"type": "http.disconnect"})

    async def receive(self) -> Message:
        return await self._messages.get()


def asker_of(client: Client, context: ServeContext) -> Asker:
    app = FastAPI()
    app.state.context = context
    return Asker(Request({"type": "http", "app": app}, client.receive))


async def test_a_question_ends_when_its_client_goes() -> None:
    context, client = ApiUnderTest().context, Client()
    begun, ended = threading.Event(), threading.Event()

    async def scan() -> None:
        begun.set()
        try:
            await asyncio.Event().wait()
        finally:
            ended.set()

    asked = asyncio.create_task(asker_of(client, context).ask(scan))
    assert await asyncio.to_thread(begun.wait, LIMIT_SECONDS)
    client.go()
    with pytest.raises(HttpProblem, match="went"):
        await asked
    assert await asyncio.to_thread(ended.wait, LIMIT_SECONDS)
    await context.close()


async def test_a_question_of_a_client_that_waits_is_answered() -> None:
    context = ApiUnderTest().context

    async def scan() -> int:
        return 5

    assert await asker_of(Client(), context).ask(scan) == 5
    await context.close()

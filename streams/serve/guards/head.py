"""Answers HEAD as GET, without the body."""

from __future__ import annotations

import asyncio

from starlette.types import ASGIApp, Message, Receive, Scope, Send


class HeadRequests:
    """Asks the application for GET and sends the head of its answer; one without an end is ended."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Passes a request on."""
        if scope["type"] != "http" or scope["method"] != "HEAD":
            await self._app(scope, receive, send)
            return
        is_answered = asyncio.Event()

        async def send_head(message: Message) -> None:
            if is_answered.is_set():
                return
            await send(message if message["type"] == "http.response.start" else {**message, "body": b""})
            if message["type"] == "http.response.body":
                if message.get("more_body", False):
                    await send({"type": "http.response.body", "body": b""})
                is_answered.set()

        async def receive_until_answered() -> Message:
            receiving = asyncio.ensure_future(receive())
            answering = asyncio.create_task(is_answered.wait())
            done, pending = await asyncio.wait({receiving, answering}, return_when=asyncio.FIRST_COMPLETED)
            for task in pending:
                task.cancel()
            return receiving.result() if receiving in done else {"type": "http.disconnect"}

        await self._app({**scope, "method": "GET"}, receive_until_answered, send_head)

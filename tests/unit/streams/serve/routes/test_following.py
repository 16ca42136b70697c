"""A stream of changes begins where its client stands, says what was missed, and tells of what is watched."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack
from typing import Any

from starlette.types import Message, Scope

from schemas.views.changes import ChangeEntry, ChangeList
from tests.harness.serve.api import ApiUnderTest, MemoryViews

PATH = "/api/v1/changes/stream"
POSITIONS = ("1-0", "2-0", "3-0")


class Follower:
    """The client of one stream: it goes when it has read enough."""

    def __init__(self, query: str, headers: Mapping[str, str]) -> None:
        self._query = query
        self._headers = [(name.lower().encode(), value.encode()) for name, value in headers.items()]
        self._gone = asyncio.Event()
        self._came = asyncio.Event()
        self._has_asked = False
        self.text = ""

    @property
    def scope(self) -> Scope:
        """The request."""
        return {
            "type": "http",
            "method": "GET",
            "path": PATH,
            "raw_path": PATH.encode(),
            "query_string": self._query.encode(),
            "headers": [(b"host", b"127.0.0.1"), *self._headers],
            "client": ("127.0.0.1", 1),
            "http_version": "1.1",
        }

    async def receive(self) -> Message:
        if not self._has_asked:
            self._has_asked = True
            return {"type": "http.request", "body": b"", "more_body": False}
        await self._gone.wait()
        return {"type": "http.disconnect"}

    async def send(self, message: Message) -> None:
        self.text += message.get("body", b"").decode()
        self._came.set()
        await asyncio.sleep(0)

    async def read_up_to(self, text: str) -> str:
        """All that came up to the first event with that text."""
        async with asyncio.timeout(30):
            while text not in self.text:
                self._came.clear()
                await self._came.wait()
        return self.text[: self.text.index(text) + len(text)]

    def go(self) -> None:
        self._gone.set()


class FollowedApi:
    """An application with three changes; use it as a context manager, which ends its streams."""

    def __init__(self, views: MemoryViews | None = None) -> None:
        self._api = ApiUnderTest()
        self._stack = AsyncExitStack()
        if views is not None:
            self._api.views = views
            self._api.context.views = views  # type: ignore[assignment]  # as far as a stream asks
        self.views = self._api.views
        for position in POSITIONS:
            self.views.add_change(position, f"contact-{position}")

    async def __aenter__(self) -> FollowedApi:
        self._stack.push_async_callback(self._api.context.close)
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._stack.aclose()

    async def _answer(self, follower: Follower) -> None:
        await self._api.app(follower.scope, follower.receive, follower.send)

    async def follow(self, query: str = "", **headers: str) -> Follower:
        """A stream that is open."""
        follower = Follower(query, {name.replace("_", "-"): value for name, value in headers.items()})
        serving = asyncio.create_task(self._answer(follower))
        self._stack.push_async_callback(lambda: asyncio.wait([serving]))
        self._stack.callback(follower.go)
        await follower.read_up_to("retry")
        return follower


def contacts(text: str) -> list[str]:
    """The contacts of the changes in a text of events."""
    return [line.partition('"contact":"contact-')[2].rstrip('"}') for line in text.splitlines() if "contact-" in line]


async def test_a_client_that_comes_again_goes_on_behind_the_last_change_that_it_has() -> None:
    async with FollowedApi() as api:
        follower = await api.follow("after=1-0", Last_Event_ID="2-0")
        assert contacts(await follower.read_up_to("contact-3-0")) == ["3-0"]


async def test_a_client_that_names_a_position_begins_behind_it() -> None:
    async with FollowedApi() as api:
        follower = await api.follow("after=1-0")
        assert contacts(await follower.read_up_to("contact-3-0")) == ["2-0", "3-0"]


async def test_a_client_that_names_none_is_told_what_comes_from_now_on() -> None:
    async with FollowedApi() as api:
        follower = await api.follow()
        api.views.add_change("4-0", "contact-4-0")
        assert contacts(await follower.read_up_to("contact-4-0")) == ["4-0"]


async def test_each_change_has_its_position_as_the_id_that_browsers_send_again() -> None:
    async with FollowedApi() as api:
        text = await (await api.follow("after=2-0")).read_up_to("contact-3-0")
        assert "id: 3-0\nevent: change\n" in text


class ViewsThatDropped(MemoryViews):
    """Read models that keep too little for whoever asks first."""

    async def follow_changes(
        self, account: str, *, after: str | None = None, **_options: Any
    ) -> AsyncIterator[ChangeList]:
        """One batch with a gap before it, then nothing."""
        del account, after
        yield ChangeList(changes=[ChangeEntry(position="9-0", record={"n": 9})], last="9-0", missed=True)
        while True:
            await asyncio.sleep(0.001)
            yield ChangeList(changes=[], last="9-0")


async def test_what_was_missed_is_told_before_what_comes_behind_the_gap() -> None:
    async with FollowedApi(ViewsThatDropped()) as api:
        text = await (await api.follow("after=2-0")).read_up_to('"n":9')
        events = [line for line in text.splitlines() if line.startswith(("event:", "data:"))]
        assert events == ["event: missed", 'data: {"after":"2-0"}', "event: change", 'data: {"n":9']


async def test_only_what_is_watched_is_told_of() -> None:
    async with FollowedApi() as api:
        follower = await api.follow("after=3-0&watch=contacts")
        text = await follower.read_up_to('"version":"1-1"}')
        api.views.table_versions = {"contacts": "1-2", "leads": "1-2"}
        text = await follower.read_up_to('"version":"1-2"}')
    told = [line.removeprefix("data: ") for line in text.splitlines() if line.startswith("data: ")]
    assert told == ['{"watched":"contacts","version":"1-1"}', '{"watched":"contacts","version":"1-2"}']

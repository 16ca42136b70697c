"""What a session of the consumer does while the read models are built anew: it goes on, or it cannot, and says so."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from schemas.values import instant_text
from streams.errors import RebuildRuns
from streams.views import session as session_module
from streams.views.deployment import Deployment
from streams.views.rebuild import Rebuild
from streams.views.retention import TopicRetention
from streams.views.session import SessionOver, ViewSession
from tests.harness.views.opened_views import CONTACTS, DAY, KEYS, NOW, OpenedViews, open_views, require_rebuild


@pytest.fixture
async def views(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[OpenedViews]:
    async with open_views(tmp_path, monkeypatch) as found:
        yield found


async def run_until_over(session: ViewSession) -> None:
    """Goes on until the session ends itself."""
    async with asyncio.timeout(30):
        while True:
            await session.run_once()


async def test_while_the_models_are_built_anew_for_another_retention_what_comes_is_applied(
    views: OpenedViews, monkeypatch: pytest.MonkeyPatch
) -> None:
    is_whole = asyncio.Event()

    async def build(_rebuild: Rebuild) -> Deployment:
        await is_whole.wait()
        return Deployment(8, NOW, NOW, is_complete=True, retention=7 * DAY)

    monkeypatch.setattr(Rebuild, "run", build)
    await views.note_progress(0)
    views.retention = TopicRetention(7 * DAY, DAY)
    session = views.session()
    async with session.opened():
        await session.run_once()
        assert len(await views.contacts()) == CONTACTS
        views.topics.write("contacts", "default/later", {"status": "active", "created": instant_text(NOW)}, NOW)
        await session.run_once()
        assert "later" in await views.contacts()
        is_whole.set()
        with pytest.raises(SessionOver, match="generation 8 is built"):
            await run_until_over(session)


async def test_a_retention_that_changes_meanwhile_is_noticed_and_what_comes_is_applied(
    views: OpenedViews, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(session_module, "RETENTION_SECONDS", 0.0)
    await views.note_progress(0)
    session = views.session()
    async with session.opened():
        await session.run_once()
        views.retention = TopicRetention(7 * DAY, DAY)
        with pytest.raises(SessionOver, match="generation 8 is built"):
            await run_until_over(session)
    assert len(await views.contacts()) == CONTACTS


async def test_while_another_process_builds_them_anew_what_comes_is_applied(
    views: OpenedViews, monkeypatch: pytest.MonkeyPatch
) -> None:
    builds: list[Rebuild] = []

    async def refuse(rebuild: Rebuild) -> Deployment:
        builds.append(rebuild)
        raise RebuildRuns("another process rebuilds the read models")

    monkeypatch.setattr(Rebuild, "run", refuse)
    await views.note_progress(0)
    views.retention = TopicRetention(7 * DAY, DAY)
    session = views.session()
    async with session.opened():
        for _ in range(3):
            await session.run_once()
        assert len(builds) == 1
        assert len(await views.contacts()) == CONTACTS
        await views.show(8)
        with pytest.raises(SessionOver, match="generation 8 is whole"):
            await session.run_once()


async def test_a_build_ends_with_the_session_beside_which_it_runs(
    views: OpenedViews, monkeypatch: pytest.MonkeyPatch
) -> None:
    ends: list[str] = []

    async def build(_rebuild: Rebuild) -> Deployment:
        try:
            await asyncio.Event().wait()
        finally:
            ends.append("the lock is given back")
        raise AssertionError

    monkeypatch.setattr(Rebuild, "run", build)
    await views.note_progress(0)
    views.retention = TopicRetention(7 * DAY, DAY)
    session = views.session()
    async with session.opened():
        await session.run_once()
        assert ends == []
    assert ends == ["the lock is given back"]


async def test_a_generation_that_is_shown_before_its_build_has_ended_lets_that_end(
    views: OpenedViews, monkeypatch: pytest.MonkeyPatch
) -> None:
    is_shown = asyncio.Event()
    ends: list[str] = []

    async def build(_rebuild: Rebuild) -> Deployment:
        await is_shown.wait()
        await views.show(8)
        for _ in range(100):  # it gives its lock back
            await asyncio.sleep(0)
        ends.append("in good order")
        return Deployment(8, NOW, NOW, is_complete=True, retention=7 * DAY)

    monkeypatch.setattr(Rebuild, "run", build)
    await views.note_progress(0)
    views.retention = TopicRetention(7 * DAY, DAY)
    session = views.session()
    async with session.opened():
        await session.run_once()
        is_shown.set()
        with pytest.raises(SessionOver):
            await run_until_over(session)
    assert ends == ["in good order"]


async def test_a_process_that_can_apply_nothing_until_the_models_are_built_anew_says_so(
    views: OpenedViews, monkeypatch: pytest.MonkeyPatch
) -> None:
    reasons: list[str | None] = []

    async def build(_rebuild: Rebuild) -> Deployment:
        reasons.append(views.status.rebuild)
        return Deployment(8, NOW, NOW, is_complete=True, retention=-1)

    monkeypatch.setattr(Rebuild, "run", build)
    await views.note_progress(0, NOW - DAY)
    await require_rebuild(views)
    assert views.status.rebuild is None
    await views.client.execute("DEL", KEYS.deployment)
    with pytest.raises(SessionOver):
        async with views.session().opened():
            pass
    away, empty = reasons
    assert away is not None
    assert "was not caught up for so long" in away
    assert empty == "Redis has no read models"

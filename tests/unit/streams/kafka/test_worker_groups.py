"""No release that needs a newer engine is written while a worker of a former one runs."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from types import SimpleNamespace
from typing import Any

import pytest
from aiokafka.coordinator.protocol import ConsumerProtocolMemberAssignment, ConsumerProtocolMemberMetadata
from aiokafka.errors import GroupAuthorizationFailedError, GroupCoordinatorNotAvailableError

from schemas.engine_versions import NEWEST_VERSION
from streams.errors import FormerWorkers, Unavailable
from streams.kafka import worker_groups
from streams.kafka.worker_groups import (
    GroupWorker,
    engine_version,
    group_workers,
    process_of,
    require_engine_version,
    with_engine_version,
    with_process,
)
from streams.settings import Settings
from tests.harness.kafka.memory_releases import MemoryReleases

SETTINGS = Settings(prefix="p-")
NEW, FORMER = with_engine_version(b'{"url": "x"}'), b'{"url": "x"}'


def subscription(user_data: bytes) -> bytes:
    encoded: bytes = ConsumerProtocolMemberMetadata(0, ["p-journal"], user_data).encode()
    return encoded


def member(name: str, user_data: bytes) -> tuple[str, str, str, bytes, bytes]:
    return (name, "client", "/10.0.0.1", subscription(user_data), b"")


class FakeBroker:
    """Answers the questions for a group one after the other, the last answer for ever."""

    def __init__(self, **answers: Sequence[Any]) -> None:
        self._answers = {f"p-leadstream-{name}": list(each) for name, each in answers.items()}

    async def describe_consumer_groups(self, groups: list[str]) -> list[Any]:
        (group,) = groups
        answers = self._answers.get(group, [("Dead", [])])
        answer = answers.pop(0) if len(answers) > 1 else answers[0]
        if isinstance(answer, Exception):
            raise answer
        state, members = answer
        return [SimpleNamespace(groups=[(0, group, state, "consumer", "faust", members)])]

    @asynccontextmanager
    async def client(self, _bootstrap: str) -> AsyncIterator[FakeBroker]:
        yield self


@pytest.fixture
def patience(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    monkeypatch.setattr(worker_groups, "_PAUSE_SECONDS", 0)
    return monkeypatch


def use(monkeypatch: pytest.MonkeyPatch, broker: FakeBroker) -> None:
    monkeypatch.setattr(worker_groups, "admin_client", broker.client)


def test_a_subscription_says_the_version_or_none() -> None:
    assert engine_version(subscription(NEW)) == NEWEST_VERSION
    for former in (FORMER, b"", b"not json", b"[]"):
        assert engine_version(subscription(former)) == 0


def test_a_subscription_says_its_process_or_none() -> None:
    assert process_of(subscription(with_process(NEW, "a on host"))) == "a on host"
    assert engine_version(subscription(with_process(NEW, "a on host"))) == NEWEST_VERSION
    assert process_of(subscription(FORMER)) == process_of(b"") == ""


async def test_workers_of_this_engine_and_groups_without_members_are_fine(patience: pytest.MonkeyPatch) -> None:
    use(patience, FakeBroker(pipeline=[("Stable", [member("w0", NEW)])], crm=[("Empty", [])]))
    await require_engine_version(SETTINGS, NEWEST_VERSION)


@pytest.mark.parametrize("group", ["pipeline", "ledger", "crm"])
async def test_a_former_worker_of_any_group_is_named(group: str, patience: pytest.MonkeyPatch) -> None:
    use(patience, FakeBroker(**{group: [("Stable", [member("w0", NEW), member("w1", FORMER)])]}))
    with pytest.raises(
        FormerWorkers, match=rf"version 4: w1 of p-leadstream-{group} on 10\.0\.0\.1; nothing"
    ) as error:
        await require_engine_version(SETTINGS, NEWEST_VERSION)
    assert "w0" not in str(error.value)
    assert error.value.exit_code == 78


async def test_a_group_that_is_shared_out_is_waited_for(patience: pytest.MonkeyPatch) -> None:
    """The broker names no subscription meanwhile, so nobody's version is known."""
    sharing_out = ("PreparingRebalance", [("w0", "client", "/10.0.0.1", b"", b"")])
    answers = [GroupCoordinatorNotAvailableError(), sharing_out, ("Stable", [member("w0", NEW)])]
    use(patience, FakeBroker(pipeline=answers))
    await require_engine_version(SETTINGS, NEWEST_VERSION)
    patience.setattr(worker_groups, "PATIENCE_SECONDS", 0.05)
    use(patience, FakeBroker(pipeline=[sharing_out]))
    with pytest.raises(Unavailable, match="does not come to rest"):
        await require_engine_version(SETTINGS, NEWEST_VERSION)


async def test_a_group_that_may_not_be_looked_at_is_an_error_of_one_line(patience: pytest.MonkeyPatch) -> None:
    use(patience, FakeBroker(pipeline=[GroupAuthorizationFailedError("no")]))
    with pytest.raises(Unavailable, match=r"workers of p-leadstream-pipeline are not known, nothing was written"):
        await require_engine_version(SETTINGS, NEWEST_VERSION)


class AskingReleases(MemoryReleases):
    """Notes each version that the workers were asked for."""

    def __init__(self) -> None:
        super().__init__()
        self.asked: list[int] = []

    async def _require_workers(self, version: int) -> None:
        self.asked.append(version)


async def test_workers_are_asked_before_a_first_release_and_before_a_raise_only() -> None:
    releases = AskingReleases()
    content: dict[str, Any] = {"account": "old", "segments": []}
    await releases.write_release("old", {**content, "engine_version": 3}, 0)
    await releases.write_release("old", content, 1)
    assert releases.asked == []
    await releases.write_release("old", {**content, "engine_version": 4}, 2)
    assert releases.asked == [4]
    await releases.write_release("old", content, 3)
    assert releases.asked == [4]
    await releases.write_release("new", {"account": "new"}, 0)
    assert releases.asked == [4, 4]


def assigned(name: str, *partitions: tuple[str, list[int]]) -> tuple[str, str, str, bytes, bytes]:
    """A member with partitions; the broker adds to its name what makes its id."""
    assignment: bytes = ConsumerProtocolMemberAssignment(0, list(partitions), b"").encode()
    id_ = f"{name}-0b8e3c5e-1f5d-4b0e-9a55-0c3f3b2d9a11"
    return (id_, "client", "/10.0.0.1", subscription(with_process(NEW, f"{name} on h")), assignment)


async def test_workers_are_shown_with_their_slots(monkeypatch: pytest.MonkeyPatch) -> None:
    members = [
        assigned("w-1", ("p-journal", [2, 0]), ("p-web-visits", [0, 2, 4])),
        assigned("host-2", ("p-web-visits", [1])),
        ("w0", "client", "/10.0.0.2", b"", b""),  # while the group is being shared out
    ]
    broker = FakeBroker(pipeline=[("Stable", members)])
    monkeypatch.setattr(worker_groups, "admin_client", broker.client)
    assert await group_workers("k:1", "p-leadstream-pipeline", "p-journal") == [
        GroupWorker("host-2", "10.0.0.1", "host-2 on h", (), 1, "p-leadstream-pipeline"),
        GroupWorker("w-1", "10.0.0.1", "w-1 on h", (0, 2), 5, "p-leadstream-pipeline"),
        GroupWorker("w0", "10.0.0.2", "", (), group="p-leadstream-pipeline"),
    ]
    assert await group_workers("k:1", "p-leadstream-ledger", "p-ledger-journal") == []


async def test_where_no_group_was_ever_made_there_are_no_workers(monkeypatch: pytest.MonkeyPatch) -> None:
    broker = FakeBroker(pipeline=[GroupCoordinatorNotAvailableError()])
    monkeypatch.setattr(worker_groups, "admin_client", broker.client)
    assert await group_workers("k:1", "p-leadstream-pipeline", "p-journal") == ()

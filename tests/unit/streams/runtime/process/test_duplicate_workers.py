"""A fenced worker tells a second worker of its name from a restart of its own."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from aiokafka.coordinator.protocol import ConsumerProtocolMemberMetadata
from aiokafka.errors import NotCoordinatorError

from streams.errors import DuplicateWorker, Fenced, Internal
from streams.kafka.worker_groups import GroupMember, process_name, with_engine_version, with_process
from streams.runtime.process import duplicate_workers
from streams.runtime.process.duplicate_workers import FencingDiagnosis, find_duplicate, named_members

UUID = "0f5d9c1e-58c4-4a8e-9f2b-1c2d3e4f5a6b"
FIRST_CLIENT = "leadstream-w1-1-first"
"""The broker keeps it while processes of the name come and go within the session."""


def member(name: str, process: str) -> GroupMember:
    user_data = with_process(with_engine_version(), process)
    metadata: bytes = ConsumerProtocolMemberMetadata(0, ["p-journal"], user_data).encode()
    return (f"{name}-{UUID}", FIRST_CLIENT, "/10.0.0.1", metadata, b"")


def unsettled(name: str) -> GroupMember:
    """A member as the broker shows it while the group is being shared out."""
    return (f"{name}-{UUID}", FIRST_CLIENT, "/10.0.0.1", b"", b"")


def test_another_process_of_the_name_is_a_double_and_is_named() -> None:
    assert find_duplicate([member("w1", "b on host-2")], "a on host-1") == "b on host-2"


def test_a_process_that_started_again_is_no_double_of_the_one_before_it() -> None:
    assert find_duplicate([member("w1", "a on host-1")], "a on host-1") is None


def test_a_member_whose_process_is_not_known_is_no_double() -> None:
    former = (f"w1-{UUID}", FIRST_CLIENT, "/10.0.0.1", ConsumerProtocolMemberMetadata(0, [], b"{}").encode(), b"")
    assert find_duplicate([unsettled("w1"), former], "a on host-1") is None


def test_names_that_begin_alike_are_different() -> None:
    own = member("w1", "a")
    assert named_members([own, member("w1-x", "b"), member("w", "c")], "w1") == [own]


async def diagnose(
    monkeypatch: pytest.MonkeyPatch, *answers: Sequence[GroupMember] | Exception, patience: float = 60.0
) -> BaseException:
    """What becomes of a fencing when the broker gives these answers, the last one for ever."""
    rest = list(answers)

    async def group_members(_bootstrap: str, _group: str) -> Sequence[GroupMember]:
        answer = rest.pop(0) if len(rest) > 1 else rest[0]
        if isinstance(answer, Exception):
            raise answer
        return answer

    monkeypatch.setattr(duplicate_workers, "group_members", group_members)
    monkeypatch.setattr(duplicate_workers, "_PAUSE_SECONDS", 0)
    return await FencingDiagnosis("bootstrap", "group", "w1", "me", patience).diagnose(Fenced("taken over"))


async def test_a_double_that_joins_again_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    own, other = [member("w1", process_name("me"))], [member("w1", "other on host-2")]
    error = await diagnose(monkeypatch, own, [unsettled("w1")], other)
    assert isinstance(error, DuplicateWorker)
    assert "another worker is named w1 too, other on host-2;" in str(error)


async def test_without_a_double_it_stays_a_fencing(monkeypatch: pytest.MonkeyPatch) -> None:
    own = [member("w1", process_name("me"))]
    assert isinstance(await diagnose(monkeypatch, own, patience=0.01), Fenced)
    assert isinstance(await diagnose(monkeypatch, [member("w2", "x")]), Fenced)
    assert isinstance(await diagnose(monkeypatch, NotCoordinatorError()), Fenced)


async def test_other_errors_are_not_looked_at(monkeypatch: pytest.MonkeyPatch) -> None:
    error = Internal("something else")
    assert await FencingDiagnosis("nowhere:1", "group", "w1", "me", 60.0).diagnose(error) is error

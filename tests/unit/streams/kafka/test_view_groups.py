"""Each Redis of read models has a consumer group of its own, and a status finds those of a deployment."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from types import SimpleNamespace
from typing import Any

import pytest
from aiokafka.errors import GroupLoadInProgressError, KafkaError

from connectors.ports import free_port
from streams.errors import BrokerUnavailable
from streams.kafka import view_groups
from streams.kafka.view_groups import (
    is_embedded,
    new_embedded_name,
    read_view_groups,
    remove_group,
    view_group_id,
)
from streams.kafka.worker_groups import GroupMember
from streams.settings import Settings

SETTINGS = Settings(prefix="p-")
MEMBER: GroupMember = ("w0-views-4f1c0a52-1111-2222-3333-444455556666", "client", "/10.0.0.1", b"", b"")


class BrokerOfGroups:
    """Lists groups with their members; raises the errors first, one at a question."""

    def __init__(self, groups: dict[str, Sequence[GroupMember]], *errors: KafkaError) -> None:
        self._groups = groups
        self._errors = list(errors)

    async def list_consumer_groups(self) -> list[Any]:
        if self._errors:
            raise self._errors.pop(0)
        return [(group, "consumer") for group in self._groups]

    async def describe_consumer_groups(self, groups: list[str]) -> list[Any]:
        (group,) = groups  # aiokafka cannot read an answer about several
        return [SimpleNamespace(groups=[(0, group, "Stable", "consumer", "roundrobin", self._groups[group])])]

    @asynccontextmanager
    async def client(self, _bootstrap: str) -> AsyncIterator[BrokerOfGroups]:
        yield self


def use(
    monkeypatch: pytest.MonkeyPatch, groups: dict[str, Sequence[GroupMember]], *errors: KafkaError
) -> pytest.MonkeyPatch:
    monkeypatch.setattr(view_groups, "admin_client", BrokerOfGroups(groups, *errors).client)
    monkeypatch.setattr(view_groups, "_PAUSE_SECONDS", 0)
    return monkeypatch


def test_a_group_is_that_of_the_deployment_unless_a_setting_names_another() -> None:
    assert view_group_id(SETTINGS) == "p-leadstream-views"
    assert view_group_id(Settings(prefix="p-", views_group="second")) == "p-leadstream-views-second"


def test_each_embedded_redis_has_a_group_of_its_own() -> None:
    first, second = new_embedded_name(), new_embedded_name()
    assert first != second
    assert Settings(views_group=first).views_group == first
    assert is_embedded(first)
    assert not is_embedded("second")
    assert not is_embedded(None)


async def test_the_own_group_comes_first_and_others_of_the_deployment_follow(monkeypatch: pytest.MonkeyPatch) -> None:
    groups = ["leadstream-views", "p-leadstream-pipeline", "p-leadstream-viewsx", "p-leadstream-views-second"]
    use(monkeypatch, {**dict.fromkeys(groups, ()), "p-leadstream-views": [MEMBER], "other-leadstream-views-x": ()})
    own, other = await read_view_groups(SETTINGS, "p-contacts")
    assert (own.id, own.name, [each.name for each in own.workers]) == ("p-leadstream-views", "", ["w0-views"])
    assert (other.id, other.name, other.workers) == ("p-leadstream-views-second", "second", [])
    own, other = await read_view_groups(Settings(prefix="p-", views_group="second"), "p-contacts")
    assert (own.name, other.name) == ("second", "")


async def test_an_embedded_redis_that_has_ended_is_left_out_and_one_that_lives_is_not(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    use(monkeypatch, {"p-leadstream-views-embedded-a1": (), "p-leadstream-views-embedded-b2": [MEMBER]})
    own, other = await read_view_groups(SETTINGS, "p-contacts")
    assert (own.id, own.workers) == ("p-leadstream-views", ())
    assert other.name == "embedded-b2"
    [own, *_] = await read_view_groups(Settings(prefix="p-", views_group="embedded-a1"), "p-contacts")
    assert own.id == "p-leadstream-views-embedded-a1", "its own one is told in any case"


async def test_a_coordinator_that_moves_is_asked_again_and_one_that_stays_away_is_an_error(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    use(monkeypatch, {"p-leadstream-views": [MEMBER]}, GroupLoadInProgressError())
    [own] = await read_view_groups(SETTINGS, "p-contacts")
    assert len(own.workers) == 1
    use(monkeypatch, {}, *(GroupLoadInProgressError() for _ in range(10_000)))
    monkeypatch.setattr(view_groups, "PATIENCE_SECONDS", 0.01)
    with pytest.raises(BrokerUnavailable, match="GroupLoadInProgressError; see that every broker runs"):
        await read_view_groups(SETTINGS, "p-contacts")


async def test_a_group_that_cannot_be_removed_keeps_no_process_from_its_end() -> None:
    problem = await remove_group(f"127.0.0.1:{free_port()}", "p-leadstream-views-embedded-a1")
    assert problem == "KafkaConnectionError"

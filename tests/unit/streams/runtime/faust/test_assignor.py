"""Partitions travel as slots: in-topic partition q goes with journal partition q mod N, whatever its topic."""

from __future__ import annotations

import json
from types import SimpleNamespace
from typing import Any

import faust
import pytest
from faust.assignor.client_assignment import ClientAssignment, ClientMetadata

from schemas.engine_versions import NEWEST_VERSION
from streams.runtime.faust.assignor import slot_assignor
from tests.harness.runtime.process_exit import ProcessExit, patch_process_exit

COUNTS = {"journal": 4, "app-rows-changelog": 4, "web-visits": 3, "contact-changes": 7}


@pytest.fixture(autouse=True)
def _no_end(monkeypatch: pytest.MonkeyPatch) -> None:
    patch_process_exit(monkeypatch)


def assignor() -> Any:
    """The assignor of an app with four slots and two in-topics."""
    app = faust.App("app", broker="kafka://127.0.0.1:1", store="memory://", topic_partitions=4)
    app.tables.add(faust.Table(app, name="rows", partitions=4))
    return slot_assignor("journal", ["web-visits", "contact-changes"], 4)(app)


def cluster(**changed: int) -> Any:
    """The cluster's metadata as a member reads it."""
    counts = {**COUNTS, **{name.replace("_", "-"): count for name, count in changed.items()}}
    return SimpleNamespace(partitions_for_topic=lambda topic: set(range(counts.get(topic, 0))) or None)


def member(actives: dict[str, set[int]]) -> Any:
    """A member of the group with its former assignment."""
    metadata = ClientMetadata(
        assignment=ClientAssignment(
            actives={topic: sorted(numbers) for topic, numbers in actives.items()}, standbys={}
        ),
        url="http://localhost:6066",
        changelog_distribution={},
        external_topic_distribution={},
        topic_groups={},
    )
    return SimpleNamespace(subscription=list(COUNTS), user_data=metadata.dumps())


def members(*names: str) -> dict[str, Any]:
    """The group's members, without any former assignment."""
    return {name: member({}) for name in names}


def assign(*names: str) -> dict[str, dict[str, set[int]]]:
    """Each member's partitions by topic."""
    return assign_again(members(*names))


def assign_again(group: dict[str, Any]) -> dict[str, dict[str, set[int]]]:
    """Each member's partitions by topic, after those in the group's metadata."""
    assigned = assignor()._perform_assignment(cluster(), group)
    return {
        name: {topic: set(numbers) for topic, numbers in assignment.assignment}
        for name, assignment in assigned.items()
    }


def test_an_in_topic_partition_goes_with_its_slot() -> None:
    for assignment in assign("a", "b", "c").values():
        slots = assignment.get("journal", set())
        assert assignment.get("app-rows-changelog", set()) == slots
        for topic in ("web-visits", "contact-changes"):
            assert assignment.get(topic, set()) == {number for number in range(COUNTS[topic]) if number % 4 in slots}


def test_every_partition_has_one_owner() -> None:
    assignments = assign("a", "b", "c")
    for topic, count in COUNTS.items():
        owned = [number for assignment in assignments.values() for number in assignment.get(topic, ())]
        assert sorted(owned) == list(range(count))


def test_when_a_worker_joins_the_others_only_give() -> None:
    before = assign("a", "b")
    after = assign_again({**{name: member(actives) for name, actives in before.items()}, "c": member({})})
    for name, actives in before.items():
        for topic in COUNTS:
            assert after[name].get(topic, set()) <= actives.get(topic, set())
    assert sorted(len(actives["journal"]) for actives in after.values()) == [1, 1, 2]


def test_when_a_worker_leaves_the_others_only_take() -> None:
    before = assign("a", "b", "c")
    after = assign_again({name: member(before[name]) for name in ("b", "c")})
    for name, actives in after.items():
        for topic in COUNTS:
            assert actives.get(topic, set()) >= before[name].get(topic, set())
        assert len(actives["journal"]) == 2


def test_a_worker_without_a_slot_has_no_partition_at_all() -> None:
    assignments = assign("a", "b", "c", "d", "e")
    assert [name for name, actives in assignments.items() if not any(actives.values())] == ["e"]


def test_an_assignment_without_every_known_topic_is_refused() -> None:
    with pytest.raises(ProcessExit):
        assignor()._perform_assignment(cluster(web_visits=0), members("a"))


def test_an_assignment_without_all_slots_is_refused() -> None:
    with pytest.raises(ProcessExit):
        assignor()._perform_assignment(cluster(journal=3), members("a"))


def test_a_members_subscription_says_its_engine_version_and_faust_can_read_it() -> None:
    user_data = assignor().metadata({"journal"}).user_data
    assert json.loads(user_data)["engine_version"] == NEWEST_VERSION
    assert ClientMetadata.loads(user_data).url == json.loads(user_data)["url"]

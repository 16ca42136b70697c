"""The releases of an account from the first on, and where each of them stands."""

from __future__ import annotations

from typing import Any

import msgspec

from schemas.values import instant_ms, instant_text
from streams.definitions.history import ReleaseHistory, build_release_history
from streams.engine.partition.broadcast import PartitionStatus, PendingProposal
from streams.engine.releases.release_log import ReleaseLog

NOON = instant_ms("2026-03-01T12:00:00Z")
VIP: dict[str, Any] = {"segments": [{"id": "vip"}]}
MORE: dict[str, Any] = {"segments": [{"id": "vip", "name": "VIPs"}, {"id": "new"}]}


def log_of(*records: tuple[int, dict[str, Any]]) -> ReleaseLog:
    """Records of `definitions`: what each is based on, and its definitions."""
    log = ReleaseLog("events")
    for offset, (based_on, definitions) in enumerate(records):
        record = {"type": "definitions.applied", "id": f"r{offset}", "at": instant_text(NOON + offset)}
        value = msgspec.json.encode({**record, "based_on": based_on, "definitions": definitions})
        log.add(offset, NOON, b"default", value)
    return log


def course(*standings: PartitionStatus) -> ReleaseHistory:
    return build_release_history("default", log_of((0, VIP), (0, MORE), (1, MORE)), standings)


def test_releases_are_told_with_what_each_changed_and_void_records_in_between() -> None:
    counted = PartitionStatus(releases={"default": 1}, proposed={"default": PendingProposal(2, 7)})
    decided = PartitionStatus(releases={"default": 2})
    lines = list(course(counted, decided, counted).lines())
    assert [line.rpartition("  ")[0] if line.startswith("release") else line for line in lines] == [
        "release 1  2026-03-01T12:00:00.000Z",
        "  + segment vip",
        "  decides in 2 of 3 partitions",
        "void at offset 1: based on release 0, but 1 is the latest",
        "release 2  2026-03-01T12:00:00.002Z",
        "  + segment new",
        "  ~ segment vip (name: none -> VIPs)",
        "  decides in 1 of 3 partitions, is being counted in 2",
    ]


def test_a_release_that_no_worker_took_says_so() -> None:
    assert list(course(PartitionStatus(), PartitionStatus()).lines())[-1] == "  has come to none of 2 partitions yet"


def test_a_machine_reads_the_same() -> None:
    described = course(PartitionStatus(releases={"default": 2})).to_dict()
    assert (described["account"], described["partitions"]) == ("default", 1)
    assert [(each["number"], each["decides_in"], each["counted_in"]) for each in described["releases"]] == [
        (1, 0, 0),
        (2, 1, 0),
    ]
    assert described["releases"][0]["changes"] == ["+ segment vip"]
    assert described["void"] == [{"offset": 1, "id": "r1", "reason": "based on release 0, but 1 is the latest"}]
    assert build_release_history("nobody", log_of((0, VIP)), []).to_dict()["releases"] == []

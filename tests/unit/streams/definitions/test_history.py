"""The releases of an account from the first on, and in how many partitions each decides."""

from __future__ import annotations

from typing import Any

import msgspec

from schemas.values import instant_ms, instant_text
from streams.definitions.history import ReleaseHistory, build_release_history
from streams.engine.partition.checkpoint import PartitionStatus, PendingProposal
from streams.engine.releases.release_log import ReleaseLog

NOON = instant_ms("2026-03-01T12:00:00Z")
VIP: dict[str, Any] = {"segments": [{"id": "vip"}]}
MORE: dict[str, Any] = {"segments": [{"id": "vip", "name": "VIPs"}, {"id": "new"}]}


def release_log(*records: tuple[int, dict[str, Any]]) -> ReleaseLog:
    """Returns a log of records of `definitions`: what each is based on, and its definitions."""
    log = ReleaseLog("events")
    for offset, (based_on, definitions) in enumerate(records):
        record = {"type": "definitions.applied", "id": f"r{offset}", "at": instant_text(NOON + offset)}
        value = msgspec.json.encode({**record, "based_on": based_on, "definitions": definitions})
        log.add(offset, NOON, b"default", value)
    return log


def history(*statuses: PartitionStatus) -> ReleaseHistory:
    return build_release_history("default", release_log((0, VIP), (0, MORE), (1, MORE)), statuses)


def test_lines_show_what_each_release_changed_and_void_records_in_between() -> None:
    backfilling = PartitionStatus(releases={"default": 1}, proposed={"default": PendingProposal(2, 7)})
    active = PartitionStatus(releases={"default": 2})
    lines = list(history(backfilling, active, backfilling).lines())
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


def test_a_release_without_any_partition_says_so() -> None:
    assert list(history(PartitionStatus(), PartitionStatus()).lines())[-1] == "  has come to none of 2 partitions yet"


def test_the_json_form_has_the_same_content() -> None:
    document = history(PartitionStatus(releases={"default": 2})).to_dict()
    assert (document["account"], document["partitions"]) == ("default", 1)
    assert [(each["number"], each["decides_in"], each["counted_in"]) for each in document["releases"]] == [
        (1, 0, 0),
        (2, 1, 0),
    ]
    assert document["releases"][0]["changes"] == ["+ segment vip"]
    assert document["void"] == [{"offset": 1, "id": "r1", "reason": "based on release 0, but 1 is the latest"}]
    assert build_release_history("nobody", release_log((0, VIP)), []).to_dict()["releases"] == []

"""Lines of `definitions.applied` become releases, or are refused with file and line."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from streams.errors import DefinitionsRefused
from streams.publish.lines import DefinitionsLine
from streams.publish.release_lines import ReleaseLineWriter
from tests.harness.kafka.memory_releases import MemoryReleases

FAR_FUTURE = 1 << 45
SEGMENT = {"id": "all", "dynamic": True, "when": {"visit": {}}}


class CompetingReleases(MemoryReleases):
    """Another writer's release comes before each of its own."""

    async def _send_record(self, account: str, value: bytes) -> None:
        self.append(account, msgspec.json.encode({**msgspec.json.decode(value), "id": "other"}))
        await super()._send_record(account, value)


def line(definitions: Any, at: int | None = None) -> DefinitionsLine:
    return DefinitionsLine("events.jsonl:3", "acme", at, definitions)


async def test_each_line_is_the_next_release_of_its_account() -> None:
    releases = MemoryReleases()
    writer = ReleaseLineWriter(releases)
    assert await writer.apply_line(line({"segments": []})) == 1
    assert await writer.apply_line(line({"segments": [SEGMENT]}, at=1_000)) == 2
    latest = await releases.latest("acme")
    assert latest is not None
    assert (latest.number, latest.at, [segment.id for segment in latest.definitions.segments]) == (2, 1_000, ["all"])


@pytest.mark.parametrize(
    ("definitions", "problem"),
    [(None, "`definitions` must be an object"), ({"segments": [{"dynamic": True}]}, r"segments\[0\]")],
)
async def test_definitions_that_cannot_be_read_are_refused(definitions: Any, problem: str) -> None:
    with pytest.raises(DefinitionsRefused, match=rf"events\.jsonl:3: .*{problem}"):
        await ReleaseLineWriter(MemoryReleases()).apply_line(line(definitions))


async def test_a_line_that_states_the_oldest_version_is_a_record_that_an_engine_of_it_can_read() -> None:
    releases = MemoryReleases()
    await ReleaseLineWriter(releases).apply_line(line({"engine_version": 3}))
    await ReleaseLineWriter(releases).apply_line(line({"engine_version": 3, "segments": [SEGMENT]}))
    written = (await releases.read_log()).releases_of("acme")
    assert [(each.definitions.engine_version, "engine_version" in each.document) for each in written] == [
        (3, False),
        (3, False),
    ]


async def test_a_lower_version_than_the_accounts_is_refused_and_nothing_is_written() -> None:
    releases = MemoryReleases()
    await ReleaseLineWriter(releases).apply_line(line({"engine_version": 4}))
    with pytest.raises(DefinitionsRefused, match=r"events\.jsonl:3: engine_version: engine version 3 is before 4"):
        await ReleaseLineWriter(releases).apply_line(line({"engine_version": 3}))
    with pytest.raises(DefinitionsRefused, match="engine version 3 is before 4"):
        await releases.write_release("acme", {"account": "acme", "engine_version": 3}, 1)
    log = await releases.read_log()
    assert (len(log.releases_of("acme")), log.void_releases) == (1, [])


async def test_a_future_release_is_refused_on_the_wall_clock() -> None:
    with pytest.raises(DefinitionsRefused, match=r"events\.jsonl:3: .* is still to come"):
        await ReleaseLineWriter(MemoryReleases("wall")).apply_line(line({}, at=FAR_FUTURE))


async def test_a_release_that_another_one_overtook_is_refused() -> None:
    with pytest.raises(DefinitionsRefused, match=r"events\.jsonl:3: "):
        await ReleaseLineWriter(CompetingReleases()).apply_line(line({}))

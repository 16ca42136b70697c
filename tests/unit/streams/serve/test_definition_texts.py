"""Definitions as YAML: written once for each release, and beside the server's other work."""

from __future__ import annotations

import asyncio
import time
from typing import Any

import msgspec
import pytest
from ruamel.yaml import YAML

from tests.harness.serve.api import ApiUnderTest, FixedDefinitions, serving

LIMIT_SECONDS = 5.0
PATH = "/api/v1/definitions"


class SlowDump:
    """YAML that takes as long to write as the loop does nothing else."""

    def __init__(self) -> None:
        self.count = 0
        self.ticks = 0
        self._dump = YAML.dump

    def dump(self, yaml: YAML, data: Any, stream: Any) -> None:
        """Waits until the loop has done something since, and writes."""
        self.count += 1
        before, end = self.ticks, time.monotonic() + LIMIT_SECONDS
        while self.ticks == before:
            assert time.monotonic() < end, "the loop does nothing but write YAML"
            time.sleep(0.001)
        self._dump(yaml, data, stream)

    async def tick(self) -> None:
        while True:
            self.ticks += 1
            await asyncio.sleep(0.001)


@pytest.fixture
def slow(monkeypatch: pytest.MonkeyPatch) -> SlowDump:
    slow = SlowDump()

    def dump(yaml: YAML, data: Any, stream: Any) -> None:
        slow.dump(yaml, data, stream)

    monkeypatch.setattr(YAML, "dump", dump)
    return slow


def apply_segment(api: ApiUnderTest, name: str) -> None:
    """Makes a second release."""
    assert isinstance(api.context.definitions, FixedDefinitions)
    record: dict[str, Any] = {"type": "definitions.applied", "id": "release-2", "account": "default", "based_on": 1}
    record["definitions"] = {"segments": [{"id": name}]}
    api.context.definitions._own_log.add(1, 1_772_357_400_000, b"default", msgspec.json.encode(record))


async def test_the_text_is_written_once_for_a_release_and_holds_back_nothing(slow: SlowDump) -> None:
    ticking = asyncio.create_task(slow.tick())
    async with serving() as (api, client):
        answers = await asyncio.gather(*(client.get(PATH) for _ in range(3)))
        assert [each.json()["text"].splitlines()[:2] for each in answers] == [["segments:", "- id: german"]] * 3
        assert slow.count == 1
        apply_segment(api, "press")
        assert (await client.get(PATH)).json()["text"] == "segments:\n- id: press\n"
        assert slow.count == 2
    ticking.cancel()


async def test_a_text_that_could_not_be_written_is_written_when_it_is_asked_for_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    dump, failures = YAML.dump, [RuntimeError("can't start new thread")]

    def dump_at_last(yaml: YAML, data: Any, stream: Any) -> None:
        if failures:
            raise failures.pop()
        dump(yaml, data, stream)

    monkeypatch.setattr(YAML, "dump", dump_at_last)
    async with serving() as (api, _):
        release = (await api.context.definitions.log()).latest("default")
        assert release is not None
        with pytest.raises(RuntimeError, match="new thread"):
            await api.context.definition_texts.text(release)
        assert "id: german" in await api.context.definition_texts.text(release)

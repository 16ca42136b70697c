"""A release is compiled once for all partitions of a process."""

from __future__ import annotations

import pytest

from schemas.definitions import Definitions
from streams.engine.journal.records import Marker
from streams.engine.partition.decider import PartitionDecider
from streams.engine.releases import cache
from streams.engine.releases.cache import ReleaseCache, ReleaseCompiler
from streams.engine.releases.compile import compile_release
from streams.engine.releases.compiled import CompiledRelease
from streams.engine.settings import DEFAULT_ENGINE_SETTINGS


class Compilations:
    """Counts what is compiled."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.numbers: list[int] = []
        monkeypatch.setattr(cache, "compile_release", self.compile)

    def compile(self, definitions: Definitions, number: int) -> CompiledRelease:
        self.numbers.append(number)
        return compile_release(definitions, number)


@pytest.fixture
def compilations(monkeypatch: pytest.MonkeyPatch) -> Compilations:
    return Compilations(monkeypatch)


def compiler() -> ReleaseCompiler:
    definitions = Definitions.model_validate({"segments": [{"id": "vip"}]})
    return ReleaseCompiler(lambda _account, _number: definitions)


def test_caches_with_one_compiler_share_a_release(compilations: Compilations) -> None:
    shared = compiler()
    caches = [ReleaseCache(shared), ReleaseCache(shared)]
    assert caches[0].get("default", 1) is caches[1].get("default", 1)
    assert compilations.numbers == [1]


def test_a_release_that_no_cache_holds_is_forgotten(compilations: Compilations) -> None:
    shared = compiler()
    first, second = ReleaseCache(shared), ReleaseCache(shared)
    first.get("default", 1)
    second.get("default", 1)
    first.discard("default", 1)
    first.get("default", 1)
    assert compilations.numbers == [1]
    for one in (first, second):
        one.discard_before("default", 2)
    first.get("default", 1)
    assert compilations.numbers == [1, 1]


def test_a_release_that_was_prepared_takes_no_time_when_its_marker_comes(compilations: Compilations) -> None:
    shared = compiler()
    decider = PartitionDecider(0, shared.lookup, DEFAULT_ENGINE_SETTINGS, compiler=shared)
    decider.resume(None)
    marker = Marker("default", 1, 0, "", None, 4)
    decider.prepare(marker)
    assert compilations.numbers == [1]
    assert not decider.needs_backfill(marker)
    assert compilations.numbers == [1]


def test_a_partition_that_goes_on_has_its_releases_compiled_at_once(compilations: Compilations) -> None:
    shared = compiler()
    decider = PartitionDecider(0, shared.lookup, DEFAULT_ENGINE_SETTINGS, compiler=shared)
    decider.resume(b'{"standing":{"releases":{"default":1}},"semantics":4}')
    assert compilations.numbers == [1]

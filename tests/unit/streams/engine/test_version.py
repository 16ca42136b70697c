"""An engine knows two of its versions and refuses state and releases of any other."""

from __future__ import annotations

import msgspec
import pytest

from schemas.engine_versions import NEWEST_VERSION, OLDEST_VERSION
from streams.engine.journal import records
from streams.engine.partition.checkpoint import Checkpoint, PartitionStatus
from streams.engine.partition.decider import PartitionDecider
from streams.engine.settings import DEFAULT_ENGINE_SETTINGS
from streams.errors import ConfigurationError, EngineVersionMismatch
from streams.runtime.checkpoint import SlotCheckpoint
from streams.store.store import decider_checkpoint
from tests.harness.engine.engine_driver import BUDGET, sound_definitions

UNKNOWN = (OLDEST_VERSION - 1, NEWEST_VERSION + 1)


def new_decider() -> PartitionDecider:
    decider = PartitionDecider(0, lambda *_: sound_definitions({"segments": []}), DEFAULT_ENGINE_SETTINGS)
    decider.resume(None)
    return decider


@pytest.mark.parametrize("version", UNKNOWN)
def test_state_of_an_unknown_engine_version_is_refused(version: int) -> None:
    state = msgspec.json.encode(Checkpoint(PartitionStatus(), semantics=version))
    with pytest.raises(EngineVersionMismatch, match=f"version {version}, this one knows {OLDEST_VERSION} to"):
        new_decider().resume(state)
    with pytest.raises(EngineVersionMismatch, match="the contacts' state"):
        decider_checkpoint(SlotCheckpoint(checkpoint=state))


@pytest.mark.parametrize("version", [OLDEST_VERSION, NEWEST_VERSION])
def test_state_keeps_the_newest_version_of_its_releases(version: int) -> None:
    decider = new_decider()
    decider.feed(0, b"release", records.encode(records.Marker("default", 1, 0, "", None, version)))
    decider.work(BUDGET)
    checkpoint = decider.checkpoint()
    assert msgspec.json.decode(checkpoint)["semantics"] == version
    successor = new_decider()
    successor.resume(checkpoint)
    assert msgspec.json.decode(successor.checkpoint())["semantics"] == version


def test_state_without_any_release_has_the_oldest_version() -> None:
    """So that the engine before can go on from it."""
    assert msgspec.json.decode(new_decider().checkpoint())["semantics"] == OLDEST_VERSION


@pytest.mark.parametrize(
    "record",
    [
        record
        for version in UNKNOWN
        for record in (
            records.Marker("default", 1, 0, "", None, version),
            records.Proposal("default", 1, 0, "", version),
        )
    ],
)
def test_a_release_of_an_unknown_engine_version_is_refused(record: records.JournalRecord) -> None:
    decider = new_decider()
    decider.feed(0, b"release", records.encode(record))
    with pytest.raises(EngineVersionMismatch, match="release 1 of account default"):
        decider.work(BUDGET)


def test_no_restart_helps() -> None:
    assert issubclass(EngineVersionMismatch, ConfigurationError)
    assert EngineVersionMismatch.exit_code == 78

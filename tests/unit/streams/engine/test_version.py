"""An engine refuses state and releases of another engine version."""

from __future__ import annotations

import msgspec
import pytest

from streams.engine.journal import records
from streams.engine.partition.broadcast import PartitionStatus
from streams.engine.partition.decider import Checkpoint, PartitionDecider
from streams.engine.settings import DEFAULT_ENGINE_SETTINGS
from streams.engine.version import ENGINE_VERSION
from streams.errors import ConfigurationError, EngineVersionMismatch
from streams.runtime.checkpoint import SlotCheckpoint
from streams.store.store import decider_checkpoint
from tests.harness.engine.engine_driver import BUDGET, sound_definitions

OLDER = ENGINE_VERSION - 1


def new_decider() -> PartitionDecider:
    decider = PartitionDecider(0, lambda *_: sound_definitions({"segments": []}), DEFAULT_ENGINE_SETTINGS)
    decider.resume(None)
    return decider


def test_state_of_another_engine_version_is_refused() -> None:
    older = msgspec.json.encode(Checkpoint(PartitionStatus(), semantics=OLDER))
    with pytest.raises(EngineVersionMismatch, match=f"semantics {OLDER}, this one has {ENGINE_VERSION}"):
        new_decider().resume(older)
    with pytest.raises(EngineVersionMismatch, match="the contacts' state"):
        decider_checkpoint(SlotCheckpoint(checkpoint=older))
    new_decider().resume(new_decider().checkpoint())


@pytest.mark.parametrize(
    "record",
    [
        records.Marker("default", 1, 0, "", None, OLDER),
        records.Proposal("default", 1, 0, "", OLDER),
    ],
)
def test_a_release_of_another_engine_version_is_refused(record: records.JournalRecord) -> None:
    decider = new_decider()
    decider.feed(0, b"release", records.encode(record))
    with pytest.raises(EngineVersionMismatch, match="release 1 of account default"):
        decider.work(BUDGET)


def test_no_restart_helps() -> None:
    assert issubclass(EngineVersionMismatch, ConfigurationError)
    assert EngineVersionMismatch.exit_code == 78

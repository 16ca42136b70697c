"""An engine decides on nothing that an engine of another meaning left behind."""

from __future__ import annotations

import msgspec
import pytest

from streams.engine.journal import records
from streams.engine.partition.broadcast import Standing
from streams.engine.partition.decider import Checkpoint, PartitionDecider
from streams.engine.version import SEMANTICS
from streams.errors import ConfigurationError, OtherSemantics
from streams.runtime.checkpoint import Positions
from streams.store.store import checkpoint_of
from tests.harness.engine.engine_driver import BUDGET, read

OLDER = SEMANTICS - 1


def decider() -> PartitionDecider:
    made = PartitionDecider(0, lambda *_: read({"segments": []}))
    made.resume(None)
    return made


def test_a_state_of_another_meaning_is_not_decided_on() -> None:
    older = msgspec.json.encode(Checkpoint(Standing(), semantics=OLDER))
    with pytest.raises(OtherSemantics, match=f"semantics {OLDER}, this one has {SEMANTICS}"):
        decider().resume(older)
    with pytest.raises(OtherSemantics, match="the contacts' state"):
        checkpoint_of(Positions(checkpoint=older))
    decider().resume(decider().checkpoint())


@pytest.mark.parametrize(
    "record",
    [
        records.Marker("default", 1, 0, "", None, OLDER),
        records.Proposal("default", 1, 0, "", OLDER),
    ],
)
def test_a_release_of_another_meaning_does_not_decide(record: records.Record) -> None:
    made = decider()
    made.feed(0, b"release", records.encode(record))
    with pytest.raises(OtherSemantics, match="release 1 of account default"):
        made.work(BUDGET)


def test_no_restart_helps() -> None:
    assert issubclass(OtherSemantics, ConfigurationError)
    assert OtherSemantics.exit_code == 78

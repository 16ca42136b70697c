"""A slot back-fills for a decider whose releases need it, and for no other."""

from __future__ import annotations

from schemas.definitions import Definitions
from streams.engine.ledger.decider import LedgerDecider
from streams.engine.partition.decider import PartitionDecider
from streams.engine.settings import DEFAULT_ENGINE_SETTINGS
from streams.runtime.protocols import BackfillingDecider, Decider
from tests.harness.runtime.fake_slot import fake_slot


def lookup(_account: str, _number: int) -> Definitions:
    """No definitions are applied in these tests."""
    raise AssertionError("nothing is decided")


def test_a_slot_of_contacts_back_fills() -> None:
    decider: Decider = PartitionDecider(0, lookup, DEFAULT_ENGINE_SETTINGS)
    assert isinstance(decider, BackfillingDecider)
    assert fake_slot(decider=decider)._backfill is not None


def test_the_ledgers_slot_does_not() -> None:
    decider: Decider = LedgerDecider(lookup)
    assert not isinstance(decider, BackfillingDecider)
    assert fake_slot(decider=decider)._backfill is None

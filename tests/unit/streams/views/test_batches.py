"""Operations are collected by account in portions that Redis does quickly."""

from __future__ import annotations

from streams.views.batches import PORTION, OperationBatch
from streams.views.models.operation import Operation


def test_operations_keep_their_order_and_name_the_place_of_their_partition() -> None:
    batch = OperationBatch()
    batch.add("contacts:0", 5, Operation("default", "contact", ("ada", "t", b"{}"), 3))
    batch.add("leads:1", 9, Operation("default", "no_lead", ("spring", "ada"), 8))
    batch.add("contacts:0", 7, Operation("default", "contact", ("bob", "t", b"{}"), 3))
    [(account, [portion])] = batch.accounts()
    assert account == "default"
    assert portion.partitions == {"contacts:0": 8, "leads:1": 10}
    assert portion.arguments == [
        *("contact", 1, 5, "ada", "t", b"{}"),
        *("no_lead", 2, 9, "spring", "ada"),
        *("contact", 1, 7, "bob", "t", b"{}"),
    ]


def test_each_account_has_portions_of_its_own_and_none_takes_long() -> None:
    batch = OperationBatch()
    for offset in range(1_000):
        batch.add("contacts:0", offset, Operation(f"account-{offset % 2}", "no_lead", ("spring", "ada"), 8))
    portions = dict(batch.accounts())
    assert sorted(portions) == ["account-0", "account-1"]
    assert all(portion.weight < PORTION + 8 for own in portions.values() for portion in own)
    assert sum(len(portion.arguments) for own in portions.values() for portion in own) == 5_000
    assert len(portions["account-0"]) > 1

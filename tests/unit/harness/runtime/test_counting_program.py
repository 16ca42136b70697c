"""The outputs of the runtime tests' program do not depend on portions and restarts."""

from __future__ import annotations

import random
from collections import defaultdict

import pytest

from streams.engine.journal import records
from streams.engine.journal.effects import Budget, Output
from tests.harness.runtime.counting_program import CountingDecider
from tests.harness.runtime.oracle import UNBOUNDED

_JournalEntry = tuple[int, bytes, bytes]


def journal(chance: random.Random) -> list[_JournalEntry]:
    """Returns events of a few contacts, some of them late, and ticks between them."""
    entries: list[_JournalEntry] = []
    tick = 0
    for offset in range(300):
        if chance.random() < 0.15:
            tick += chance.randrange(1, 900)
            entries.append((offset, records.TICK_KEY, records.encode(records.Tick(tick))))
            continue
        contact = f"c{chance.randrange(8)}"
        at = max(0, tick - chance.randrange(-500, 2_000))
        event = records.JournalEvent(
            "counted", str(offset), at, "default", contact, ("t", 0, offset), fields={"amount": 1 + offset % 7}
        )
        entries.append((offset, records.event_key("default", contact), records.encode(event)))
    return entries


def by_key(outputs: list[Output]) -> dict[bytes, list[bytes | None]]:
    """Returns the values of each key, in order."""
    values_by_key: dict[bytes, list[bytes | None]] = defaultdict(list)
    for output in outputs:
        values_by_key[output.key].append(output.value)
    return values_by_key


@pytest.mark.parametrize("seed", range(20))
def test_outputs_per_contact_do_not_depend_on_portions_and_restarts(seed: int) -> None:
    chance = random.Random(seed)
    log = journal(chance)
    whole = CountingDecider()
    for entry in log:
        whole.feed(*entry)
    expected = whole.work(UNBOUNDED)

    rows: dict[bytes, bytes | None] = {}
    outputs: list[Output] = []
    decider, fetched, checkpoint = CountingDecider(), 0, None
    while fetched < len(log) or decider.has_pending():
        if chance.random() < 0.1:  # a new owner
            fetched = decider.resume_offset(fetched)
            decider = CountingDecider()
            for key, value in rows.items():
                decider.restore(key, value)
            decider.resume(checkpoint)
        for entry in log[fetched : fetched + chance.randrange(12)]:
            decider.feed(*entry)
            fetched = entry[0] + 1
        effects = decider.work(Budget(records=chance.randrange(1, 9)))
        rows.update(effects.rows)
        outputs.extend(effects.outputs)
        checkpoint = decider.checkpoint()
    assert by_key(outputs) == by_key(expected.outputs)
    assert rows == expected.rows

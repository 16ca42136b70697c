"""Counts what a worker process has committed since its start, once a transaction."""

from __future__ import annotations

import time
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterator
from typing import get_args

from schemas.topics import CRM_RESULTS, DEAD_LETTERS, NoModel
from streams.engine.journal.effects import TOMBSTONE
from streams.engine.journal.refusal_codes import REFUSAL_CODES
from streams.engine.ledger.outputs import OUTCOME_TYPE
from streams.runtime.slots.transaction import TransactionBatch
from streams.runtime.spec import AppSpec

TRANSACTION_BOUNDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
"""The upper bounds (seconds) by which the durations of transactions are counted."""


_DEAD_LETTER = (DEAD_LETTERS.name, "dead_letter")
"""The topic and type of a dead letter, which is the record that was refused and has no type of its own."""


class DurationCounts:
    """Durations, counted by upper bound as a Prometheus histogram has them; seconds."""

    def __init__(self, bounds: tuple[float, ...] = TRANSACTION_BOUNDS) -> None:
        self.bounds = bounds
        self.counts = [0] * (len(bounds) + 1)
        """How many lie in each interval; the last one is that above all bounds."""
        self.sum = 0.0

    def add(self, seconds: float) -> None:
        """Counts one duration."""
        self.counts[bisect_left(self.bounds, seconds)] += 1
        self.sum += seconds


class WorkCounts:
    """The committed transactions of all slots of one process; topics carry no prefix.

    `source_records` are records taken from in-topics, by topic, and `outputs` records written to out-topics, by topic
    and type; `dead_letters` are counted by code. `decided_records` are journal records taken for decision, `rows`
    changed rows of the changelog. `transactions` are durations from the first step to the commit. `unsaved_offsets`
    are failed commits of group offsets, which do no harm.
    """

    def __init__(self, prefix: str, spec: AppSpec) -> None:
        self._prefix = prefix
        self._journal = spec.journal.name
        self.source_records = Counter({topic.name: 0 for topic in spec.sources})
        # From 0 on: Prometheus sees no increase in a series that begins with 1.
        self.outputs = Counter(dict.fromkeys(_known_outputs(spec), 0))
        self.dead_letters = Counter(dict.fromkeys(REFUSAL_CODES, 0))
        self.decided_records = 0
        self.rows = 0
        self.transactions = DurationCounts()
        self.unsaved_offsets = 0

    def add(self, batch: TransactionBatch) -> None:
        """Counts one transaction that was committed just now."""
        self.transactions.add(time.monotonic() - batch.began)
        for partition, entries in batch.input_records.items():
            topic = partition.topic.removeprefix(self._prefix)
            if topic == self._journal:
                self.decided_records += len(entries)
            else:
                self.source_records[topic] += len(entries)
        self.outputs.update(batch.output_counts)
        self.outputs[_DEAD_LETTER] += batch.refusal_counts.total()
        self.rows += len(batch.rows)
        self.dead_letters.update(batch.refusal_counts)


def _known_outputs(spec: AppSpec) -> Iterator[tuple[str, str]]:
    """The topic and type of what a process may write; of `crm-results`, to which others write as well, its part."""
    yield _DEAD_LETTER
    for topic in spec.outputs:
        if topic is CRM_RESULTS:
            yield topic.name, OUTCOME_TYPE
        elif not isinstance(topic.models, NoModel):
            for model in topic.models:
                [kind] = get_args(model.model_fields["type"].annotation)
                yield topic.name, kind
            if topic.policy.get("cleanup.policy") == "compact":
                yield topic.name, TOMBSTONE

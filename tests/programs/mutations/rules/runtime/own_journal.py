"""One transaction journals and decides: what is written ahead, where it stands, and what the next one expects."""

from __future__ import annotations

from tests.programs.mutations.mutation import Mutation

_WHERE = "streams/runtime/slots/own_journal.py"
_TESTS = "tests/unit/streams/runtime/slots/test_own_journal.py"
_PRODUCER = "tests/unit/streams/kafka/test_batches.py"

MUTATIONS: tuple[Mutation, ...] = (
    Mutation(
        id="journal-marker",
        section=11,
        rule="behind a committed transaction stands its end, which need not be fetched",
        where=_WHERE,
        text="        buffer.expect_marker(last_offset)\n",
        instead="",
        caught_by=(f"{_TESTS}::test_the_next_event_is_decided_at_once_too_though_nothing_was_fetched",),
    ),
    Mutation(
        id="journal-end-ahead",
        section=11,
        rule="a transaction that wrote its journal records ahead ends behind them",
        where=_WHERE,
        text="last_offsets.get(self._partition, self._ahead), None",
        instead="last_offsets.get(self._partition), None",
        caught_by=(f"{_TESTS}::test_the_next_event_is_decided_at_once_too_though_nothing_was_fetched",),
    ),
    Mutation(
        id="producer-ahead-open",
        section=11,
        rule="what is written ahead and what follows are one transaction",
        where="streams/runtime/slots/producer.py",
        text="            if not self._is_open:\n                await self.begin()\n",
        instead="            await self.begin()\n",
        caught_by=(f"{_PRODUCER}::test_what_is_written_ahead_is_committed_with_what_follows_in_one_transaction",),
    ),
    Mutation(
        id="producer-last-offset",
        section=11,
        rule="the last offset of a batch is that of its last record",
        where="streams/runtime/slots/producer.py",
        text="last_offsets[target] = metadata.offset + count - 1",
        instead="last_offsets[target] = metadata.offset + count",
        caught_by=(f"{_PRODUCER}::test_the_last_offset_of_a_batch_is_that_of_its_last_record",),
    ),
    Mutation(
        id="producer-partitions-ahead",
        section=11,
        rule="every partition that a transaction will probably write to is named to the broker",
        where="streams/runtime/faust/transaction_partitions.py",
        text="    for partition in partitions:\n",
        instead="    for partition in list(partitions)[:1]:\n",
        caught_by=(
            "tests/unit/streams/runtime/faust/test_transaction_partitions.py"
            "::test_every_partition_that_is_expected_is_added_to_the_open_transaction",
        ),
    ),
)

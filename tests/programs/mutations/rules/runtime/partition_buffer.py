"""What a slot may decide of what it appended itself, and how far it has read and committed."""

from __future__ import annotations

from tests.programs.mutations.mutation import Mutation

_WHERE = "streams/runtime/inputs/partition_buffer.py"
_TESTS = "tests/unit/streams/runtime/inputs/test_partition_buffer.py"

MUTATIONS: tuple[Mutation, ...] = (
    Mutation(
        id="buffer-unknown-before",
        section=11,
        rule="a record of the journal is decided only when all records before it are known",
        where=_WHERE,
        text="if self.token is None or self.is_full() or not self._is_next(start):",
        instead="if self.token is None or self.is_full():",
        caught_by=(f"{_TESTS}::test_what_stands_behind_records_of_others_is_fetched",),
    ),
    Mutation(
        id="buffer-only-the-marker",
        section=11,
        rule="between two records of a slot only the end of its own transaction is passed over",
        where=_WHERE,
        text="is_behind_marker = self.marker_position == self.known_position == offset - 1",
        instead="is_behind_marker = self.marker_position == self.known_position < offset",
        caught_by=(f"{_TESTS}::test_what_stands_behind_records_of_others_is_fetched",),
    ),
    Mutation(
        id="buffer-marker-after-revocation",
        section=11,
        rule="after a revocation another owner may have written where the end of a transaction was expected",
        where=_WHERE,
        text="        self.marker_position = None\n        self.passed_markers.clear()\n",
        instead="        self.passed_markers.clear()\n",
        caught_by=(f"{_TESTS}::test_after_a_revocation_no_end_of_a_transaction_is_expected_any_more",),
    ),
    Mutation(
        id="buffer-passed-marker",
        section=11,
        rule="a record where the end of a transaction was passed over ends the worker",
        where=_WHERE,
        text="            self.passed_markers.add(self.known_position)\n",
        instead="",
        caught_by=(f"{_TESTS}::test_a_record_where_the_end_of_a_transaction_had_to_be_is_an_error",),
    ),
    Mutation(
        id="buffer-known-goes-back",
        section=11,
        rule="what was appended and decided is not decided again when a part of it is fetched",
        where=_WHERE,
        text="self.known_position = max(self.known_position, run.next_position)",
        instead="self.known_position = run.next_position",
        caught_by=(f"{_TESTS}::test_the_end_of_its_own_transaction_is_passed_over",),
    ),
    Mutation(
        id="buffer-known-after-revocation",
        section=11,
        rule="after a revocation what was appended and not committed is read again",
        where=_WHERE,
        text="self.fetch_position = self.known_position = self.committed_position\n",
        instead="self.fetch_position = self.committed_position\n",
        caught_by=(f"{_TESTS}::test_after_a_revocation_what_was_appended_is_fetched_again",),
    ),
)

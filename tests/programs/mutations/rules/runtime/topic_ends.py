"""A read up to the end of a topic leaves what was written meanwhile to who follows."""

from __future__ import annotations

from tests.programs.mutations.mutation import Mutation

_TESTS = "tests/unit/streams/kafka/test_reader.py"

MUTATIONS: tuple[Mutation, ...] = (
    Mutation(
        id="reader-end",
        section=11,
        rule="a record that was written while a topic was read to its end is left to who follows",
        where="streams/kafka/reader.py",
        text="    consumer.seek(partition, end)\n",
        instead="",
        caught_by=(f"{_TESTS}::test_a_record_behind_the_end_is_left_to_who_follows",),
    ),
)

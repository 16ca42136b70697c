"""How long a partition has stood still: what its claims count, and what they do not."""

from __future__ import annotations

from tests.programs.mutations.mutation import Mutation

_WHERE = "streams/runtime/time/claim_tracker.py"
_TESTS = "tests/unit/streams/runtime/time/test_claims.py"

MUTATIONS: tuple[Mutation, ...] = (
    Mutation(
        id="claims-former-owner",
        section=6,
        rule="an owner that has a partition again does not count the time in between",
        where=_WHERE,
        text="        self._idle_times.pop(name, None)\n",
        instead="",
        caught_by=(f"{_TESTS}::test_what_comes_back_to_a_former_owner_was_not_stuck_while_another_read_it",),
    ),
    Mutation(
        id="claims-without-answers",
        section=6,
        rule="a stable end stands still from one answer to the next, not while nobody looks",
        where=_WHERE,
        text="            self._add_stuck(idle_time, end)\n",
        instead="            self._add_stuck(idle_time, end)\n        else:\n            idle_time.stuck += elapsed\n",
        caught_by=(f"{_TESTS}::test_a_new_owner_inherits_the_claim_and_its_idle_time",),
    ),
    Mutation(
        id="claims-nothing-behind",
        section=6,
        rule="a partition that is read to its end is not stuck, however long nothing comes",
        where=_WHERE,
        text="idle_time.seen_at is not None and idle_time.stable < idle_time.high:",
        instead="idle_time.seen_at is not None:",
        caught_by=(f"{_TESTS}::test_a_stable_end_without_records_behind_it_does_not_stand_still",),
    ),
)

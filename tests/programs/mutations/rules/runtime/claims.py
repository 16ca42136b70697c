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
)

"""The status of mutations: noticed, not noticed, crashing, out of date, or never loaded."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.harness.project_files import PROJECT_ROOT
from tests.programs.mutations.mutation import Mutation
from tests.programs.mutations.run import BaselineFails, MutationRun, MutationStatus

NOTHING = (
    "tests/unit/streams/engine/conditions/test_tree.py::test_all_of_nothing_is_everybody_and_any_of_nothing_is_nobody"
)
REFUSED = (
    "tests/unit/streams/engine/conditions/test_tree.py::test_an_account_without_a_time_zone_that_exists_is_refused"
)
NOT = Mutation(
    id="noticed",
    section=5,
    rule="`not` is exact negation",
    where="conditions/tree.py",
    text="return not self._node.holds(context)",
    instead="return self._node.holds(context)",
    caught_by=(NOTHING,),
)


def test_each_mutation_gets_its_status_and_the_working_tree_does_not_change() -> None:
    before = (PROJECT_ROOT / NOT.path).read_text()
    mutations = [
        NOT,
        replace(NOT, id="not-noticed", caught_by=(REFUSED,)),
        replace(NOT, id="crashing", instead="return nobody_knows"),
        replace(NOT, id="out-of-date", text="return None or self._node"),
        replace(NOT, id="never-loaded", where="ledger/money.py", text="from decimal", instead="from  decimal"),
    ]
    fates = {verdict.mutation.id: verdict.status for verdict in MutationRun(jobs=2, timeout=120).results(mutations)}
    assert fates == {
        "noticed": MutationStatus.KILLED,
        "not-noticed": MutationStatus.SURVIVED,
        "crashing": MutationStatus.CRASHED,
        "out-of-date": MutationStatus.DOES_NOT_APPLY,
        "never-loaded": MutationStatus.NOT_TESTED,
    }
    assert (PROJECT_ROOT / NOT.path).read_text() == before


def test_tests_that_fail_anyway_kill_nothing() -> None:
    absent = replace(NOT, caught_by=("tests/unit/streams/engine/conditions/test_tree.py::test_that_there_is_not",))
    with pytest.raises(BaselineFails, match="test_that_there_is_not"):
        list(MutationRun(jobs=1, timeout=120).results([absent]))

"""Segments as a graph of conjuncts."""

from __future__ import annotations

from tests.programs.mutations.mutation import Mutation

_FOLDER = "tests/unit/streams/engine/graph"
_CONJUNCTS = f"{_FOLDER}/test_conjuncts.py"
_GRAPH = f"{_FOLDER}/test_segment_graph.py"
_INPUTS = f"{_FOLDER}/test_inputs.py"

MUTATIONS: tuple[Mutation, ...] = (
    Mutation(
        id="split-of-none",
        section=5,
        rule="`not` over `any`: none of its parts holds",
        where="graph/conjuncts.py",
        text="yield from split_conjuncts(NotOf(not_=part))",
        instead="yield from split_conjuncts(part)",
        caught_by=(f"{_CONJUNCTS}::test_a_condition_is_the_conjunction_of_its_conjuncts",),
    ),
    Mutation(
        id="lookup-of-a-negation",
        section=5,
        rule="`not` over a leaf that a table decides",
        where="graph/conjuncts.py",
        text="inner.lookup, not inner.is_negated)",
        instead="inner.lookup, inner.is_negated)",
        caught_by=(f"{_CONJUNCTS}::test_a_negated_leaf_keeps_its_lookup_and_is_marked",),
    ),
    Mutation(
        id="one-subject",
        section=5,
        rule="`any` over two properties reads each of them",
        where="graph/conjuncts.py",
        text="if child is None or (children and child.subject != children[0].subject):",
        instead="if child is None:",
        caught_by=(f"{_CONJUNCTS}::test_what_time_changes_and_what_reads_more_than_one_value_is_none",),
    ),
    Mutation(
        id="shared-tests-of-a-value",
        section=5,
        rule="A condition decides for each segment that has it",
        where="graph/segment_graph.py",
        text="self._tests[key] = (known | segments, test)",
        instead="self._tests[key] = (segments, test)",
        caught_by=(f"{_GRAPH}::test_equal_tests_of_a_value_are_one_whichever_segment_has_them",),
    ),
    Mutation(
        id="shared-conjuncts",
        section=5,
        rule="A condition that turns is looked at for each segment that has it",
        where="graph/segment_graph.py",
        text="known.segments | 1 << index)",
        instead="known.segments)",
        caught_by=(f"{_GRAPH}::test_equal_conjuncts_of_several_segments_are_one",),
    ),
    Mutation(
        id="leads-are-inputs",
        section=5,
        rule="`lead` follows the status and the points of that lead",
        where="graph/inputs.py",
        text="leads=any(isinstance(node, LeadLeaf)",
        instead="leads=any(isinstance(node, PointsLeaf)",
        caught_by=(f"{_INPUTS}::test_counters_segments_scores_leads_and_instants_of_visits_are_inputs",),
    ),
    Mutation(
        id="visits-are-inputs",
        section=5,
        rule="`first_visit` and its like follow each visit",
        where="graph/inputs.py",
        text="_ACTIVITY_TIME_LEAVES = (FirstVisitLeaf, LastVisitLeaf,",
        instead="_ACTIVITY_TIME_LEAVES = (LastVisitLeaf,",
        caught_by=(f"{_INPUTS}::test_counters_segments_scores_leads_and_instants_of_visits_are_inputs",),
    ),
)

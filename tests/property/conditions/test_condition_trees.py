"""Random values and trees have the same truth as the reference evaluator, and never change before they are due."""

from __future__ import annotations

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.values import instant_text
from tests.harness.engine.conditions import NOW, compile_dict, contact, count_activities, evaluation_context, visit
from tests.harness.engine.reference_evaluator import ContactModel, HistoryActivity
from tests.harness.engine.reference_evaluator import holds as reference_holds

words = st.sampled_from(["", "a", "B", "ab", "Straße", "STRASSE", "ss", "İ", "ﬁ", "5", "true"])
numbers = st.sampled_from([0, 1, -1, 5, 5.0, 0.1, 2**60])
scalars = st.one_of(words, numbers, st.booleans())
values = st.one_of(
    st.none(),
    scalars,
    st.lists(scalars, max_size=3),
    st.lists(st.dictionaries(st.sampled_from("kl"), scalars, max_size=2), max_size=3),
    st.dictionaries(st.sampled_from("kl"), scalars, max_size=2),
)
many = st.lists(scalars, max_size=3)
operators = st.one_of(
    *(st.fixed_dictionaries({name: scalars}) for name in ("eq", "ne", "contains", "not_contains")),
    *(st.fixed_dictionaries({name: many}) for name in ("in", "not_in", "contains_any", "contains_all")),
    *(st.fixed_dictionaries({name: numbers}) for name in ("gt", "gte", "lt", "lte")),
    *(st.fixed_dictionaries({name: words}) for name in ("starts_with", "ends_with")),
    *(st.fixed_dictionaries({name: st.booleans()}) for name in ("exists", "empty")),
    st.fixed_dictionaries({"between": st.tuples(numbers, numbers).map(list)}),
    st.fixed_dictionaries({"has_item": st.fixed_dictionaries({"k": st.fixed_dictionaries({"eq": scalars})})}),
)


@settings(max_examples=600, deadline=None)
@given(values, operators, st.booleans(), st.sampled_from(["x", ["x"], ["x", "k"]]))
def test_every_operator_on_every_value(value: Any, tests: dict[str, Any], cased: bool, name: Any) -> None:
    leaf = {"property": name, **tests, "case_sensitive": cased}
    node = compile_dict(leaf).node
    state = contact(properties={"x": value})
    assert node.holds(evaluation_context(state)) is reference_holds(leaf, ContactModel({"x": value}), NOW)
    assert node.due(evaluation_context(state)) is None


def _length(ms: int) -> str:
    return f"PT0.{ms:03d}S"


lengths = st.integers(1, 30).map(_length)
timed_leaves = st.one_of(
    st.fixed_dictionaries({"property": st.just("when"), "within_last": lengths}),
    st.fixed_dictionaries({"property": st.just("when"), "within_next": lengths}),
    st.fixed_dictionaries({"property": st.just("when"), "older_than": lengths}),
    st.fixed_dictionaries({"property": st.just("when"), "before": st.sampled_from(["now", "now-10ms", "now+10ms"])}),
    st.fixed_dictionaries({"property": st.just("missing"), "older_than": lengths}),
    st.fixed_dictionaries({"inactive_for": lengths}),
    st.fixed_dictionaries({"last_visit": st.fixed_dictionaries({"within_last": lengths})}),
    st.fixed_dictionaries({"first_visit": st.fixed_dictionaries({"older_than": lengths})}),
    st.fixed_dictionaries({"last_activity": st.fixed_dictionaries({"after": st.just("now-15ms")})}),
    st.fixed_dictionaries({"visit": st.just({}), "within": lengths, "count": st.just({"gte": 2})}),
    st.fixed_dictionaries({"visit": st.just({}), "between_ago": st.just([_length(20), _length(5)])}),
    st.fixed_dictionaries({"segment": st.sampled_from(["in", "out"])}),
)
trees = st.recursive(
    timed_leaves,
    lambda parts: st.one_of(
        st.fixed_dictionaries({"all": st.lists(parts, max_size=3)}),
        st.fixed_dictionaries({"any": st.lists(parts, max_size=3)}),
        st.fixed_dictionaries({"not": parts}),
    ),
    max_leaves=8,
)


@settings(max_examples=400, deadline=None)
@given(trees, st.integers(-40, 60), st.lists(st.integers(-40, 0), max_size=4))
def test_a_tree_of_every_leaf_that_depends_on_time(tree: dict[str, Any], when: int, visits: list[int]) -> None:
    model = ContactModel({"when": instant_text(NOW + when)}, created=NOW - 10, members={"in"})
    model.activities = [HistoryActivity(NOW + at) for at in visits]
    state = contact(properties=model.properties, created=model.created, members={"in": NOW})
    if visits:
        state.first_visit, state.last_visit = NOW + min(visits), NOW + max(visits)
        state.last_activity = state.last_visit
    compiled = compile_dict(tree)
    count_activities(compiled, state, [visit(NOW + at) for at in visits])
    truth, due = compiled.node.holds(evaluation_context(state)), compiled.node.due(evaluation_context(state))
    for now in range(NOW, NOW + 100):
        assert compiled.node.holds(evaluation_context(state, now)) is reference_holds(tree, model, now)
        if due is not None and now >= due:
            truth, due = (
                compiled.node.holds(evaluation_context(state, now)),
                compiled.node.due(evaluation_context(state, now)),
            )
        assert reference_holds(tree, model, now) is truth, "nothing changes before it is due"

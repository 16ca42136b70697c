"""`regular` with two instants per period and time agrees with the whole history at every millisecond."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from streams.engine.conditions.protocols import Activity
from tests.harness.engine.conditions import compile_dict, contact, evaluation_context
from tests.harness.engine.reference_evaluator import ContactModel, HistoryActivity
from tests.harness.engine.reference_evaluator import holds as reference_holds

BASE = 1_772_000_000_000


@settings(max_examples=200, deadline=None)
@given(
    st.integers(1, 5),
    st.integers(1, 5),
    st.integers(1, 12),
    st.lists(st.tuples(st.integers(0, 15), st.integers(0, 30)), max_size=25),
)
def test_thinned_instants_agree_with_the_whole_history(
    at_least: int, more: int, each: int, history: list[tuple[int, int]]
) -> None:
    of_periods = at_least + more - 1
    leaf = {"visit": {}, "regular": {"at_least": at_least, "of": of_periods, "each": f"PT0.{each:03d}S"}}
    compiled, state, model, now = compile_dict(leaf), contact(), ContactModel(), BASE
    (counter,) = compiled.counters
    for elapsed, late in [*history, (70, 0)]:
        truth, due = (
            compiled.node.holds(evaluation_context(state, now)),
            compiled.node.due(evaluation_context(state, now)),
        )
        for instant in range(now, now + elapsed + 1):
            expected = reference_holds(leaf, model, instant)
            assert compiled.node.holds(evaluation_context(state, instant)) is expected
            if instant == due:
                truth, due = expected, compiled.node.due(evaluation_context(state, instant))
            assert expected is truth, "nothing changes before it is due"
            assert due is None or due > instant
        now += elapsed
        model.activities.append(HistoryActivity(now - late))
        instants = state.counts.get(counter.key, [])
        state.counts[counter.key] = counter.update(instants, Activity(now - late, "visit", True, {}), now)
        assert len(state.counts[counter.key]) <= counter.limit


@settings(max_examples=200, deadline=None)
@given(
    st.tuples(st.integers(1, 4), st.integers(0, 3), st.integers(1, 12), st.integers(2, 4)),
    st.lists(st.tuples(st.sampled_from([0, 0, 1, 2, 5, 15]), st.sampled_from([0, 0, 1, 8, 30])), max_size=30),
)
def test_thinned_instants_with_times_agree_with_the_whole_history(
    shape: tuple[int, int, int, int], history: list[tuple[int, int]]
) -> None:
    at_least, more, each, times = shape
    periods = {"at_least": at_least, "of": at_least + more, "each": f"PT0.{each:03d}S", "times": times}
    compiled, state, now = compile_dict({"visit": {}, "regular": periods}), contact(), BASE
    (counter,) = compiled.counters
    instants: list[int] = []

    def expected(instant: int) -> bool:
        ages = [instant - at for at in instants]
        filled = [sum(age // each == period for age in ages) >= times for period in range(at_least + more)]
        return sum(filled) >= at_least

    for elapsed, late in [*history, (70, 0)]:
        due = compiled.node.due(evaluation_context(state, now))
        truth = expected(now)
        for instant in range(now, now + elapsed + 1):
            assert compiled.node.holds(evaluation_context(state, instant)) is expected(instant)
            if instant == due:
                truth, due = expected(instant), compiled.node.due(evaluation_context(state, instant))
            assert expected(instant) is truth, "nothing changes before it is due"
            assert due is None or due > instant
        now += elapsed
        instants.append(now - late)
        former = state.counts.get(counter.key, [])
        state.counts[counter.key] = counter.update(former, Activity(now - late, "visit", True, {}), now)
        assert len(state.counts[counter.key]) <= counter.limit

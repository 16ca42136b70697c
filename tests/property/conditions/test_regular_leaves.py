"""`regular` with two instants per period against the whole history: the same truth at every millisecond."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from streams.engine.conditions.protocols import Activity
from tests.harness.engine.conditions import compile_dict, contact, evaluation_context
from tests.harness.engine.reference_evaluator import ContactModel, HistoryActivity
from tests.harness.engine.reference_evaluator import holds as naive_holds

BASE = 1_772_000_000_000


@settings(max_examples=200, deadline=None)
@given(
    st.integers(1, 5),
    st.integers(1, 5),
    st.integers(1, 12),
    st.lists(st.tuples(st.integers(0, 15), st.integers(0, 30)), max_size=25),
)
def test_thinned_instants_say_what_the_whole_history_says(
    at_least: int, more: int, each: int, moves: list[tuple[int, int]]
) -> None:
    of_periods = at_least + more - 1
    leaf = {"visit": {}, "regular": {"at_least": at_least, "of": of_periods, "each": f"PT0.{each:03d}S"}}
    ready, of, world, now = compile_dict(leaf), contact(), ContactModel(), BASE
    (counter,) = ready.counters
    for passed, late in [*moves, (70, 0)]:
        truth, due = ready.node.holds(evaluation_context(of, now)), ready.node.due(evaluation_context(of, now))
        for instant in range(now, now + passed + 1):
            expected = naive_holds(leaf, world, instant)
            assert ready.node.holds(evaluation_context(of, instant)) is expected
            if instant == due:
                truth, due = expected, ready.node.due(evaluation_context(of, instant))
            assert expected is truth, "nothing changes before it is due"
            assert due is None or due > instant
        now += passed
        world.activities.append(HistoryActivity(now - late))
        kept = of.counts.get(counter.key, [])
        of.counts[counter.key] = counter.update(kept, Activity(now - late, "visit", True, {}), now)
        assert len(of.counts[counter.key]) <= counter.limit

"""Sequences with bounded state agree with the whole history at every millisecond, and have exact due instants."""

from __future__ import annotations

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.harness.engine.conditions import compile_dict, contact, evaluation_context, visit
from tests.harness.engine.reference_evaluator import ContactModel, HistoryActivity
from tests.harness.engine.reference_evaluator import holds as reference_holds

BASE = 1_772_000_000_000
PAGES: list[dict[str, Any]] = [{"path": {"eq": "/a"}}, {"path": {"eq": "/b"}}, {"path": {"in": ["/a", "/b"]}}, {}]


def _length(ms: int) -> str:
    return f"PT0.{ms:03d}S"


@st.composite
def sequences(draw: st.DrawFn) -> dict[str, Any]:
    steps = draw(st.lists(st.sampled_from(PAGES).map(lambda page: {"visit": page}), min_size=2, max_size=4))
    leaf: dict[str, Any] = {"sequence": steps, "within": _length(draw(st.integers(20, 40)))}
    least = 0
    if draw(st.booleans()):
        least = draw(st.integers(0, 6))
        leaf["min_gap"] = _length(least)
    if draw(st.booleans()):
        leaf["gap"] = _length(least + draw(st.integers(0, 8)))
    return leaf


@settings(max_examples=300, deadline=None)
@given(
    sequences(),
    st.lists(st.tuples(st.integers(0, 6), st.integers(0, 12), st.sampled_from("abc")), max_size=20),
)
def test_the_state_of_a_sequence_agrees_with_the_whole_history(
    leaf: dict[str, Any], history: list[tuple[int, int, str]]
) -> None:
    compiled, state, model, now = compile_dict(leaf), contact(), ContactModel(), BASE
    for elapsed, late, page in [*history, (50, 0, "c")]:
        truth, due = (
            compiled.node.holds(evaluation_context(state, now)),
            compiled.node.due(evaluation_context(state, now)),
        )
        for instant in range(now, now + elapsed + 1):
            if instant == due:
                truth, due = not truth, None
            assert compiled.node.holds(evaluation_context(state, instant)) is truth
            assert reference_holds(leaf, model, instant) is truth
        now += elapsed
        url = f"https://acme.example/{page}"
        model.activities.append(HistoryActivity(now - late, {"url": url}))
        state.counts.update(_updated_counts(leaf, state.counts, now, now - late, url))


def _updated_counts(
    leaf: dict[str, Any], counts: dict[str, list[int]], now: int, at: int, url: str
) -> dict[str, list[int]]:
    (counter,) = compile_dict(leaf).counters
    activity = visit(at, url)
    if not counter.matches(activity):
        return {}
    return {counter.key: counter.update(counts.get(counter.key, []), activity, now)}

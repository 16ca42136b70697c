"""Sequences with what is kept against the whole history: the same truth at every millisecond, and exact dues."""

from __future__ import annotations

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.harness.engine.conditions import compile_dict, contact, evaluation_context, visit
from tests.harness.engine.reference_evaluator import ContactModel, HistoryActivity
from tests.harness.engine.reference_evaluator import holds as naive_holds

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
def test_what_is_kept_says_what_the_whole_history_says(
    leaf: dict[str, Any], moves: list[tuple[int, int, str]]
) -> None:
    ready, of, world, now = compile_dict(leaf), contact(), ContactModel(), BASE
    for passed, late, page in [*moves, (50, 0, "c")]:
        truth, due = ready.node.holds(evaluation_context(of, now)), ready.node.due(evaluation_context(of, now))
        for instant in range(now, now + passed + 1):
            if instant == due:
                truth, due = not truth, None
            assert ready.node.holds(evaluation_context(of, instant)) is truth
            assert naive_holds(leaf, world, instant) is truth
        now += passed
        url = f"https://acme.example/{page}"
        world.activities.append(HistoryActivity(now - late, {"url": url}))
        of.counts.update(_counted(leaf, of.counts, now, now - late, url))


def _counted(leaf: dict[str, Any], counts: dict[str, list[int]], now: int, at: int, url: str) -> dict[str, list[int]]:
    (counter,) = compile_dict(leaf).counters
    happening = visit(at, url)
    if not counter.matches(happening):
        return {}
    return {counter.key: counter.update(counts.get(counter.key, []), happening, now)}

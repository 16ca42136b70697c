"""Counted leaves with bounded state agree with the whole history, and never change before they are due."""

from __future__ import annotations

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from streams.engine.conditions.protocols import Activity, CompiledCondition
from streams.engine.state.contact import Contact
from tests.harness.engine.conditions import compile_dict, contact, evaluation_context
from tests.harness.engine.reference_evaluator import ContactModel, HistoryActivity
from tests.harness.engine.reference_evaluator import holds as reference_holds

BASE = 1_772_000_000_000
SPAN = 60


def _length(ms: int) -> str:
    return f"PT0.{ms:03d}S"


def _instant(offset: int) -> str:
    return f"2026-02-25T06:13:{20 + offset // 1000:02d}.{offset % 1000:03d}Z"


counts = st.one_of(
    st.fixed_dictionaries({"gte": st.integers(0, 5)}),
    st.fixed_dictionaries({"gt": st.integers(-1, 4)}),
    st.fixed_dictionaries({"lte": st.integers(0, 4)}),
    st.fixed_dictionaries({"lt": st.integers(0, 4)}),
    st.fixed_dictionaries({"eq": st.integers(0, 4)}),
    st.fixed_dictionaries({"between": st.tuples(st.integers(0, 2), st.integers(2, 4)).map(list)}),
    st.fixed_dictionaries({"gte": st.integers(0, 3), "lt": st.integers(1, 5)}),
)


@st.composite
def windows(draw: st.DrawFn) -> dict[str, Any]:
    shape: dict[str, Any] = {}
    kind = draw(st.sampled_from(["none", "within", "between_ago"]))
    if kind == "within":
        shape["within"] = _length(draw(st.integers(1, 25)))
    elif kind == "between_ago":
        newer = draw(st.integers(0, 15))
        shape["between_ago"] = [_length(newer + draw(st.integers(1, 15))), _length(newer)]
    if draw(st.booleans()):
        shape["since"] = _instant(draw(st.integers(0, SPAN)))
    if draw(st.booleans()):
        shape["until"] = _instant(draw(st.integers(0, SPAN)))
    return shape


histories = st.lists(st.tuples(st.integers(0, 8), st.integers(0, 12), st.booleans()), max_size=25)
"""Elapsed ms, by how many ms the next visit is late, and whether it matches."""


@settings(max_examples=400, deadline=None)
@given(counts, windows(), histories)
def test_bounded_instants_agree_with_the_whole_history(
    count: dict[str, Any], window: dict[str, Any], history: list[tuple[int, int, bool]]
) -> None:
    leaf = {"visit": {"path": {"eq": "/a"}}, "count": count, **window}
    compiled = compile_dict(leaf)
    (counter,) = compiled.counters
    model, state, now = ContactModel(), contact(), BASE
    for elapsed, late, matching in history:
        _assert_truth(compiled, leaf, state, model, range(now, now + elapsed + 1))
        now += elapsed
        url = "https://acme.example/a" if matching else "https://acme.example/b"
        at = now - late
        model.activities.append(HistoryActivity(at, {"url": url}))
        activity = Activity(at, "visit", True, {"url": url})
        assert counter.matches(activity) is matching
        if matching:
            state.counts[counter.key] = counter.update(state.counts.get(counter.key, []), activity, now)
            assert len(state.counts[counter.key]) <= counter.limit
    _assert_truth(compiled, leaf, state, model, range(now, now + SPAN + 1))


def _assert_truth(
    compiled: CompiledCondition, leaf: dict[str, Any], state: Contact, model: ContactModel, instants: range
) -> None:
    """At every millisecond the truth equals the reference, and it changes exactly at the due instant."""
    now = instants[0]
    truth = compiled.node.holds(evaluation_context(state, now))
    assert truth is reference_holds(leaf, model, now)
    due = compiled.node.due(evaluation_context(state, now))
    for now in instants[1:]:
        expected = reference_holds(leaf, model, now)
        assert compiled.node.holds(evaluation_context(state, now)) is expected
        if now == due:
            assert expected is not truth, "it is due exactly where it changes"
            truth, due = expected, compiled.node.due(evaluation_context(state, now))
        assert expected is truth, "nothing changes before it is due"
        assert due is None or due > now

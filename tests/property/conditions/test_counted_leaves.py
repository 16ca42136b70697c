"""Counted leaves with bounded state against the whole history: the same truth, and never a change before its due."""

from __future__ import annotations

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from streams.engine.conditions.protocols import Activity, CompiledCondition
from streams.engine.state.contact import Contact
from tests.harness.engine.conditions import compile_dict, contact, evaluation_context
from tests.harness.engine.reference_evaluator import ContactModel, HistoryActivity
from tests.harness.engine.reference_evaluator import holds as naive_holds

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


moves = st.lists(st.tuples(st.integers(0, 8), st.integers(0, 12), st.booleans()), max_size=25)
"""Time passes by so much, then a visit happened so much before that, matching or not."""


@settings(max_examples=400, deadline=None)
@given(counts, windows(), moves)
def test_bounded_instants_say_what_the_whole_history_says(
    count: dict[str, Any], window: dict[str, Any], history: list[tuple[int, int, bool]]
) -> None:
    leaf = {"visit": {"path": {"eq": "/a"}}, "count": count, **window}
    ready = compile_dict(leaf)
    (counter,) = ready.counters
    world, of, now = ContactModel(), contact(), BASE
    for passed, late, matching in history:
        _time_passes(ready, leaf, of, world, range(now, now + passed + 1))
        now += passed
        url = "https://acme.example/a" if matching else "https://acme.example/b"
        at = now - late
        world.activities.append(HistoryActivity(at, {"url": url}))
        happening = Activity(at, "visit", True, {"url": url})
        assert counter.matches(happening) is matching
        if matching:
            of.counts[counter.key] = counter.update(of.counts.get(counter.key, []), happening, now)
            assert len(of.counts[counter.key]) <= counter.limit
    _time_passes(ready, leaf, of, world, range(now, now + SPAN + 1))


def _time_passes(
    ready: CompiledCondition, leaf: dict[str, Any], of: Contact, world: ContactModel, instants: range
) -> None:
    """At every millisecond the truth is the naive one, and it changes exactly where the leaf said."""
    now = instants[0]
    truth = ready.node.holds(evaluation_context(of, now))
    assert truth is naive_holds(leaf, world, now)
    due = ready.node.due(evaluation_context(of, now))
    for now in instants[1:]:
        expected = naive_holds(leaf, world, now)
        assert ready.node.holds(evaluation_context(of, now)) is expected
        if now == due:
            assert expected is not truth, "it is due exactly where it changes"
            truth, due = expected, ready.node.due(evaluation_context(of, now))
        assert expected is truth, "nothing changes before it is due"
        assert due is None or due > now

"""Sums, averages and distinct values kept event by event are those of all events, at every millisecond."""

from __future__ import annotations

from decimal import ROUND_HALF_EVEN, Decimal
from fractions import Fraction
from operator import eq, ge, gt, le, lt
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from streams.engine.conditions.protocols import Activity, CompiledCondition
from streams.engine.state.contact import Contact
from tests.harness.engine.conditions import compile_dict, contact, evaluation_context

BASE = 1_772_000_000_000
"""2026-02-25T06:13:20Z."""
SPAN = 60
COMPARISONS = {"eq": eq, "gt": gt, "gte": ge, "lt": lt, "lte": le}

History = list[tuple[int, Any]]
"""Instant (ms) and value of each event that matched."""


def _length(ms: int) -> str:
    return f"PT0.{ms:03d}S"


def _instant(offset: int) -> str:
    return f"2026-02-25T06:13:20.{offset:03d}Z"


@st.composite
def windows(draw: st.DrawFn) -> dict[str, Any]:
    """A window, and beside it how it is written: lengths and offsets in ms."""
    shape: dict[str, Any] = {}
    kind = draw(st.sampled_from(["none", "within", "between_ago"]))
    if kind == "within":
        shape["within"] = draw(st.integers(1, 25))
    elif kind == "between_ago":
        newer = draw(st.integers(0, 15))
        shape["between_ago"] = [newer + draw(st.integers(1, 15)), newer]
    for name in ("since", "until"):
        if draw(st.integers(0, 3)) == 0:
            shape[name] = draw(st.integers(0, SPAN))
    return shape


def _written(window: dict[str, Any]) -> dict[str, Any]:
    written: dict[str, Any] = {}
    for name, value in window.items():
        if name == "between_ago":
            written[name] = [_length(each) for each in value]
        else:
            written[name] = _length(value) if name == "within" else _instant(value)
    return written


def _is_inside(at: int, now: int, window: dict[str, Any]) -> bool:
    oldest, newest = window.get("between_ago", (window.get("within"), 0))
    return (
        at <= now - newest
        and (oldest is None or at > now - oldest)
        and ("since" not in window or at >= BASE + window["since"])
        and ("until" not in window or at <= BASE + window["until"])
    )


EXACT = ("0.00000050000000000000000001", "1000000000000000.01", "999999999999999.123456", "9007199254740993.0")
values = st.one_of(
    st.sampled_from([0, 1, -1, 2.5, 0.1, 0.2, "0.3", " 7 ", "1e1", 3.0000005, 10**15, 10**15 + 1]),
    st.sampled_from(["x", "X", True, False, None, *EXACT]),
)
operands = st.sampled_from([-1, 0, 0.1, 0.3, 1, 2, 2.5, 3, 10, 1e15])
amount_operators: st.SearchStrategy[dict[str, Any]] = st.dictionaries(
    st.sampled_from(sorted(COMPARISONS)), operands, min_size=1, max_size=2
)
count_operators: st.SearchStrategy[dict[str, Any]] = st.dictionaries(
    st.sampled_from(sorted(COMPARISONS)), st.integers(0, 4), min_size=1, max_size=2
)


def operators_of(name: str) -> st.SearchStrategy[dict[str, Any]]:
    return count_operators if name == "distinct" else amount_operators


histories = st.lists(st.tuples(st.integers(0, 8), st.sampled_from([0, 0, 0, 3, 12]), values), max_size=25)
"""Elapsed ms, by how many ms the next event is late, and its value."""


def _amount(value: Any) -> Fraction | None:
    """The number that a value counts as, of those generated here."""
    if value is None or isinstance(value, bool) or value in ("x", "X"):
        return None
    number = Decimal(str(value).strip())
    return (
        None if not -(10**15) <= number <= 10**15 else Fraction(number.quantize(Decimal("0.000001"), ROUND_HALF_EVEN))
    )


def _identity(value: Any) -> Any:
    if value is None or isinstance(value, bool):
        return value if value is None else ("truth", value)
    return ("text", value.lower()) if value in ("x", "X") else ("number", Fraction(str(value).strip()))


def _meets(number: Fraction | None, operators: dict[str, Any]) -> bool:
    return number is not None and all(
        COMPARISONS[name](number, Fraction(str(operand))) for name, operand in operators.items()
    )


def _holds(name: str, operators: dict[str, Any], window: dict[str, Any], seen: History, now: int) -> bool:
    inside = [value for at, value in seen if _is_inside(at, now, window)]
    if name == "distinct":
        return _meets(Fraction(len({_identity(value) for value in inside} - {None})), operators)
    amounts = [amount for value in inside if (amount := _amount(value)) is not None]
    if name == "sum":
        return _meets(sum(amounts, Fraction(0)), operators)
    return _meets(sum(amounts, Fraction(0)) / len(amounts) if amounts else None, operators)


@settings(max_examples=400, deadline=None)
@given(st.data(), st.sampled_from(["sum", "average", "distinct"]), windows(), histories)
def test_the_state_agrees_with_all_events(
    data: st.DataObject, name: str, window: dict[str, Any], history: list[tuple[int, int, Any]]
) -> None:
    operators: dict[str, Any] = data.draw(operators_of(name))
    compiled = compile_dict({"activity": {}, name: {"of": "n", **operators}, **_written(window)})
    (counter,) = compiled.counters
    state, now = contact(), BASE
    seen: History = []

    def check(instants: range) -> None:
        _assert_truth(compiled, state, instants, [_holds(name, operators, window, seen, each) for each in instants])

    for elapsed, late, value in history:
        check(range(now, now + elapsed + 1))
        now += elapsed
        seen.append((now - late, value))
        event = Activity(now - late, "it", False, {"properties": {"n": value}})
        if counter.matches(event):
            state.counts[counter.key] = counter.update(state.counts.get(counter.key, []), event, now)
            assert len(state.counts[counter.key]) <= counter.limit
    check(range(now, now + SPAN + 1))


@settings(max_examples=200, deadline=None)
@given(
    st.data(),
    st.sampled_from(["sum", "average", "distinct"]),
    windows(),
    st.lists(st.tuples(st.integers(0, 40), values), max_size=15),
    st.integers(0, 15),
)
def test_a_back_fill_joined_with_what_came_since_agrees_with_all_events(
    data: st.DataObject, name: str, window: dict[str, Any], happened: list[tuple[int, Any]], cut: int
) -> None:
    """The later part may hold late events, from before the earlier part."""
    operators: dict[str, Any] = data.draw(operators_of(name))
    compiled = compile_dict({"activity": {}, name: {"of": "n", **operators}, **_written(window)})
    (counter,) = compiled.counters
    now = BASE + 40

    def counted(part: list[tuple[int, Any]]) -> list[int]:
        counts: list[int] = []
        for offset, value in part:
            event = Activity(BASE + offset, "it", False, {"properties": {"n": value}})
            if counter.matches(event):
                counts = counter.update(counts, event, now)
        return counts

    earlier, later = counted(happened[:cut]), counted(happened[cut:])
    state = contact(counts={counter.key: counter.merge(earlier, later, now)})
    seen = [(BASE + offset, value) for offset, value in happened]
    instants = range(now, now + SPAN)
    _assert_truth(compiled, state, instants, [_holds(name, operators, window, seen, each) for each in instants])


def _assert_truth(compiled: CompiledCondition, state: Contact, instants: range, expected: list[bool]) -> None:
    """At every instant the truth is the expected one, and it changes exactly at the due instant."""
    truth, due = expected[0], compiled.node.due(evaluation_context(state, instants[0]))
    for instant, expected_now in zip(instants, expected, strict=True):
        assert compiled.node.holds(evaluation_context(state, instant)) is expected_now
        if instant == due:
            assert expected_now is not truth, "it is due exactly where it changes"
            truth, due = expected_now, compiled.node.due(evaluation_context(state, instant))
        assert expected_now is truth, "nothing changes before it is due"
        assert due is None or due > instant

"""A value that is told as a mismatch counts as missing: the engine decides by it as without any value."""

from __future__ import annotations

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.conditions import PropertyLeaf
from schemas.definitions import PropertyType
from schemas.engine_versions import EngineVersion
from streams.definitions.stored_values.mismatches import ValueMismatches
from streams.definitions.stored_values.property_checks import condition_checks
from streams.engine.conditions.compile import compile_condition
from streams.engine.conditions.errors import ConditionRefused
from streams.engine.conditions.protocols import CompileScope
from tests.harness.engine.conditions import contact, evaluation_context

words = st.sampled_from(["", "a", "AB", "5", " 5.0 ", "05", "1e999", "true", "2026-03-01", "2026-03-01T09:00:00Z"])
numbers = st.sampled_from([0, 5, 5.0, -0.0, 0.1, 2**60])
dates = st.sampled_from(["2026-03-01", "2026-03-01T09:00:00Z", "now", "now/d-1d"])
scalars = st.one_of(words, numbers, st.booleans())
values = st.one_of(
    scalars,
    st.lists(scalars, max_size=3),
    st.dictionaries(st.sampled_from("kl"), scalars, max_size=2),
    st.lists(st.dictionaries(st.sampled_from("kl"), scalars, max_size=2), max_size=2),
)
some = st.lists(scalars, min_size=1, max_size=3)
operators = st.one_of(
    *(st.fixed_dictionaries({name: scalars}) for name in ("eq", "ne", "contains", "not_contains")),
    *(st.fixed_dictionaries({name: some}) for name in ("in", "not_in", "contains_any", "contains_all")),
    *(st.fixed_dictionaries({name: st.one_of(numbers, dates)}) for name in ("gt", "gte", "lt", "lte")),
    *(st.fixed_dictionaries({name: st.sampled_from(["a", "5"])}) for name in ("starts_with", "ends_with", "matches")),
    *(st.fixed_dictionaries({name: dates}) for name in ("before", "after")),
    *(st.fixed_dictionaries({name: st.just("7d")}) for name in ("within_last", "older_than", "anniversary_within")),
    *(st.fixed_dictionaries({name: st.booleans()}) for name in ("exists", "empty")),
    st.fixed_dictionaries({"has_item": st.fixed_dictionaries({"k": st.fixed_dictionaries({"eq": scalars})})}),
)
types: st.SearchStrategy[PropertyType | None] = st.sampled_from(
    [None, None, None, "text", "number", "boolean", "date", "datetime", "list", "object"]
)
versions: st.SearchStrategy[EngineVersion] = st.sampled_from([3, 4])


@settings(max_examples=1_500, deadline=None)
@given(values, operators, types, versions)
def test_a_mismatch_decides_as_a_missing_value(
    value: Any, tests: dict[str, Any], kind: PropertyType | None, version: EngineVersion
) -> None:
    scope = CompileScope("UTC", {} if kind is None else {"x": kind}, version)
    leaf = PropertyLeaf.model_validate({"property": "x", **tests})
    try:
        node = compile_condition(leaf, scope).node
    except ConditionRefused:
        return  # the operator does not fit the type
    state = contact(properties={"x": value})
    report = ValueMismatches(condition_checks("s", leaf, scope))
    report.add(state)
    if any(each["operator"] in tests for each in report.to_list()):
        assert node.holds(evaluation_context(state)) is node.holds(evaluation_context(contact(properties={})))

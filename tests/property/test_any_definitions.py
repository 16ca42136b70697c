"""Whatever stands in a file of definitions is either sound or refused in words; nothing breaks the check."""

from __future__ import annotations

from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from schemas.conditions import SUBJECTS, Operators
from streams.engine.checks import check
from streams.engine.compiled import compile_release

WORDS = [
    "now",
    "now/d",
    "2026-01-01",
    "7d",
    "30d",
    "a",
    "",
    "s",
    "c",
    "active",
    "city",
    "size",
    "/x",
    "(",
    "2026-02-30",
]
KEYS = sorted({*SUBJECTS, *(field.alias or name for name, field in Operators.model_fields.items())})
KEYS += ["count", "within", "between_ago", "since", "until", "never", "campaign", "points", "name", "path", "query.x"]
TOP = ["account", "plan", "time_zone", "properties", "segments", "campaigns", "salesforce"]
CAMPAIGN = [
    "id",
    "audience",
    "period",
    "half_life",
    "scoring",
    "automation",
    "leave",
    "from",
    "to",
    "then",
    "at_most",
]

scalars = st.one_of(st.sampled_from(WORDS), st.integers(-5, 5), st.booleans(), st.none(), st.floats(-5, 5))


def nested(keys: list[str]) -> st.SearchStrategy[Any]:
    return st.recursive(
        scalars,
        lambda inner: st.one_of(
            st.lists(inner, max_size=3), st.dictionaries(st.sampled_from([*keys, "x"]), inner, max_size=3)
        ),
        max_leaves=8,
    )


operators = st.dictionaries(
    st.sampled_from(
        ["eq", "in", "gte", "between", "contains", "exists", "before", "within_last", "matches", "has_item"]
    ),
    st.one_of(scalars, st.lists(scalars, max_size=2)),
    max_size=2,
)
leaves = st.one_of(
    operators.map(lambda given: {"property": "city", **given}),
    operators.map(lambda given: {"property": "size", **given}),
    operators.map(lambda given: {"property": "undeclared", **given}),
    operators.map(lambda given: {"tags": given}),
    operators.map(lambda given: {"status": given}),
    operators.map(lambda given: {"score": given}),
    operators.map(lambda given: {"visit": {"path": given}}),
    operators.map(lambda given: {"activity": {}, "count": given}),
    operators.map(lambda given: {"last_visit": given}),
    operators.map(lambda given: {"lead": {"campaign": "c", "points": given}}),
    nested(KEYS),
)


def whole(condition: Any) -> dict[str, Any]:
    return {
        "properties": {"size": "number"},
        "segments": [{"id": "s", "dynamic": True, "when": condition}],
        "campaigns": [{"id": "c", "scoring": [{"id": "r", "when": condition, "points": 1}]}],
    }


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(leaves)
def test_a_condition_is_refused_in_words_or_can_be_decided(condition: Any) -> None:
    checked = check(whole(condition))
    assert (checked.definitions is None) == bool(checked.problems)
    assert all(problem.message and problem.path for problem in checked.problems)
    if checked.definitions is not None:
        compile_release(checked.definitions, 1)


@settings(max_examples=200, deadline=None)
@given(st.dictionaries(st.sampled_from(TOP), nested([*TOP, *CAMPAIGN, "id", "dynamic", "when"]), max_size=4))
def test_any_mapping_is_refused_in_words_or_sound(raw: dict[str, Any]) -> None:
    checked = check(raw)
    assert (checked.definitions is None) == bool(checked.problems)

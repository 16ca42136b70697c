"""The keys of stored counts and held states are pinned: another key would lose the past of every contact."""

from __future__ import annotations

from typing import Any

import pytest

from schemas.conditions import Operators
from schemas.definitions import PropertyType
from schemas.engine_versions import EngineVersion
from streams.engine.conditions.leaf_keys import operators_to_plain
from tests.harness.engine.conditions import compile_dict, compile_for

PATH = {"path": {"starts_with": "/pricing"}}

COUNTER_KEYS: list[tuple[dict[str, Any], list[str]]] = [  # of version 3
    ({"visit": {}}, ["265d48ff20a6"]),
    ({"visit": PATH, "within": "7d"}, ["ec3ee703e2a7"]),
    ({"visit": PATH, "count": {"gte": 3}, "within": "7d"}, ["74339e3ba722"]),
    ({"visit": PATH, "never": True}, ["937beaa67290"]),
    ({"visit": PATH, "count": {"between": [1, 4]}, "between_ago": ["30d", "7d"]}, ["aca1eab2f9c2"]),
    ({"visit": PATH, "since": "2026-01-01", "until": "2026-02-01T12:00:00Z"}, ["aefe5c2722ec"]),
    ({"visit": PATH, "since": "now/M"}, ["24a462a717ee"]),
    ({"visit": PATH, "since": "2026-01-01", "in_zone": "contact"}, ["d20a4fdbb7d8"]),
    ({"activity": {"name": {"eq": "webinar", "case_sensitive": True}, "seats": {"in": [1, 2.5]}}}, ["f0ddce0691cb"]),
    ({"activity": {"starts": {"before": "now-1d"}, "query.utm": {"exists": True}}}, ["bd3bc97e7583"]),
    ({"activity": {"items": {"has_item": {"sku": {"eq": "A-1"}, "price": {"gte": 10}}}}}, ["b9690d40e299"]),
    ({"visit": PATH, "first": True}, ["0c582b547abe"]),
    (
        {"visit": PATH, "first": {"referrer": {"contains": "search"}}, "last": {"host": {"eq": "example.com"}}},
        ["157217d4b572", "7e015017ceb1"],
    ),
    ({"visit": PATH, "regular": {"at_least": 3, "of": 4, "each": "7d"}}, ["104a637af6cd"]),
    (
        {"sequence": [{"visit": PATH}, {"activity": {"name": {"eq": "demo"}}}], "within": "14d", "gap": "2d"},
        ["a3bcd9807bb9"],
    ),
]

COUNTER_KEYS_OF_VERSION_4: list[tuple[dict[str, Any], list[str]]] = [
    ({"visit": {}}, ["265d48ff20a6"]),
    ({"visit": {}, "regular": {"at_least": 3, "of": 4, "each": "7d"}}, ["774242df38c8"]),
    ({"visit": {}, "regular": {"at_least": 3, "of": 4, "each": "7d", "times": 2}}, ["03cce0c4cc3d"]),
    ({"visit": PATH, "count": {"gte": 3}, "within": "7d"}, ["e78108c6c33c"]),
    ({"visit": PATH, "sum": {"of": "n", "gte": 3}, "average": {"of": "n", "lt": 9}}, ["6d7edfbfc0a7"]),
    ({"visit": PATH, "average": {"of": "n", "gte": 3}, "within": "7d"}, ["12943c4677cb"]),
    ({"visit": PATH, "distinct": {"of": "path", "gte": 3}, "within": "7d"}, ["681306d256ef"]),
    ({"score": {"exists": True}}, ["e466d8435e0a"]),
    ({"score": {"name": "fit", "exists": True}}, []),
]


HELD_KEYS: list[tuple[dict[str, Any], str]] = [
    ({"property": "country", "eq": "DE", "held_for": "7d"}, "7642628f973c"),
    ({"property": "country", "in": ["DE", "AT"], "case_sensitive": True, "held_for": "7d"}, "7b1281727ebe"),
    ({"property": "employees", "gte": 50, "held_for": "1d"}, "542856aab699"),
    ({"property": ["billing", "city"], "exists": True, "held_for": "1d"}, "6d6229f4fa17"),
    ({"property": "renewal", "within_next": "30d", "in_zone": "contact", "held_for": "1d"}, "e9522c7c8bf2"),
    ({"tags": {"contains_any": ["vip", "partner"]}, "held_for": "2d"}, "f3db5f323929"),
]


NEWER_COUNTER_KEYS: list[tuple[dict[str, Any], list[str]]] = [
    (leaf, keys)
    for (leaf, _), keys in zip(
        COUNTER_KEYS,
        [
            ["265d48ff20a6"],
            ["b72262b72c2b"],
            ["e78108c6c33c"],
            ["937d1991bd05"],
            ["cc918f6e180d"],
            ["ccdb2aaaf522"],
            ["b4ba37c602d9"],
            ["918a5c156a85"],
            ["f7918c58fa51"],
            ["9ad48ecb0e8c"],
            ["52d2215f2bb1"],
            ["ed5a9f4120eb"],
            ["d02e754d3e37", "624b4a3b882a"],
            ["358880667f1e"],
            ["fc5f78fe6761"],
        ],
        strict=True,
    )
]
NEWER_HELD_KEYS: list[tuple[dict[str, Any], str]] = [
    (leaf, key)
    for (leaf, _), key in zip(
        HELD_KEYS,
        ["6500e8814737", "a2549eb5e79a", "542856aab699", "6d6229f4fa17", "e9522c7c8bf2", "1b27918a0975"],
        strict=True,
    )
]


def counter_keys(leaf: dict[str, Any], version: EngineVersion) -> list[str]:
    return [counter.key for counter in compile_dict(leaf, "Europe/Berlin", version).counters]


def held_keys(leaf: dict[str, Any], version: EngineVersion, **declared: PropertyType) -> list[str]:
    return [state.key for state in compile_dict(leaf, "Europe/Berlin", version, **declared).held_states]


@pytest.mark.parametrize(("leaf", "keys"), COUNTER_KEYS)
def test_what_a_leaf_counts_is_stored_under_this_key(leaf: dict[str, Any], keys: list[str]) -> None:
    assert counter_keys(leaf, 3) == keys


@pytest.mark.parametrize(("leaf", "keys"), COUNTER_KEYS_OF_VERSION_4)
def test_what_a_leaf_of_version_4_alone_counts_is_stored_under_this_key(
    leaf: dict[str, Any], keys: list[str]
) -> None:
    compiled = compile_for(4, leaf, "Europe/Berlin")
    assert [counter.key for counter in compiled.counters] == keys


@pytest.mark.parametrize(("leaf", "keys"), COUNTER_KEYS)
def test_a_filter_that_version_4_reads_otherwise_is_counted_anew(leaf: dict[str, Any], keys: list[str]) -> None:
    newer = [counter.key for counter in compile_for(4, leaf, "Europe/Berlin").counters]
    assert (newer == keys) is (leaf.get("visit") == {} and "first" not in leaf), "only {} matches the same as ever"


@pytest.mark.parametrize(("leaf", "key"), HELD_KEYS)
def test_since_when_a_leaf_is_true_is_stored_under_this_key(leaf: dict[str, Any], key: str) -> None:
    assert held_keys(leaf, 3, employees="number", renewal="date") == [key]


@pytest.mark.parametrize(("leaf", "keys"), NEWER_COUNTER_KEYS)
def test_what_a_leaf_counts_in_version_4_is_stored_under_this_key(leaf: dict[str, Any], keys: list[str]) -> None:
    assert counter_keys(leaf, 4) == keys


@pytest.mark.parametrize(("leaf", "key"), NEWER_HELD_KEYS)
def test_since_when_a_leaf_is_true_in_version_4_is_stored_under_this_key(leaf: dict[str, Any], key: str) -> None:
    assert held_keys(leaf, 4, employees="number", renewal="date") == [key]


@pytest.mark.parametrize("leaf", [leaf for leaf, _ in COUNTER_KEYS if leaf != {"visit": {}}])
def test_events_that_another_version_may_match_otherwise_are_counted_anew(leaf: dict[str, Any]) -> None:
    assert set(counter_keys(leaf, 3)).isdisjoint(counter_keys(leaf, 4))


@pytest.mark.parametrize(
    "leaf",
    [
        {"visit": {}},
        {"activity": {}, "never": True, "within": "7d"},
        {"visit": {}, "first": True},
        {"visit": {}, "last": {}},
        {"activity": {}, "regular": {"at_least": 1, "of": 2, "each": "1d"}},
        {"sequence": [{"visit": {}}, {"activity": {}}], "within": "1d"},
    ],
)
def test_what_the_empty_filter_counted_is_kept(leaf: dict[str, Any]) -> None:
    assert counter_keys(leaf, 3) == counter_keys(leaf, 4)


DECLARED: dict[str, PropertyType] = {
    "size": "number",
    "vip": "boolean",
    "city": "text",
    "born": "date",
    "seen": "datetime",
    "codes": "list",
    "home": "object",
}


@pytest.mark.parametrize(
    "operators",
    [
        {"property": "city", "eq": "Bonn"},
        {"property": "any", "eq": 5},
        {"property": "any", "matches": "a"},
        {"property": "codes", "contains": "a"},
        {"property": "home", "has_item": {"k": {"eq": 1}}},
        {"property": ["home", "k"], "gte": 1},
        {"property": "born", "before": "now+30d"},
        {"property": "born", "exists": True, "eq": "now/d"},
        {"property": "seen", "exists": True},
        {"property": "seen", "older_than": "1d"},
        {"tags": {"contains_any": ["a"]}},
    ],
)
def test_a_leaf_that_another_version_may_decide_otherwise_is_held_anew(operators: dict[str, Any]) -> None:
    leaf = {**operators, "held_for": "7d"}
    assert held_keys(leaf, 3, **DECLARED) != held_keys(leaf, 4, **DECLARED)


@pytest.mark.parametrize(
    "operators",
    [
        {"property": "size", "gte": 5},
        {"property": "vip", "ne": True},
        {"property": "city", "exists": True},
        {"property": "any", "empty": True},
        {"property": "born", "within_next": "3d"},
        {"property": "born", "exists": False},
        {"tags": {"empty": False}},
    ],
)
def test_since_when_a_leaf_is_true_that_no_version_decides_otherwise_is_kept(operators: dict[str, Any]) -> None:
    leaf = {**operators, "held_for": "7d"}
    assert held_keys(leaf, 3, **DECLARED) == held_keys(leaf, 4, **DECLARED)


@pytest.mark.parametrize("held_for", ["1h", "90d"])
def test_leaves_that_differ_only_in_held_for_share_a_key(held_for: str) -> None:
    compiled = compile_dict({"property": "country", "eq": "DE", "held_for": held_for})
    shared = compile_dict({"property": "country", "eq": "DE", "held_for": "7d"})
    assert compiled.held_states[0].key == shared.held_states[0].key


def test_an_operator_written_with_its_default_value_does_not_move_the_key() -> None:
    plain = compile_dict({"visit": PATH})
    explicit = compile_dict({"visit": {"path": {**PATH["path"], "case_sensitive": False, "in_zone": "account"}}})
    assert explicit.counters[0].key == plain.counters[0].key


class _NewerOperators(Operators):
    """The operators as a later version may have them."""

    sounds_like: str | None = None
    ignore_accents: bool = False
    has_item: dict[str, _NewerOperators] | None = None  # type: ignore[assignment]


@pytest.mark.parametrize("operators", [PATH["path"], {"has_item": {"sku": {"eq": "A-1"}}}])
def test_a_new_operator_with_a_default_does_not_move_the_keys_of_stored_state(operators: dict[str, Any]) -> None:
    newer = _NewerOperators.model_validate(operators)
    assert operators_to_plain(newer) == operators_to_plain(Operators.model_validate(operators)) == operators

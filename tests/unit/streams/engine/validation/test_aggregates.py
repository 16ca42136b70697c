"""Leaves on sums, averages, distinct values, beginnings and scores that cannot hold or say nothing are refused."""

from __future__ import annotations

from typing import Any

import pytest

from streams.engine.validation import path_text, validate_definitions

PERIODS = {"at_least": 1, "of": 2, "each": "1d"}


def messages(when: Any, version: int = 4) -> list[tuple[str, str]]:
    raw = {"engine_version": version, "segments": [{"id": "s", "dynamic": True, "when": when}]}
    problems = validate_definitions(raw).problems
    return [(path_text(problem.path).removeprefix("segments[0].when"), problem.message) for problem in problems]


def visited(**more: Any) -> dict[str, Any]:
    return {"visit": {}, **more}


REFUSED: list[tuple[Any, str, str]] = [
    (visited(sum={"gte": 5}), ".sum", "of is missing"),
    (visited(sum={"of": "", "gte": 5}), ".sum.of", "the name of the field is needed whose values sum takes"),
    (visited(sum={"of": "n"}), ".sum", "an operator is needed"),
    (visited(average={"of": "n"}), ".average", "an operator is needed"),
    (visited(distinct={"of": "n"}), ".distinct", "an operator is needed"),
    (visited(sum={"of": "n", "between": [5, 4]}), ".sum.between", "the lower bound comes first"),
    (visited(distinct={"of": "n", "between": [5, 4]}), ".distinct.between", "the lower bound comes first"),
    (visited(average={"of": "n", "gt": 5, "lte": 5}), ".average", "no number is gt 5 and lte 5"),
    (visited(distinct={"of": "n", "lt": 0}), ".distinct", "there are never so many different values"),
    (visited(distinct={"of": "n", "gt": 5, "lt": 5}), ".distinct", "there are never so many different values"),
    (visited(distinct={"of": "n", "gte": 0}), ".distinct", "any number of different values meets this"),
    (visited(distinct={"of": "n", "gte": 1_001}), ".distinct", "up to 999 different values"),
    (visited(sum={"of": "n", "gte": 5}, count={"gte": 1}), ".sum", "sum stands alone: it cannot stand beside count"),
    (visited(sum={"of": "n", "gte": 5}, never=True), ".sum", "it cannot stand beside never"),
    (visited(average={"of": "n", "gte": 5}, first=True), ".average", "it cannot stand beside first"),
    (visited(distinct={"of": "n", "gte": 5}, last={"a": {"eq": 1}}), ".distinct", "it cannot stand beside last"),
    (visited(sum={"of": "n", "gte": 5}, regular=PERIODS), ".sum", "it cannot stand beside regular"),
    (visited(sum={"of": "n", "gte": 5}, within="0s"), ".within", "within must be longer than nothing"),
    (visited(sum={"of": "n", "gte": 5}, in_zone="contact"), ".in_zone", "for the dates of since and until"),
    (visited(sum={"of": "n", "gte": "5"}), ".sum.gte", ""),
    (visited(sum={"of": "n", "gte": True}), ".sum.gte", "a number is needed here, not true"),
    (
        visited(average={"of": "n", "between": [0, False]}),
        ".average.between[1]",
        "a number is needed here, not false",
    ),
    (visited(sum={"of": "n", "lt": 2 * 10**308}), ".sum.lt", "a number within a double's range is needed here"),
    (visited(average={"of": "n", "between": [-(10**309), 5]}), ".average.between", "within a double's range"),
    (visited(regular={**PERIODS, "of": 600, "times": 2}), ".regular.times", "of and times multiply to at most 1000"),
    (visited(regular={**PERIODS, "times": 0}), ".regular.times", ""),
    ({"created": {"exists": True}}, ".created.exists", "a contact always has an instant at which it began"),
    ({"created": {"empty": False}}, ".created.empty", "a contact always has an instant at which it began"),
    ({"created": {"within_next": "1d"}}, ".created.within_next", "no contact begins in the future"),
    ({"created": {}}, ".created", "created needs an operator"),
    ({"created": {"starts_with": "2026"}}, ".created.starts_with", "does not fit created"),
    ({"score": {"exists": False, "gte": 0}}, ".score.exists", "exists: false stands alone"),
    ({"score": {"empty": True}}, ".score.empty", "a score is always there"),
    ({"score": {"name": "fit"}}, ".score", "an operator is needed"),
    ({"visit": {"path": {"contains_any": ["a"]}}}, ".visit.path.contains_any", "is for lists, and path is always"),
    ({"visit": {"query.x": {"has_item": {"a": {"eq": 1}}}}}, ".visit.query.x.has_item", "query.x is always text"),
    ({"visit": {"host": {"contains_all": ["a"]}}}, ".visit.host.contains_all", "host is always text"),
    ({"activity": {"name": {"eq": True}}}, ".activity.name.eq", "is always text, which is neither true nor false"),
    ({"activity": {"name": {"in": ["a", False]}}}, ".activity.name.in", "is always text"),
    ({"visit": {"path": {"contains": 2}}}, ".visit.path.contains", "is always text, which has no items"),
]


@pytest.mark.parametrize(("when", "where", "says"), REFUSED)
def test_what_cannot_hold_or_says_nothing_is_refused(when: Any, where: str, says: str) -> None:
    found = messages(when)
    assert [place for place, _ in found] == [where], found
    assert says in found[0][1]


@pytest.mark.parametrize(
    "when",
    [
        visited(sum={"of": "n", "gte": -5, "lt": 10.5}, within="7d"),
        visited(sum={"of": "n", "lt": 10**308}),
        visited(sum={"of": "n", "gte": 5}, average={"of": "n", "lt": 5}, distinct={"of": "host", "between": [0, 3]}),
        visited(distinct={"of": "cart.sku", "eq": 0}, since="now/d", in_zone="contact"),
        visited(regular={**PERIODS, "times": 2}),
        {"created": {"gte": "2026-01-01", "in_zone": "contact"}},
        {"created": {"anniversary_within": "7d"}},
        {"score": {"exists": True}},
        {"score": {"name": "fit", "exists": False}},
        {"score": {"exists": True, "lte": 0}},
        {"activity": {"title": {"contains_any": ["a"]}, "url": {"exists": False}, "campaign": {"gte": 5}}},
        {"visit": {"query.page": {"gte": 2, "lt": 5}, "path": {"ne": "/"}}},
    ],
)
def test_what_makes_sense_is_valid(when: Any) -> None:
    assert messages(when) == []


@pytest.mark.parametrize(
    ("when", "where"),
    [
        ({"visit": {"query.page": {"gte": 2}}}, ".visit.query.page.gte"),
        ({"activity": {"title": {"contains_any": ["a"]}}}, ".activity.title.contains_any"),
        ({"points": {"exists": True}}, ".points.exists"),
    ],
)
def test_version_3_refuses_what_it_refused(when: Any, where: str) -> None:
    assert [place for place, _ in messages(when, 3)] == [where]

"""Leaves that never hold, always hold or have no effect are refused, with what to write instead."""

from __future__ import annotations

from typing import Any, get_args

import pytest

from schemas.engine_versions import NEWEST_VERSION, EngineVersion
from streams.engine.validation import path_text, validate_definitions

PROPERTIES = {"size": "number", "born": "date", "seen": "datetime", "codes": "list", "home": "object"}


def segment_messages(when: Any, version: int = NEWEST_VERSION) -> list[tuple[str, str]]:
    segments = [{"id": "s", "dynamic": True, "when": when}]
    raw = {"properties": PROPERTIES, "segments": segments, "campaigns": [{"id": "c"}]}
    return messages({"engine_version": version, **raw})


def rule_messages(when: Any) -> list[tuple[str, str]]:
    rule = {"id": "r", "when": when, "then": {"set_status": "qualified"}}
    return messages({"campaigns": [{"id": "c", "automation": [rule]}]})


def messages(raw: dict[str, Any]) -> list[tuple[str, str]]:
    return [(path_text(problem.path), problem.message) for problem in validate_definitions(raw).problems]


def prop(**operators: Any) -> dict[str, Any]:
    """A leaf on an undeclared property."""
    return {"property": "plan", **{name.removesuffix("_"): operand for name, operand in operators.items()}}


def visited(**window: Any) -> dict[str, Any]:
    return {"visit": {}, **window}


CONTRADICTIONS: list[tuple[Any, str, str]] = [
    (prop(in_=[]), ".in", "means nobody; name a value, or write {any: []}"),
    (prop(not_in=[]), ".not_in", "leaves nobody out; name a value, or leave not_in away"),
    ({"property": "codes", "contains_any": []}, ".contains_any", "means nobody; name a value"),
    ({"tags": {"contains_all": []}}, ".tags.contains_all", "asks for nothing; name a value, or write exists: true"),
    ({"score": {"in": []}}, ".score.in", "means nobody"),
    ({"visit": {"path": {"in": []}}}, ".visit.path.in", "means nobody"),
    ({"property": "home", "has_item": {"k": {"in": []}}}, ".has_item.k.in", "means nobody"),
    (prop(exists=False, eq="DE"), ".exists", "there is no value for eq to speak of"),
    (prop(exists=False, ne="DE"), ".exists", "there is no value for ne to speak of"),
    (prop(empty=True, gt=5), ".empty", "no empty value meets gt"),
    (prop(empty=True, eq="a"), ".empty", "no empty value meets eq"),
    (prop(gt=5, lt="2026-01-01"), ".lt", "gt takes numbers and lt dates: no value is both"),
    (prop(eq="a", gte=5), ".gte", "eq takes text and gte numbers"),
    (prop(eq=True, in_=[1, 2]), ".in", "eq takes true or false and in numbers"),
    (prop(contains_any=["a"], starts_with="b"), ".contains_any", "starts_with takes text and contains_any lists"),
    ({"property": "size", "gt": 5, "lt": 3}, "", "no number is gt 5 and lt 3; put each in a leaf of any:"),
    ({"property": "size", "gte": 5, "lt": 5}, "", "no number is gte 5 and lt 5"),
    ({"property": "size", "eq": 5, "gt": 5}, "", "no number is eq 5 and gt 5"),
    ({"property": "size", "between": [1, 4], "gte": 5}, "", "no number is gte 5 and between [1, 4]"),
    ({"score": {"gt": 5, "lte": 5}}, ".score", "no number is gt 5"),
    ({"lead": {"campaign": "c", "points": {"gt": 5, "lt": 3}}}, ".lead.points", "no number is gt 5"),
    ({"property": "born", "between": ["2026-03-31", "2026-03-01"]}, ".between", "the earlier date comes first"),
    (prop(between=["2026-03-31", "2026-03-01"]), ".between", "the earlier date comes first"),
    ({"property": "born", "gte": "2026-03-31", "before": "2026-03-31"}, "", "no date is gte 2026-03-31 and before"),
    ({"property": "seen", "eq": "2026-03-31", "lt": "2026-03-30T00:00:00Z"}, "", "no date is eq 2026-03-31"),
    ({"property": "seen", "gt": "2026-03-31||-1M", "lt": "2026-01-31"}, "", "no date is gt 2026-03-31||-1M"),
    ({"last_visit": {"after": "2026-03-31", "before": "2026-03-01"}}, ".last_visit", "no date is before 2026-03-01"),
    ({"property": "seen", "within_last": "0s"}, ".within_last", "within_last must be longer than nothing"),
    ({"property": "seen", "within_next": "0s"}, ".within_next", "within_next must be longer than nothing"),
    (
        {"property": "seen", "within_last": "7d", "older_than": "7d"},
        ".older_than",
        "must be shorter than within_last",
    ),
    ({"property": "seen", "within_last": "7d", "within_next": "7d"}, "", "within_next and within_last never hold of"),
    ({"property": "seen", "older_than": "7d", "within_next": "7d"}, "", "within_next and older_than never hold of"),
    ({"last_visit": {"within_last": "0s"}}, ".last_visit.within_last", "must be longer than nothing"),
    ({"property": "born", "anniversary_within": "36h"}, ".anniversary_within", "counts whole days"),
    ({"property": "born", "anniversary_within": "12h"}, ".anniversary_within", "write 0d for today"),
    (prop(eq="a", held_for="0s"), ".held_for", "must be longer than nothing"),
    ({"tags": {"contains": "a"}, "held_for": "0s"}, ".held_for", "must be longer than nothing"),
    (visited(within="0s"), ".within", "must be longer than nothing"),
    ({"sequence": [{"visit": {}}, {"visit": {}}], "within": "0s"}, ".within", "must be longer than nothing"),
    ({"inactive_for": "0s"}, ".inactive_for", "write how long, as in inactive_for: 30d"),
    (visited(since="2026-03-31", until="2026-03-01"), ".since", "since lies behind until"),
    (visited(since="2026-03-31", until="2026-03-01", in_zone="contact"), ".since", "since lies behind until"),
    (visited(count={"gt": 5, "lt": 3}), ".count", "nothing happens so often"),
    (visited(count={"gt": 2, "lt": 3}), ".count", "nothing happens so often"),
    (visited(count={"lt": 0}), ".count", "write never: true for not once"),
    (visited(count={"eq": -1}), ".count", "nothing happens so often"),
    (visited(count={"eq": 4, "lte": 3}), ".count", "nothing happens so often"),
    (visited(count={"gte": -3}), ".count", "any number of times meets this; leave count out for at least once"),
    (visited(count={"gte": 0}), ".count", "any number of times meets this"),
    ({"status": {"exists": False}}, ".status.exists", "a contact always has a status; write eq, ne, in or not_in"),
    ({"status": {"empty": True}}, ".status.empty", "a contact always has a status"),
    ({"score": {"empty": True}}, ".score.empty", "a score is always there: without any points it is 0"),
    ({"status": {"eq": "Bounced", "case_sensitive": True}}, ".status.eq", "did you mean bounced?"),
    (prop(eq="a", in_zone="contact"), ".in_zone", "in_zone is for dates, and none is compared here"),
    ({"property": "size", "gt": 1, "in_zone": "contact"}, ".in_zone", "in_zone is for dates"),
    ({"property": "seen", "exists": True, "in_zone": "contact"}, ".in_zone", "in_zone is for dates"),
    (visited(within="7d", in_zone="contact"), ".in_zone", "in_zone is for the dates of since and until"),
    (
        {"last_visit": {"older_than": "7d", "in_zone": "contact"}},
        ".last_visit.in_zone",
        "in_zone is for the dates of before and after",
    ),
    ({"property": "size", "gt": 1, "case_sensitive": True}, ".case_sensitive", "case_sensitive is for text"),
    (
        {"property": "size", "gt": 1, "accents": "ignore"},
        ".accents",
        "accents is for text, and none is compared here",
    ),
    ({"property": "born", "eq": "now/d", "accents": "ignore"}, ".accents", "accents is for text"),
    (prop(exists=True, accents="ignore"), ".accents", "accents is for text"),
    ({"visit": {"size": {"gte": 5, "accents": "ignore"}}}, ".visit.size.accents", "accents is for text"),
    (
        {"property": "home", "has_item": {"k": {"eq": "a"}}, "accents": "ignore"},
        ".accents",
        "or write it inside of has_item",
    ),
    (prop(contains=""), ".contains", "every text contains the empty one; write exists: true, or empty: false"),
    (prop(not_contains=""), ".not_contains", "every text contains the empty one; write exists: false"),
    ({"property": "city", "starts_with": ""}, ".starts_with", "every text starts with the empty one"),
    ({"property": "city", "ends_with": ""}, ".ends_with", "every text ends with the empty one"),
    (prop(matches=""), ".matches", "the empty pattern matches in every text; write exists: true, or empty: false"),
    (prop(matches="(?:)"), ".matches", "the empty pattern matches in every text"),
    ({"visit": {"path": {"contains": ""}}}, ".visit.path.contains", "every text contains the empty one"),
    ({"property": "home", "has_item": {"k": {"contains": ""}}}, ".has_item.k.contains", "every text contains"),
    ({"property": "born", "eq": "now/d", "case_sensitive": True}, ".case_sensitive", "case_sensitive is for text"),
    (
        {"property": "home", "has_item": {"k": {"eq": "a"}}, "case_sensitive": True},
        ".case_sensitive",
        "or write it inside of has_item",
    ),
    (
        {"visit": {"host": {"eq": "WWW.example.com", "case_sensitive": True}}},
        ".visit.host.eq",
        "host is kept in lower case, and 'WWW.example.com' is not; write www.example.com",
    ),
    (
        {"property": "email_domain", "in": ["example.com", "Example.org"], "case_sensitive": True},
        ".in",
        "write example.org",
    ),
    ({"segment": "s", "held_for": "7d"}, ".held_for", "how long segment has held is not followed"),
    ({"score": {"gte": 5}, "held_for": "7d"}, ".held_for", "stands beside a property or tags"),
]


@pytest.mark.parametrize(("when", "where", "message"), CONTRADICTIONS, ids=str)
def test_a_leaf_without_effect_is_refused_with_what_to_write(when: Any, where: str, message: str) -> None:
    (path, text) = segment_messages(when)[0]
    assert path == f"segments[0].when{where}"
    assert message in text


MARKS = "\u0301\u0323"


@pytest.mark.parametrize("name", ["contains", "not_contains", "starts_with", "ends_with", "matches"])
def test_a_text_of_which_nothing_is_left_is_in_every_text(name: str) -> None:
    for operand in (MARKS, "\u0301", 40 * MARKS):
        marked = {name: operand, "accents": "ignore"}
        for leaf, where in (
            (prop(**marked), ""),
            ({"property": "city", **marked}, ""),
            ({"property": "city", **marked, "case_sensitive": True}, ""),
            ({"visit": {"title": marked}}, ".visit.title"),
            ({"property": "home", "has_item": {"k": marked}}, ".has_item.k"),
        ):
            found = segment_messages(leaf)
            assert [path for path, _ in found] == [f"segments[0].when{where}.{name}"]
            assert "nothing is left of" in found[0][1]
        assert segment_messages({"property": "city", name: operand}) == []
        assert segment_messages({"property": "city", name: f"e{operand}", "accents": "ignore"}) == []
    assert segment_messages({"property": "codes", "contains": MARKS, "accents": "ignore"}) == []  # an empty item


def test_the_empty_text_is_met_by_a_text_of_which_nothing_is_left() -> None:
    assert segment_messages(prop(empty=True, eq="\u0301", accents="ignore")) == []
    found = segment_messages(prop(empty=True, eq="\u0301"))
    assert [path for path, _ in found] == ["segments[0].when.empty"]


SOUND: list[Any] = [
    {"property": "size", "gt": 1, "in_zone": "account", "case_sensitive": False},
    {"property": "city", "eq": "Rome", "in_zone": "account"},
    visited(count={"eq": 0}),
    visited(count={"lt": 1}),
    visited(count={"lte": 0}),
    visited(count={"gte": 0, "lt": 3}),
    visited(count={"between": [0, 2]}),
    visited(count={"gt": 2, "lt": 4}),
    visited(since="2026-03-31", until="2026-03-31"),
    visited(since="2026-03-31T12:00:00Z", until="2026-03-31"),
    visited(since="now", until="now-7d"),
    visited(between_ago=["7d", "0s"]),
    visited(since="2026-03-01", in_zone="contact"),
    {"sequence": [{"visit": {}}, {"visit": {}}], "within": "1d", "gap": "0s"},
    {"last_visit": {"older_than": "0s"}},
    {"property": "seen", "older_than": "0s"},
    {"property": "seen", "within_last": "7d", "older_than": "1d"},
    {"property": "born", "anniversary_within": "0d"},
    {"property": "born", "between": ["2026-03-31", "2026-03-31"]},
    {"property": "seen", "between": ["2026-03-31T12:00:00Z", "2026-03-31"]},
    {"property": "size", "gte": 5, "lte": 5},
    {"property": "size", "gt": 5, "lt": 5.5},
    {"property": "home", "has_item": {}},
    prop(exists=True, ne="DE"),
    prop(exists=True, empty=True),
    prop(empty=True, ne="DE"),
    prop(empty=True, in_=["", "a"]),
    prop(exists=True, eq="DE"),
    prop(contains="a", starts_with="b"),
    prop(in_=["a", 5], gt=3),
    prop(eq="2026-03-01", before="now"),
    prop(ne="a", gt=5),
    prop(eq="2026-03-01", in_zone="contact"),
    {"property": "email_domain", "eq": "Example.org"},
    {"visit": {"host": {"matches": "^\\S+$", "case_sensitive": True}}},
    {"lead": {"campaign": "c", "status": {"exists": False}}},
    {"tags": {"exists": False}},
    {"tags": {"contains": "vip"}, "held_for": "7d"},
    {"status": {"eq": "Bounced"}},
    {"status": {"in": ["ACTIVE", "inactive"]}},
]


@pytest.mark.parametrize("when", SOUND, ids=str)
@pytest.mark.parametrize("version", get_args(EngineVersion))
def test_a_leaf_with_effect_is_accepted(when: Any, version: EngineVersion) -> None:
    assert segment_messages(when, version) == []


@pytest.mark.parametrize("operators", [{"gt": 1}, {"exists": True}, {"before": "now"}, {"in": [1, True]}])
@pytest.mark.parametrize("modifier", [{"accents": "ignore"}, {"case_sensitive": True}])
def test_a_modifier_of_text_beside_none_is_refused(operators: dict[str, Any], modifier: dict[str, Any]) -> None:
    paths = [path for path, _ in segment_messages(prop(**operators, **modifier))]
    assert paths == [f"segments[0].when.{name}" for name in modifier]


ACCEPTED_BY_VERSION_3: list[Any] = [
    prop(contains=""),
    prop(not_contains=""),
    {"property": "city", "starts_with": ""},
    {"visit": {"path": {"ends_with": ""}}},
]
SOUND_FROM_VERSION_4_ON: list[Any] = [
    prop(eq="23", gte=5),
    prop(eq=" 23.0 ", gte=5),
    prop(in_=["a", "23"], lt=50),
    prop(starts_with="2", gt=1),
    prop(gt=1, contains="2"),
    prop(matches="^2", between=[1, 30]),
    {"activity": {"amount": {"starts_with": "2", "gte": 5}}},
    {"property": "born", "gte": "2026-03-31T20:00:00Z", "lte": "2026-03-31T10:00:00Z"},
    prop(between=["2026-03-31T20:00:00Z", "2026-03-31T10:00:00Z"]),
]
"""One value may be met by operators on text and by operators on numbers, one day by instants in any order."""


@pytest.mark.parametrize("when", ACCEPTED_BY_VERSION_3, ids=str)
def test_what_version_3_accepted_it_accepts(when: Any) -> None:
    assert segment_messages(when, 3) == []
    assert len(segment_messages(when)) == 1


@pytest.mark.parametrize("when", SOUND_FROM_VERSION_4_ON, ids=str)
def test_what_version_3_refused_it_refuses(when: Any) -> None:
    assert len(segment_messages(when, 3)) == 1
    assert segment_messages(when) == []


@pytest.mark.parametrize(
    "when",
    [
        prop(eq="a", gte=5),
        prop(in_=["a", "05"], gte=5),
        prop(eq=True, gte=5),
        prop(eq="5", contains_any=["5"]),
        prop(gte=5, before="2026-01-01"),
        prop(gt="2026-03-31T20:00:00Z", lt="2026-03-29T10:00:00Z"),
        {"property": "born", "gt": "2026-03-31T20:00:00Z", "lt": "2026-03-29T10:00:00Z"},
        {"property": "seen", "gte": "2026-03-31T20:00:00Z", "lte": "2026-03-31T10:00:00Z"},
        {"property": "born", "gt": "2026-03-31", "lt": "2026-03-31"},
    ],
    ids=str,
)
def test_what_no_value_meets_is_refused_by_every_version(when: Any) -> None:
    for version in get_args(EngineVersion):
        assert len(segment_messages(when, version)) == 1, version


@pytest.mark.parametrize(
    "when",
    [
        {"tags": {"contains": ""}},
        {"property": "codes", "not_contains": ""},
        prop(eq=""),
        prop(in_=["", "a"], accents="ignore"),
        prop(contains="a", accents="ignore"),
        prop(matches="a", accents="ignore"),
        {"tags": {"contains_any": ["café"], "accents": "ignore"}},
        {"visit": {"title": {"contains": "café", "accents": "ignore"}}},
    ],
    ids=str,
)
def test_an_empty_item_and_accents_of_a_text_may_be_asked_for(when: Any) -> None:
    assert segment_messages(when) == []


@pytest.mark.parametrize(
    ("when", "where", "message"),
    [
        ({"lead_age": {"gt": "2d", "lt": "1d"}}, ".lead_age", "no lead is ever of that age"),
        ({"lead_age": {"lt": "0s"}}, ".lead_age", "no lead is ever of that age"),
        ({"lead_age": {"gte": "0s"}}, ".lead_age", "every lead is of that age; leave it out"),
        ({"lead_status": {"exists": True}}, ".lead_status.exists", "a lead at hand always has a status"),
        ({"points": {"gt": 5, "lt": 3}}, ".points", "no number is gt 5 and lt 3"),
        ({"points": {"exists": True}}, ".points.exists", "a lead always has points"),
    ],
    ids=str,
)
def test_leaves_on_the_lead_without_effect_are_refused_too(when: Any, where: str, message: str) -> None:
    (path, text) = rule_messages(when)[0]
    assert path == f"campaigns[0].automation[0].when{where}"
    assert message in text


def test_a_lead_may_have_an_age_of_zero() -> None:
    assert rule_messages({"lead_age": {"lte": "0s"}}) == []
    assert rule_messages({"lead_status": {"eq": "Duplicate"}}) == []


def test_a_segment_of_no_status_is_refused() -> None:
    (problem,) = messages({"segments": [{"id": "s", "statuses": []}]})
    assert problem == (
        "segments[0].statuses",
        "a segment of no status holds nobody; name some of active, inactive, bounced, or leave statuses out",
    )


def test_a_cap_over_no_time_is_refused() -> None:
    rule = {"id": "r", "when": {"visit": {}}, "points": 1, "at_most": {"times": 1, "per": "0s"}}
    (problem,) = messages({"campaigns": [{"id": "c", "scoring": [rule]}]})
    assert problem == ("campaigns[0].scoring[0].at_most.per", "must be longer than nothing, as in per: 1d")

"""Each way in which definitions can be wrong, and its message."""

from __future__ import annotations

from typing import Any

import pytest

from streams.engine.validation import Problem, path_text, validate_definitions

PROPERTIES = {
    "employees": "number",
    "vip": "boolean",
    "born": "date",
    "seen": "datetime",
    "codes": "list",
    "home": "object",
}


def definitions(**fields: Any) -> dict[str, Any]:
    return {"properties": PROPERTIES, "segments": [{"id": "static"}], **fields}


def within_segment(when: Any, **fields: Any) -> dict[str, Any]:
    return definitions(segments=[{"id": "s", "dynamic": True, "when": when}, {"id": "static"}], **fields)


def within_rule(when: Any, **then: Any) -> dict[str, Any]:
    rule = {"id": "r", "when": when, "then": then or {"set_status": "qualified"}}
    return definitions(campaigns=[{"id": "c", "automation": [rule]}])


def problem_of(raw: dict[str, Any]) -> Problem:
    (problem,) = validate_definitions(raw).problems
    return problem


def first_problem(raw: dict[str, Any]) -> tuple[str, str]:
    problem = problem_of(raw)
    return path_text(problem.path), problem.message


VALID_LEAVES: list[Any] = [
    {"property": "country", "in": ["DE", "FR"]},
    {"property": "employees", "gte": 50, "lt": 1000},
    {"property": "vip", "eq": True},
    {"property": "born", "anniversary_within": "7d"},
    {"property": "born", "before": "now/d-7d"},
    {"property": "seen", "between": ["2026-03-31||-1M", "now"]},
    {"property": "codes", "contains_any": ["a", 1]},
    {"property": ["home", "city"], "eq": "Bonn"},
    {"property": "home", "has_item": {"sku": {"eq": 7}}},
    {"property": "undeclared", "gt": 5},
    {"property": "undeclared", "gt": "2026-01-01"},
    {"property": "city", "matches": "^B.*n$", "case_sensitive": True},
    {"status": {"in": ["active", "bounced"]}},
    {"tags": {"contains": "x"}},
    {"score": {"name": "fit", "between": [1, 5]}},
    {"visit": {"path": {"starts_with": "/pricing"}, "query.x": {"eq": "1"}}, "count": {"gte": 3}, "within": "7d"},
    {"visit": {}, "never": True, "between_ago": ["30d", "7d"]},
    {"activity": {"name": {"eq": "form"}, "amount": {"gt": 5}}, "since": "2026-01-01", "until": "now"},
    {"property": "city", "eq": "Bonn", "held_for": "7d"},
    {"visit": {}, "first": True, "within": "30d"},
    {"visit": {}, "first": {"referrer": {"contains": "google"}}, "last": {}},
    {"activity": {}, "last": {"name": {"eq": "form"}}, "until": "now-7d"},
    {"visit": {}, "regular": {"at_least": 5, "of": 7, "each": "1d"}},
    {"sequence": [{"visit": {}}, {"activity": {"name": {"eq": "form"}}}], "within": "7d", "gap": "1h"},
    {"last_visit": {"older_than": "7d"}},
    {"first_visit": {"after": "2026-01-01"}},
    {"last_activity": {"within_last": "7d"}},
    {"inactive_for": "30d"},
    {"segment": "static"},
    {"not": {"segment": "static"}},
    {"all": []},
    {"any": []},
]


@pytest.mark.parametrize("leaf", VALID_LEAVES, ids=str)
def test_every_form_of_the_language_is_accepted(leaf: Any) -> None:
    checked = validate_definitions(within_segment(leaf))
    assert checked.problems == []
    assert checked.definitions is not None
    assert checked.definitions.segments[0].when is not None


@pytest.mark.parametrize(
    "leaf",
    [
        {"points": {"gte": 100}},
        {"lead_status": {"eq": "duplicate"}},
        {"lead_age": {"gte": "30d"}},
        {"lead": {"campaign": "c", "status": {"eq": "qualified"}, "points": {"gte": 5}}},
    ],
)
def test_rules_may_test_their_lead(leaf: Any) -> None:
    assert validate_definitions(within_rule(leaf)).problems == []


WRONG: list[tuple[Any, str, str]] = [
    (5, "", "a condition is a mapping"),
    ({}, "", "an empty mapping is no condition"),
    ({"propetry": "x", "eq": 1}, ".propetry", "unknown condition 'propetry' - did you mean property?"),
    ({"city": "Den Haag"}, ".city", 'a property is asked for with {property: city, eq: "Den Haag"}'),
    ({"visit": {}, "activity": {}}, "", "one leaf has one subject, here are visit and activity"),
    ({"all": [], "within": "7d"}, ".within", "within cannot stand beside all"),
    ({"all": {"property": "x"}}, ".all", "all takes a list of conditions, not a mapping"),
    ({"not": []}, ".not", "a condition is a mapping"),
    ({"property": "city", "eqq": "x"}, ".eqq", "unknown key 'eqq' - did you mean eq?"),
    ({"property": "city"}, "", "city needs an operator"),
    ({"property": "city", "eq": None}, ".eq", "null is no value to compare with"),
    ({"property": "city", "in": ["a", None]}, ".in[1]", "null is no value to compare with"),
    ({"property": "city", "eq": ["a"]}, ".eq", "text, a number or true or false is needed here, not a list"),
    ({"property": "city", "in": "a"}, ".in", "a list is needed here, not 'a'"),
    ({"property": "city", "exists": "yes"}, ".exists", "true or false is needed here, not 'yes'"),
    ({"property": "city", "eq": 5}, ".eq", "text is needed here, not 5; put it in quotes"),
    ({"property": "city", "gt": "a"}, ".gt", "gt does not fit city, which is text; it takes eq"),
    ({"property": "city", "matches": "(?=a)"}, ".matches", "is not a pattern that runs in linear time (RE2)"),
    ({"property": "employees", "eq": "5"}, ".eq", "a number is needed here, not '5'"),
    ({"property": "employees", "eq": True}, ".eq", "a number is needed here, not true"),
    ({"property": "employees", "in": [1, "2"]}, ".in", "a number is needed here, not '2'"),
    ({"property": "employees", "starts_with": "5"}, ".starts_with", "does not fit employees, which is a number"),
    ({"property": "employees", "between": [5, 1]}, ".between", "the lower bound comes first"),
    ({"property": "employees", "between": [5]}, ".between", ""),
    ({"property": "vip", "eq": 1}, ".eq", "true or false is needed here, not 1"),
    ({"property": "vip", "gt": 1}, ".gt", "gt does not fit vip, which is a boolean"),
    ({"property": "born", "eq": "2026-02-30"}, ".eq", "'2026-02-30' is not a date"),
    ({"property": "born", "before": "now-7"}, ".before", "'now-7' is not a date"),
    ({"property": "born", "before": "2026-01-01-1d"}, ".before", "is not a date"),
    ({"property": "born", "within_last": "7 days"}, ".within_last", "'7 days' is not a duration"),
    ({"property": "born", "within_last": 7}, ".within_last", "a duration is text such as 7d"),
    ({"property": "codes", "eq": "a"}, ".eq", "eq does not fit codes, which is a list; it takes contains"),
    ({"property": "codes", "has_item": {"sku": {"eq": "a"}}}, ".has_item", "has_item does not fit codes"),
    ({"property": "home", "eq": "a"}, ".eq", "eq does not fit home, which is an object"),
    ({"property": "home", "has_item": {"sku": {"eqq": 1}}}, ".has_item.sku.eqq", "did you mean eq?"),
    ({"property": "home", "has_item": {"sku": {}}}, ".has_item.sku", "sku needs an operator"),
    ({"property": ["city", "x"], "eq": "a"}, ".property", "city is declared as text; only an object has keys inside"),
    ({"property": [], "eq": "a"}, ".property", "the name of a property is needed"),
    ({"property": "undeclared", "gt": "soon"}, ".gt", "'soon' is not a date"),
    ({"status": {"eq": "activ"}}, ".status.eq", "'activ' is not known here - did you mean active?"),
    ({"tags": {"starts_with": "a"}}, ".tags.starts_with", "does not fit tags, which is a list"),
    ({"score": {}}, ".score", "an operator is needed"),
    ({"score": {"gte": "5"}}, ".score.gte", "a number is needed here, not '5'"),
    ({"score": {"gte": 5}, "within": "7d"}, ".within", "unknown key 'within'"),
    ({"visit": {"path": {"starts": "/"}}}, ".visit.path.starts", "did you mean starts_with?"),
    ({"visit": {"path": {"eq": True}}}, ".visit.path.eq", "path is always text, which is neither true nor false"),
    ({"visit": {"path": {}}}, ".visit.path", "path needs an operator"),
    ({"visit": {"path": "/x"}}, ".visit.path", "a mapping is needed here, not '/x'; such as {eq: /x}"),
    ({"visit": "/x"}, ".visit", "a mapping is needed here, not '/x'; such as {path: {eq: /x}}"),
    ({"visit": {"within": "7d"}}, ".visit.within", "not '7d'; within stands beside visit, not in it"),
    ({"visit": {}, "count": 3}, ".count", "a mapping is needed here, not 3; such as {eq: 3}"),
    ({"status": "active"}, ".status", "a mapping is needed here, not 'active'; such as {eq: active}"),
    ({"visit": {"title": "Yes"}}, ".visit.title", "a mapping is needed here, not 'Yes'; such as {eq: \"Yes\"}"),
    ({"lead": "spring"}, ".lead", "a mapping is needed here, not 'spring'; its keys: campaign, status, points"),
    ({"visit": {}, "count": {"gte": 1.5}}, ".count.gte", "a whole number is needed here, not 1.5"),
    ({"visit": {}, "count": {}}, ".count", "an operator is needed"),
    ({"visit": {}, "count": {"gte": 1}, "never": True}, ".never", "never: true is count: {eq: 0}"),
    ({"visit": {}, "between_ago": ["7d", "30d"]}, ".between_ago", "the longer time comes first"),
    (
        {"visit": {}, "between_ago": ["30d", "7d"], "within": "1d"},
        ".between_ago",
        "one window of this kind is enough",
    ),
    ({"visit": {"due": {"lt": "now", "in_zone": "contact"}}}, ".visit.due.in_zone", "the account's zone"),
    ({"visit": {}, "since": "soon"}, ".since", "'soon' is not a date"),
    ({"last_visit": {}}, ".last_visit", "an operator is needed: before, after, within_last or older_than"),
    ({"last_visit": {"before": "soon"}}, ".last_visit.before", "'soon' is not a date"),
    ({"inactive_for": "x"}, ".inactive_for", "'x' is not a duration"),
    ({"segment": "statik"}, ".segment", "no segment is called statik - did you mean static?"),
    ({"lead": {"campaign": "c"}}, ".lead.campaign", "no campaign is called c"),
    ({"lead": {}}, ".lead", "campaign is missing"),
    ({"visit": {}, "first": {"path": {"gt": True}}}, ".first.path.gt", "a number is needed here, not true"),
    ({"visit": {}, "first": True, "never": True}, ".first", "first speaks of one event"),
    ({"visit": {}, "last": True}, ".last", "a mapping is needed here, not true"),
    ({"visit": {}, "regular": {"at_least": 8, "of": 7, "each": "1d"}}, ".regular.at_least", "more than the 7"),
    ({"visit": {}, "regular": {"at_least": 1, "of": 7}}, ".regular", "each is missing"),
    ({"visit": {}, "regular": {"at_least": 1, "of": 1001, "each": "1d"}}, ".regular.of", "1000"),
    ({"visit": {}, "regular": {"at_least": 1, "of": 7, "each": "1d"}, "within": "7d"}, ".within", "beside regular"),
    ({"sequence": [{"visit": {}}, {"visit": {}}]}, "", "within is missing"),
    ({"sequence": [{"visit": {}}], "within": "7d"}, ".sequence", "at least 2"),
    ({"sequence": [{"visit": {}}] * 21, "within": "7d"}, ".sequence", "at most 20"),
    ({"sequence": [{"visit": {}}, {}], "within": "7d"}, ".sequence[1]", "a step is one of visit and activity"),
    (
        {"sequence": [{"visit": {}}, {"visit": {"path": {"gt": True}}}], "within": "7d"},
        ".sequence[1].visit.path.gt",
        "a number is needed here, not true",
    ),
    (
        {"sequence": [{"visit": {}}, {"visit": {}}], "within": "7d", "gap": "1h", "min_gap": "2h"},
        ".gap",
        "gap is shorter than min_gap",
    ),
    (
        {"sequence": [{"visit": {}}, {"visit": {}}], "within": "1d", "min_gap": "1d"},
        ".within",
        "within leaves no room for the steps",
    ),
    ({"property": "city", "held_for": "7d"}, "", "city needs an operator"),
    ({"property": "city", "eq": "x", "held_for": "100000001d"}, ".held_for", "at most 100000000 days"),
    ({"status": {"eq": "active"}, "held_for": "7d"}, ".held_for", "how long status has held is not followed"),
    ({"points": {"gte": 5}}, "", "points speaks of the lead at hand: only in automation rules"),
    ({"lead_status": {"eq": "active"}}, "", "lead_status speaks of the lead at hand"),
    ({"lead_age": {"gte": "1d"}}, "", "lead_age speaks of the lead at hand"),
]


@pytest.mark.parametrize(("when", "where", "message"), WRONG, ids=str)
def test_the_message_on_a_condition_says_what_would_be_right(when: Any, where: str, message: str) -> None:
    path, text = first_problem(within_segment(when))
    assert path == f"segments[0].when{where}"
    assert message in text


@pytest.mark.parametrize("key", ["first", "last"])
def test_first_or_last_beside_a_count_is_refused(key: str) -> None:
    problems = validate_definitions(
        within_segment({"visit": {}, key: {"path": {"eq": "/"}}, "count": {"gte": 1}})
    ).problems
    assert f"{key} speaks of one event: it cannot stand beside a count" in [problem.message for problem in problems]


@pytest.mark.parametrize(
    ("raw", "where", "message"),
    [
        ({"acount": "x"}, "acount", "did you mean account?"),
        ({"account": "a/b"}, "account", "letters, digits, - and _"),
        ({"plan": "gold"}, "plan", "'gold' is not known here"),
        ({"time_zone": "Europe/Berlim"}, "time_zone", "did you mean Europe/Berlin?"),
        ({"time_zone": "../etc/passwd"}, "time_zone", "is not a time zone"),
        ({"properties": {"a": "strin"}}, "properties.a", "'strin' is not known here"),
        ({"properties": {"email": "number"}}, "properties.email", "email is a standard property and always text"),
        ({"segments": {"id": "a"}}, "segments", "a list is needed here, not a mapping"),
        ({"segments": ["a"]}, "segments[0]", "a mapping is needed here, not 'a'; its keys: id, name"),
        ({"segments": [{"name": "a"}]}, "segments[0]", "id is missing"),
        ({"segments": [{"id": "a"}, {"id": "a"}]}, "segments[1].id", "there is another segment called a"),
        ({"segments": [{"id": "a", "when": {"all": []}}]}, "segments[0].when", "add dynamic: true"),
        ({"segments": [{"id": "a", "dynamic": True}]}, "segments[0].dynamic", "when is missing"),
        ({"segments": [{"id": "a", "statuses": ["deleted"]}]}, "segments[0].statuses", "is in no segment"),
        ({"campaigns": [{"id": "a"}, {"id": "a"}]}, "campaigns[1].id", "there is another campaign called a"),
        ({"campaigns": [{"id": "a", "audience": ["x"]}]}, "campaigns[0].audience[0]", "no segment is called x"),
        (
            {"campaigns": [{"id": "a", "period": {"from": "2026-03-01", "to": "2026-03-01"}}]},
            "campaigns[0].period",
            "must be before to",
        ),
        ({"campaigns": [{"id": "a", "period": {"from": "March"}}]}, "campaigns[0].period.from", "a calendar date"),
        ({"campaigns": [{"id": "a", "half_life": "0d"}]}, "campaigns[0].half_life", "longer than nothing"),
        ({"campaigns": [{"id": "a", "leave": "drop"}]}, "campaigns[0].leave", "'drop' is not known here"),
        (
            {"campaigns": [{"id": "a", "scoring": [{"id": "r", "points": 1}]}]},
            "campaigns[0].scoring[0]",
            "when is missing",
        ),
        (
            {"campaigns": [{"id": "a", "scoring": [{"id": "r", "points": "1", "when": {"all": []}}]}]},
            "campaigns[0].scoring[0].points",
            "a number is needed here, not '1'",
        ),
        (
            {"salesforce": {"lead_fields": {"Company": {}}}},
            "salesforce.lead_fields.Company",
            "takes its value from property: or value:",
        ),
    ],
    ids=str,
)
def test_faults_outside_of_conditions_have_messages_too(raw: dict[str, Any], where: str, message: str) -> None:
    path, text = first_problem(raw)
    assert path == where
    assert message in text


@pytest.mark.parametrize(
    ("then", "where", "message"),
    [
        ({"set_status": "qualifed"}, "set_status", "did you mean qualified?"),
        ({"add_to_segment": "statik"}, "add_to_segment", "did you mean static?"),
        ({"add_to_campaign": "d"}, "add_to_campaign", "no campaign is called d"),
        ({"remove_from_campaign": "d"}, "remove_from_campaign", "no campaign is called d"),
        ({"add_point": 5}, "add_point", "did you mean add_points?"),
        ({"notify": {"topic": "t"}}, "notify", "text is needed here, not a mapping"),
        ({"notify": "to sales"}, "notify", "an id has letters, digits, - and _ only"),
    ],
)
def test_actions_are_checked(then: dict[str, Any], where: str, message: str) -> None:
    path, text = first_problem(within_rule({"all": []}, **then))
    assert path == f"campaigns[0].automation[0].then.{where}"
    assert message in text


def test_an_action_on_a_dynamic_segment_is_refused() -> None:
    rule = {"id": "r", "when": {"all": []}, "then": {"add_to_segment": "s"}}
    raw = within_segment({"all": []}, campaigns=[{"id": "c", "automation": [rule]}])
    path, text = first_problem(raw)
    assert path == "campaigns[0].automation[0].then.add_to_segment"
    assert text == "s is dynamic: its condition alone decides; add_to_segment takes a static segment"


def test_rule_ids_are_unique_within_a_campaign() -> None:
    scoring = {"id": "r", "when": {"visit": {}}, "points": 1}
    rule = {"id": "r", "when": {"all": []}, "then": {"add_points": 1}}
    path, text = first_problem({"campaigns": [{"id": "c", "scoring": [scoring], "automation": [rule]}]})
    assert path == "campaigns[0].automation[0].id"
    assert text == "there is another rule called r in this campaign"


def test_what_the_plan_lacks_is_refused_by_name() -> None:
    problem = problem_of(within_segment({"property": "country", "eq": "DE"}, plan="basic"))
    assert (problem.code, path_text(problem.path)) == ("plan", "segments[0].dynamic")
    problem = problem_of(within_segment({"property": "employees", "gt": 5}, plan="premium"))
    assert (problem.code, path_text(problem.path)) == ("plan", "segments[0].when.property")
    assert "employees" in problem.message
    assert "enterprise" in problem.message
    assert validate_definitions(within_segment({"property": "country", "eq": "DE"}, plan="premium")).problems == []
    assert validate_definitions(definitions(plan="basic")).problems == []


def segment(name: str, *references: str) -> dict[str, Any]:
    return {"id": name, "dynamic": True, "when": {"all": [{"not": {"segment": other}} for other in references]}}


def test_a_cycle_of_segments_is_refused_with_its_path() -> None:
    raw = {"segments": [segment("a", "b"), segment("b", "c"), segment("c", "a"), segment("d", "a")]}
    assert first_problem(raw) == ("segments[0].when", "segments refer to one another in a circle: a -> b -> c -> a")
    assert first_problem({"segments": [segment("a", "a")]})[1].endswith("a -> a")


def test_references_to_any_depth_are_fine() -> None:
    chain = [segment(f"s{n}", f"s{n + 1}") for n in range(3_000)]
    assert validate_definitions({"segments": [*chain, {"id": "s3000"}]}).problems == []


def test_cycles_through_leads_and_actions_are_warnings() -> None:
    rule = {"id": "r", "when": {"segment": "a"}, "then": {"remove_from_segment": "list"}}
    raw = {
        "segments": [segment("a", "list"), {"id": "list"}],
        "campaigns": [{"id": "c", "audience": ["a"], "automation": [rule]}],
    }
    checked = validate_definitions(raw)
    assert checked.problems == []
    (warning,) = checked.warnings
    for node in ("segment a", "campaign c", "segment list"):
        assert node in warning.message


def test_an_undeclared_property_similar_to_a_declared_one_is_a_warning() -> None:
    checked = validate_definitions(
        within_segment({"all": [{"property": "employes", "gt": 5}, {"property": "other", "eq": 1}]})
    )
    assert checked.problems == []
    (warning,) = checked.warnings
    assert warning.message == "property employes is not declared; is employees meant?"
    assert path_text(warning.path) == "segments[0].when.all[0].property"


def test_misspelt_properties_in_rules_and_nested_objects_are_warnings_too() -> None:
    when = {"not": {"property": ["contry", "code"], "eq": "DE"}}
    rules = {"scoring": [{"id": "s", "when": when, "points": 1}]}
    checked = validate_definitions({"campaigns": [{"id": "c", **rules}]})
    (warning,) = checked.warnings
    assert warning.message == "property contry is not declared; is country meant?"
    assert path_text(warning.path) == "campaigns[0].scoring[0].when.not.property"


def test_endless_nesting_is_refused() -> None:
    deep: Any = {"all": []}
    for _ in range(5_000):
        deep = {"not": deep}
    assert "nested" in problem_of(within_segment(deep)).message
    deep = {"all": []}
    for _ in range(55):
        deep = {"not": deep}
    assert "nested more than 50 deep" in problem_of(within_segment(deep)).message


@pytest.mark.parametrize("number", [float("nan"), float("inf"), -float("inf")])
def test_nan_and_infinity_are_refused(number: float) -> None:
    for when in ({"property": "employees", "gte": number}, {"score": {"gte": number}}):
        where, message = first_problem(within_segment(when))
        assert where.endswith("gte")
        assert "a number" in message
    assert (
        first_problem(within_rule({"all": []}, add_points=number))[0] == "campaigns[0].automation[0].then.add_points"
    )


def test_rules_give_no_more_points_at_once_than_events_may() -> None:
    where, message = first_problem(within_rule({"all": []}, add_points=1e300))
    assert where == "campaigns[0].automation[0].then.add_points"
    assert message == "a number of at most 1000000000 is needed here, not 1e+300"


def test_a_cap_remembers_no_more_awards_than_fit_into_a_row() -> None:
    rule = {"id": "r", "when": {"visit": {}}, "points": 1, "at_most": {"times": 1_001, "per": "1d"}}
    where, message = first_problem(definitions(campaigns=[{"id": "c", "scoring": [rule]}]))
    assert (where, message) == (
        "campaigns[0].scoring[0].at_most.times",
        "a number of at most 1000 is needed here, not 1001",
    )

"""Recomputed leads on a scale of hours and days: calendars, zones, changes of clocks, half-lives of days."""

from __future__ import annotations

from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from schemas.values import instant_ms, instant_text
from streams.settings import Settings
from tests.harness.engine.engine_driver import DAY, HOUR, sound_definitions
from tests.harness.random.random_events import RandomEvent
from tests.harness.random.random_versions import in_version, release_versions
from tests.property.test_recompute_leads import assert_agreement, journal

START = instant_ms("2026-03-27T20:30:00Z")  # two days before clocks are put forward in Berlin

CONDITIONS: list[dict[str, Any]] = [
    {"property": "trial", "within_next": "3d"},
    {"property": "trial", "before": "now/d"},
    {"property": "trial", "after": "now-1M"},
    {"property": "trial", "anniversary_within": "2d"},
    {"property": "trial", "eq": "now/d+1d", "in_zone": "contact"},
    {"property": "trial", "lte": "now/w+3d", "held_for": "1d"},
    {"property": "seen", "older_than": "36h"},
    {"property": "seen", "between": ["now/d-1d", "now-1h"], "in_zone": "contact"},
    {"property": "seen", "within_last": "1d", "held_for": "12h"},
    {"property": "plan", "ne": "a", "held_for": "2d"},
    {"visit": {}, "since": "now/d", "count": {"gte": 2}},
    {"visit": {}, "until": "now/d-1d"},
    {"visit": {}, "since": "now-2d/d", "until": "now/d", "in_zone": "contact"},
    {"visit": {}, "between_ago": ["3d", "1d"], "count": {"eq": 1}},
    {"visit": {}, "regular": {"at_least": 2, "of": 3, "each": "1d"}},
    {"sequence": [{"visit": {}}, {"activity": {"name": {"eq": "form"}}}], "gap": "1d", "within": "3d"},
    {"visit": {}, "last": {"referrer": {"eq": "a"}}, "within": "2d"},
    {"last_visit": {"before": "now-1d/d"}},
    {"first_visit": {"after": "now/w", "in_zone": "contact"}},
    {"inactive_for": "40h"},
    {"lead": {"campaign": "c", "points": {"between": [1, 4]}}},
]
LEAD_CONDITIONS: list[dict[str, Any]] = [
    {"points": {"gte": 6}},
    {"points": {"lt": 2}},
    {"points": {"eq": 2.5}},
    {"lead_age": {"gte": "3d"}},
    {"lead_age": {"between": ["1d", "36h"]}},
]
ACTIONS: list[dict[str, Any]] = [
    {"set_status": "qualified"},
    {"set_status": "rejected", "add_to_segment": "kept"},
    {"add_points": 2.5},
    {"add_to_segment": "kept"},
    {"remove_from_segment": "kept"},
    {"remove_from_campaign": "c"},
    {"add_to_campaign": "c"},
    {"add_points": 2.5, "set_status": "qualified", "notify": "sales"},
    {"set_points": 1.5},
    {"set_points": 4, "remove_from_segment": "kept", "notify": "owner"},
]
conditions = st.recursive(
    st.sampled_from(CONDITIONS),
    lambda parts: st.one_of(
        parts.map(lambda part: {"not": part}), st.lists(parts, min_size=2, max_size=2).map(lambda two: {"all": two})
    ),
    max_leaves=2,
)
whens = st.one_of(st.sampled_from(LEAD_CONDITIONS), conditions)


@st.composite
def definitions(draw: st.DrawFn) -> dict[str, Any]:
    """Draws two dynamic segments, a static one, and two campaigns with rules on any of these conditions."""
    segments: list[dict[str, Any]] = [{"id": "kept"}]
    segments += [{"id": name, "dynamic": True, "when": draw(conditions)} for name in ("s0", "s1")]
    campaigns = []
    for name in ("c", "d"):
        audience = draw(st.lists(st.sampled_from(["s0", "s1", "kept"]), min_size=1, max_size=2, unique=True))
        campaign: dict[str, Any] = {
            "id": name,
            "audience": audience,
            "leave": draw(st.sampled_from(["keep", "delete"])),
        }
        campaign["scoring"] = [
            {"id": "visit", "when": {"visit": {}}, "points": 3, "at_most": {"times": 2, "per": "1d"}},
            {"id": "edge", "when": draw(conditions), "points": draw(st.sampled_from([1, 5.5, -1]))},
        ]
        campaign["automation"] = [
            {"id": f"a{number}", "when": draw(whens), "then": draw(st.sampled_from(ACTIONS))}
            for number in range(draw(st.integers(0, 3)))
        ]
        campaign["half_life"] = draw(st.sampled_from(["1d", "36h", "10d"]))
        limits = draw(st.sampled_from([None, [0, 5], [-1, 3.5]]))
        if limits:
            campaign["points_between"] = limits
        if draw(st.booleans()):
            campaign["period"] = {"from": "2026-03-29", "to": draw(st.sampled_from(["2026-03-31", "2026-04-02"]))}
        campaigns.append(campaign)
    return {
        "time_zone": draw(st.sampled_from(["Europe/Berlin", "America/Havana", "Asia/Kathmandu"])),
        "properties": {"trial": "date", "seen": "datetime"},
        "segments": segments,
        "campaigns": campaigns,
    }


@st.composite
def releases(draw: st.DrawFn) -> list[dict[str, Any]]:
    """Draws one release, two releases, or three of which the second pauses campaigns and the third resumes them.

    Any of them may raise the engine version, also with the same definitions.
    """
    first = draw(definitions())
    how = draw(st.sampled_from(("stays", "paused", "other", "same")))
    drawn = [first, first] if how == "same" else [first]
    if how == "paused":
        paused = [{**campaign, "paused": draw(st.booleans())} for campaign in first["campaigns"]]
        drawn = [first, {**first, "campaigns": paused}, first]
    elif how == "other":
        drawn = [first, draw(definitions())]
    versions = draw(release_versions)
    return [in_version(document, version) for document, version in zip(drawn, versions, strict=False)]


def histories() -> st.SearchStrategy[list[RandomEvent]]:
    """Draws a history of some days."""
    elapsed = st.sampled_from([0, 1, HOUR, 5 * HOUR, 11 * HOUR, DAY, DAY + 1, 40 * HOUR])
    late = st.sampled_from([0, 0, 0, HOUR, 30 * HOUR])
    days = st.integers(-3, 8).map(lambda after: instant_text(START + after * DAY))
    fields: list[tuple[str, st.SearchStrategy[dict[str, Any]]]] = [
        ("web.visited", st.sampled_from([{}, {"referrer": "a"}, {"campaign": "d"}])),
        ("web.visited", st.just({"referrer": "a"})),
        ("activity.recorded", st.just({"name": "form"})),
        ("contact.changed", days.map(lambda day: {"properties": {"trial": day[:10]}})),
        ("contact.changed", days.map(lambda day: {"properties": {"seen": day}})),
        ("contact.changed", st.sampled_from(["a", "b", None]).map(lambda plan: {"properties": {"plan": plan}})),
        ("contact.changed", st.just({"properties": {"time_zone": "Asia/Tokyo"}})),
        ("contact.changed", st.sampled_from(["active", "bounced"]).map(lambda status: {"status": status})),
        ("score.adjusted", st.sampled_from([2.5, 4, -1]).map(lambda points: {"points": points})),
        ("lead.added", st.sampled_from(["c", "d"]).map(lambda name: {"campaign": name})),
        ("lead.reactivated", st.sampled_from(["c", "d"]).map(lambda name: {"campaign": name})),
    ]
    kinds = [st.builds(RandomEvent, st.just(kind), elapsed, late, st.just(False), values) for kind, values in fields]
    ticks = st.builds(RandomEvent, st.just("tick"), elapsed)
    return st.lists(st.one_of(*kinds, ticks), min_size=4, max_size=14)


@settings(
    max_examples=3 * settings().max_examples,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
@given(releases(), histories(), st.tuples(st.integers(0, 8), st.integers(0, 8)), st.integers(0, 2))
def test_leads_recomputed_over_days_equal_those_of_the_engine(
    documents: list[dict[str, Any]], events: list[RandomEvent], after: tuple[int, int], pause: int
) -> None:
    content = [sound_definitions(each) for each in documents]
    release_starts = [min(index, len(events)) for index in (0, after[0], sum(after))][: len(content)]
    case = (START, documents, [*events, RandomEvent("tick", 12 * DAY)], release_starts, pause)
    assert_agreement(journal(case, content, DAY), content, Settings(lateness_ms=DAY))

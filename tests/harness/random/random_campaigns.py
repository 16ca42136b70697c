"""Random campaigns with everything they may have, on a scale of milliseconds, and what may happen to their leads."""

from __future__ import annotations

from functools import cache
from typing import Any

from hypothesis import strategies as st

from schemas.engine_versions import NEWEST_VERSION, OLDEST_VERSION, EngineVersion
from schemas.values import instant_text
from tests.harness.random.random_conditions import PROPERTIES, conditions, names, pages
from tests.harness.random.random_events import DELAYS, ELAPSED, RandomEvent, event_strategies
from tests.harness.random.random_value_conditions import activity_fields, page_fields
from tests.harness.random.random_versions import MOST_RELEASES, RandomDocument, in_version, release_versions

CAMPAIGNS = ("c", "d")
"""`c` and `d` are there in every release; `e` comes and goes, and nothing refers to it."""

NOTE: RandomDocument = {"field": "Company", "note": "cut", "reason": "long" * 60}
ZONE = "Europe/Berlin"
durations = st.sampled_from(["PT0.005S", "PT0.010S", "PT0.020S"])
seldom = st.sampled_from((False, False, False, True))
sometimes = st.sampled_from((False, False, True))
often = st.sampled_from((True, True, True, False))
leaves = st.sampled_from(("keep", "delete"))
rule_points = st.sampled_from([1, 2, -1, 2.5, 0.333333, 0.000001])
lead_points: st.SearchStrategy[RandomDocument] = st.one_of(
    st.fixed_dictionaries({"points": st.fixed_dictionaries({"gte": st.integers(-1, 4)})}),
    st.fixed_dictionaries({"points": st.fixed_dictionaries({"lt": st.sampled_from([0.5, 1, 2])})}),
)
actions: dict[str, st.SearchStrategy[Any]] = {
    "set_status": st.sampled_from(["qualified", "rejected", "duplicate", "deleted", "active"]),
    "add_points": st.sampled_from([1, -2, 0.5]),
    "set_points": st.sampled_from([0, 1, 2.5, -1]),
    "add_to_segment": st.just("kept"),
    "remove_from_segment": st.just("kept"),
    "add_to_campaign": st.sampled_from(CAMPAIGNS),
    "remove_from_campaign": st.sampled_from(CAMPAIGNS),
    "notify": st.sampled_from(["sales", "owner"]),
}
FORMER_ACTIONS = tuple(sorted(actions.keys() - {"set_points", "notify"}))
"""Those that engine version 3 knows."""

bounds: st.SearchStrategy[Any] = st.sampled_from([None, None, None, [0, 3], [-1, 2.5], [-2, 0], [0, 0.000001]])
occasions: st.SearchStrategy[list[Any]] = st.lists(
    st.sampled_from(
        ["lead.rejected", "contact.status", *({"property": name} for name in ("plan", "rank", "tags", *PROPERTIES))]
    ),
    min_size=2,
    max_size=7,
    unique_by=str,
)
mixes = st.sampled_from(("same", "same", "paused", "fields", "anew"))


# Strategies are made once: Hypothesis checks each new one, which costs as much as a draw.


@cache
def _audiences(segments: tuple[str, ...]) -> st.SearchStrategy[list[str]]:
    return st.lists(st.sampled_from(segments), max_size=2, unique=True)


@cache
def _periods(start: int) -> st.SearchStrategy[Any]:
    days = [instant_text(start + after)[:10] for after in (-86_400_000, 0, 86_400_000, 2 * 86_400_000)]
    return st.sampled_from(
        [None, None, None, None, None, {"from": days[2]}, {"to": days[2]}, {"from": days[1], "to": days[2]}]
    )


@cache
def _chosen_actions(version: EngineVersion) -> st.SearchStrategy[list[str]]:
    known = FORMER_ACTIONS if version == OLDEST_VERSION else tuple(sorted(actions))
    pairs = [["add_points", "set_status"], ["set_points", "set_status", "notify"], ["set_status", "notify"]]
    return st.one_of(
        st.lists(st.sampled_from(known), min_size=1, max_size=3, unique=True),
        st.sampled_from([pair for pair in pairs if set(pair) <= set(known)]),
    )


@cache
def _scoring_conditions(
    start: int, segments: tuple[str, ...], version: EngineVersion
) -> st.SearchStrategy[RandomDocument]:
    bare = st.one_of(st.fixed_dictionaries({"visit": pages}), st.fixed_dictionaries({"activity": names}))
    if version > OLDEST_VERSION:
        rich = st.one_of(
            st.fixed_dictionaries({"visit": page_fields}), st.fixed_dictionaries({"activity": activity_fields})
        )
        bare = st.one_of(bare, bare, rich)
    return st.one_of(bare, conditions(start, segments, engine_version=version))


@cache
def _automation_conditions(
    start: int, segments: tuple[str, ...], version: EngineVersion
) -> st.SearchStrategy[RandomDocument]:
    return st.one_of(lead_points, lead_points, conditions(start, segments, lead_at_hand=True, engine_version=version))


@cache
def _fields_of(names_: tuple[str, ...]) -> st.SearchStrategy[list[str]]:
    return st.lists(st.sampled_from(names_), max_size=3, unique=True)


@cache
@st.composite
def campaigns(
    draw: st.DrawFn, name: str, start: int, segments: tuple[str, ...], version: EngineVersion
) -> RandomDocument:
    """One campaign; `segments` may be its audience and be referred to, `kept` among them is static."""
    campaign: RandomDocument = {
        "id": name,
        "audience": draw(_audiences(segments)),
        "paused": draw(seldom),
        "auto_qualify": draw(seldom),
        "leave": draw(leaves),
        "scoring": [
            draw(scoring(f"p{number}", start, segments, version)) for number in range(draw(st.integers(0, 2)))
        ],
        "automation": [
            draw(automation(f"a{number}", start, segments, version)) for number in range(draw(st.integers(0, 3)))
        ],
    }
    if draw(st.booleans()):
        campaign["half_life"] = draw(durations)
    limits = draw(bounds)
    if limits and version > OLDEST_VERSION:
        campaign["points_between"] = limits
    period = draw(_periods(start))
    return campaign | ({"period": period} if period else {})


@cache
@st.composite
def scoring(
    draw: st.DrawFn, name: str, start: int, segments: tuple[str, ...], version: EngineVersion
) -> RandomDocument:
    """A scoring rule: half of them on each event, half on an edge."""
    rule: RandomDocument = {
        "id": name,
        "when": draw(_scoring_conditions(start, segments, version)),
        "points": draw(rule_points),
    }
    if draw(st.booleans()):
        rule["at_most"] = {"times": draw(st.integers(1, 2)), "per": draw(durations)}
    return rule


@cache
@st.composite
def automation(
    draw: st.DrawFn, name: str, start: int, segments: tuple[str, ...], version: EngineVersion
) -> RandomDocument:
    """An automation rule with one action or up to three."""
    chosen = draw(_chosen_actions(version))
    return {
        "id": name,
        "when": draw(_automation_conditions(start, segments, version)),
        "then": {action: draw(actions[action]) for action in chosen},
        "apply_to_existing": draw(st.booleans()),
    }


@st.composite
def releases(draw: st.DrawFn, start: int) -> list[RandomDocument]:
    """One release or up to three, each with its engine version; from one to the next most stays as it is."""
    versions = draw(release_versions)
    drawn = [draw(_definitions(start, versions[0]))]
    raised = versions.index(NEWEST_VERSION) if NEWEST_VERSION in versions else 0
    for version in versions[1 : 1 + draw(st.integers(raised, MOST_RELEASES - 1))]:
        former, fresh = drawn[-1], draw(_definitions(start, version))
        parts = ("segments", "campaigns") if draw(st.booleans()) else ("campaigns",)
        mapping = {"salesforce": fresh["salesforce"]} if "salesforce" in fresh and draw(st.booleans()) else {}
        drawn.append(
            {**former, **mapping, **{part: draw(_mix_releases(former[part], fresh[part])) for part in parts}}
        )
    return [in_version(document, version) for document, version in zip(drawn, versions, strict=False)]


@st.composite
def _mix_releases(draw: st.DrawFn, former: list[RandomDocument], fresh: list[RandomDocument]) -> list[RandomDocument]:
    """Each part as it was, paused or resumed, anew, or with single fields anew."""
    known = {part["id"]: part for part in former}
    mixed = []
    for part in fresh:
        before = known.get(part["id"])
        how = draw(mixes)
        if before is None or how == "anew":
            mixed.append(part)
        elif how == "paused":
            mixed.append({**before, "paused": not before["paused"]})
        elif how == "same" or "audience" not in part:
            mixed.append(before)
        else:
            fields = draw(_fields_of(tuple(sorted(part))))
            mixed.append({**before, **{name: part[name] for name in fields}})
    return mixed


@cache
@st.composite
def _definitions(draw: st.DrawFn, start: int, version: EngineVersion) -> RandomDocument:
    segments: list[RandomDocument] = [{"id": "kept", "paused": draw(seldom)}]
    known: tuple[str, ...] = ("kept",)
    for name in ("s0", "s1"):
        segment: RandomDocument = {"id": name, "paused": draw(seldom)}
        if draw(often):
            segment |= {"dynamic": True, "when": draw(conditions(start, known, engine_version=version))}
        if draw(sometimes):
            segment["statuses"] = ["active", "inactive", "bounced"]
        segments.append(segment)
        known = (*known, name)
    chosen = [*CAMPAIGNS, *(["e"] if draw(st.booleans()) else [])]
    return {
        "time_zone": ZONE,
        "properties": PROPERTIES,
        "segments": segments,
        "campaigns": [draw(campaigns(name, start, known, version)) for name in chosen],
    } | ({"salesforce": draw(_mappings(start, known))} if version > OLDEST_VERSION and draw(often) else {})


@cache
@st.composite
def _mappings(draw: st.DrawFn, start: int, segments: tuple[str, ...]) -> RandomDocument:
    """What is told of leads after their hand-over, and who is not handed over."""
    fields = {"Status": {"value": "Known"}}
    mapping: RandomDocument = {}
    if draw(often):
        mapping["updates"] = [{"on": on, "fields": fields} for on in draw(occasions)]
    if draw(st.booleans()):
        mapping["do_not_sync"] = draw(conditions(start, segments))
    return mapping


@cache
def lead_events(start: int) -> st.SearchStrategy[list[RandomEvent]]:
    """A history with much that concerns leads."""
    whose = st.sampled_from(["c", "c", "d", "e", "nowhere"])
    campaign = st.fixed_dictionaries({"campaign": whose})
    tokens = st.fixed_dictionaries({"url": st.just("https://acme.example/a"), "campaign": whose})
    added = st.fixed_dictionaries({"campaign": whose, "acquired": st.booleans()})
    points = st.sampled_from([-2, 1, 3, 2.5])
    scores = st.one_of(
        st.fixed_dictionaries({"points": points}), st.fixed_dictionaries({"points": points, "campaign": whose})
    )
    statuses = st.sampled_from(["active", "active", "inactive", "bounced", "deleted"])
    said = st.fixed_dictionaries(
        {"campaign": whose, "hand_over": st.just("h"), "number": st.sampled_from([[0, 1, 0], [0, 2, 0]])},
        optional={
            "retry": st.integers(1, 2),
            "record": st.sampled_from(["00Q1", "00Q2"]),
            "update": st.booleans(),
            "notes": st.lists(st.just(NOTE), max_size=25),
        },
    )
    outcomes = st.fixed_dictionaries(
        {"campaign": whose, "outcome": st.sampled_from(["won", "open"]), "opportunity": st.sampled_from(["o", "p"])},
        optional={"amount": st.just("1.5"), "number": st.just([0, 1, 0])},
    )
    decisions = ("qualified", "rejected", "removed", "reactivated")
    kinds: list[st.SearchStrategy[RandomEvent]] = [
        *event_strategies(start),
        _event("web.visited", tokens),
        _event("lead.added", added),
        _event("lead.added", added),
        *(_event(f"lead.{decision}", campaign) for decision in (*decisions, "qualified", "qualified")),
        _event("score.adjusted", scores),
        _event("score.adjusted", scores),
        _event("contact.changed", st.fixed_dictionaries({"status": statuses})),
        _event("contact.deleted", st.just({"status": "deleted"})),
        *(
            _event(f"segment.member_{done}", st.just({"segment": segment}))
            for done in ("added", "removed")
            for segment in ("kept", "s1")
        ),
        _event("crm.linked", said),
        _event("crm.outcome", outcomes),
        _event("crm.failed", said.map(lambda fields: {**fields, "code": "x", "message": "y"})),
    ]
    several = st.lists(st.one_of(kinds), min_size=6, max_size=18)
    early = st.lists(
        st.sampled_from([RandomEvent("lead.added", 0, fields={"campaign": name}) for name in "cde"]), max_size=2
    )
    return st.builds(list.__add__, early, several)


def _event(event_type: str, fields: st.SearchStrategy[RandomDocument]) -> st.SearchStrategy[RandomEvent]:
    return st.builds(
        RandomEvent,
        event_type=st.just(event_type),
        elapsed=st.sampled_from(ELAPSED),
        delay=st.sampled_from(DELAYS),
        is_repeat=st.sampled_from((False, False, False, False, True)),
        fields=fields,
    )

"""What turns consent: engine and independent evaluator tell hand-overs that wait of it at the same instants."""

from __future__ import annotations

from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from schemas.engine_versions import NEWEST_VERSION
from streams.settings import Settings
from tests.harness.engine.engine_driver import sound_definitions
from tests.harness.random.random_campaigns import ZONE, lead_events, lead_points, occasions
from tests.harness.random.random_conditions import PROPERTIES, conditions
from tests.harness.random.random_events import RandomEvent
from tests.harness.random.random_versions import RandomDocument
from tests.property.test_recompute_leads import CLOCKS, LATENESS, assert_agreement, journal

AUDIENCE = ("kept", "s0", "s1")
points_of_lead = lead_points.map(lambda leaf: {"lead": {"campaign": "d", **leaf}})
members = st.sampled_from([{"segment": "s1"}, {"not": {"segment": "s1"}}, {"segment": "kept"}])
updates: st.SearchStrategy[Any] = st.one_of(st.just([]), st.just([]), occasions)


@st.composite
def mappings(draw: st.DrawFn) -> RandomDocument:
    """Draws a mapping that keeps contacts back, mostly without updates."""
    condition = draw(st.one_of(conditions(CLOCKS, AUDIENCE), members, points_of_lead))
    told = [{"on": on, "fields": {"Status": {"value": "Known"}}} for on in draw(updates)]
    return {"do_not_sync": condition, **({"updates": told} if told else {})}


@st.composite
def documents(draw: st.DrawFn) -> list[dict[str, Any]]:
    """Draws a release, or two with other consent: `c` hands over whom it takes in, the points of `d` decay."""
    segments: list[RandomDocument] = [{"id": "kept"}]
    for number, name in enumerate(AUDIENCE[1:], 1):
        segments.append({"id": name, "dynamic": True, "when": draw(conditions(CLOCKS, AUDIENCE[:number]))})
    scoring = [{"id": "visits", "when": {"visit": {}}, "points": 1.5}]
    document = {
        "engine_version": NEWEST_VERSION,
        "time_zone": ZONE,
        "properties": PROPERTIES,
        "segments": segments,
        "campaigns": [
            {"id": "c", "auto_qualify": True},
            {"id": "d", "half_life": draw(st.sampled_from(["PT0.005S", "PT0.010S"])), "scoring": scoring},
        ],
        "salesforce": draw(mappings()),
    }
    if not draw(st.booleans()):
        return [document]
    mapping = draw(mappings()) if draw(st.booleans()) else document["salesforce"]
    return [document, {**document, "salesforce": mapping}]


@settings(
    max_examples=5 * settings().max_examples,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
@given(documents(), lead_events(CLOCKS), st.integers(0, 12), st.integers(0, 2))
def test_engine_and_evaluator_tell_of_consent_at_the_same_instants(
    drawn: list[dict[str, Any]], later: list[RandomEvent], second: int, pause: int
) -> None:
    content = [sound_definitions(each) for each in drawn]
    events = [RandomEvent("lead.added", 1, fields={"campaign": name}) for name in ("c", "d")] + later
    release_starts = [0, min(second, len(events))][: len(content)]
    case = (CLOCKS, drawn, events, release_starts, pause)
    assert_agreement(journal(case, content, LATENESS), content, Settings(lateness_ms=LATENESS))

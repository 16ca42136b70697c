"""What a plan foresees is what applying emits: the same records, for random histories and all kinds of edits."""

from __future__ import annotations

from itertools import islice
from typing import Any

import msgspec
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from schemas.definitions import Definitions
from streams.definitions.simulation import SimulatedOutput, Simulation
from streams.engine.decisions.outputs import JournalPosition
from streams.engine.journal import records
from streams.engine.partition.backfill import BackfillCounter
from streams.engine.partition.decider import Checkpoint
from streams.engine.partition.release_records import release_records
from streams.engine.settings import DEFAULT_ENGINE_SETTINGS
from streams.engine.version import ENGINE_VERSION
from tests.harness.engine.engine_driver import START, EngineDriver, sound_definitions
from tests.harness.random.random_conditions import PROPERTIES, conditions
from tests.harness.random.random_events import RandomEvent, random_events
from tests.property.test_explain import tell

NAMES = ("a", "b", "d")
_encode = msgspec.json.Encoder().encode


def segments(name: str) -> st.SearchStrategy[dict[str, Any] | None]:
    """None, a static one or a dynamic one, paused or not, of this or that name and statuses."""
    about = {
        "name": st.sampled_from(["", "Named"]),
        "paused": st.booleans(),
        "statuses": st.sampled_from([["active"], ["active", "inactive"]]),
    }
    static = st.fixed_dictionaries({"id": st.just(name)}, optional=about)
    dynamic = st.fixed_dictionaries(
        {"id": st.just(name), "dynamic": st.just(True), "when": conditions(START)}, optional=about
    )
    return st.one_of(st.none(), static, dynamic, dynamic, dynamic)


RULE = st.fixed_dictionaries(
    {"id": st.just("r"), "when": conditions(START, lead_at_hand=True)},
    optional={"apply_to_existing": st.booleans()},
)
DONE = st.sampled_from([{"set_status": "qualified"}, {"set_status": "rejected"}, {"add_points": 2}])
CAMPAIGN = st.fixed_dictionaries(
    {"id": st.just("c")},
    optional={
        "audience": st.lists(st.sampled_from(NAMES), unique=True),
        "paused": st.booleans(),
        "auto_qualify": st.booleans(),
        "leave": st.sampled_from(["keep", "delete"]),
        "automation": st.builds(lambda rule, then: [{**rule, "then": then}], RULE, DONE),
        "scoring": st.just([{"id": "visit", "when": {"visit": {}}, "points": 2}]),
    },
)


@st.composite
def definitions(draw: st.DrawFn) -> dict[str, Any]:
    """Definitions without references that lead nowhere."""
    drawn = [draw(segments(name)) for name in NAMES]
    known = [segment for segment in drawn if segment is not None]
    campaign: dict[str, Any] = draw(CAMPAIGN)
    there = {segment["id"] for segment in known}
    audience = [name for name in campaign.get("audience", []) if name in there]
    return {"properties": PROPERTIES, "segments": known, "campaigns": [{**campaign, "audience": audience}]}


def foreseen(story: EngineDriver, proposed: Definitions) -> list[SimulatedOutput]:
    """Of the one contact, if release `proposed` came now."""
    number = len(story.releases) + 1
    contents = [*story.releases, proposed]
    checkpoint = msgspec.json.decode(story.decider.checkpoint(), type=Checkpoint)
    place = JournalPosition(0, len(story.journal))
    foresight = Simulation("default", number, lambda _, wanted: contents[wanted - 1], place, checkpoint)
    history = BackfillCounter(
        "default", foresight.backfill_leaves, lambda _, wanted: contents[wanted - 1], DEFAULT_ENGINE_SETTINGS
    )
    history.count(story.journal, story._refused_sources)
    kept = history.states()
    rows = [(contact.id, _encode(contact)) for contact in story.decider.contacts()]
    return [told for name, row in rows for told in foresight.simulate(row, kept.get(name))]


def emitted(story: EngineDriver, proposed: dict[str, Any]) -> list[SimulatedOutput]:
    """What applying it really writes because of it."""
    outputs = story.apply(**proposed)
    number = len(story.releases)
    told = [output for output in outputs if "gone" not in output]
    because = [each for each in told if each["cause"].get("release") == number and each["cause"]["kind"] != "clock"]
    return [(each.pop("topic"), {key: each[key] for key in each if key != "key"}) for each in because]


def without_place(told: list[SimulatedOutput]) -> list[SimulatedOutput]:
    """The ids are the same wherever in the journal the release stands; the numbers are not."""
    return [(topic, {key: body[key] for key in body if key != "number"}) for topic, body in told]


def propose(story: EngineDriver, proposed: dict[str, Any], steps: int) -> None:
    """A release that comes so many records far into the journal, and is left there."""
    story.releases.append(sound_definitions(proposed))
    number = len(story.releases)
    marker = records.Marker("default", number, number, "", None, ENGINE_VERSION)
    before = list(story.journal)
    for entry in islice(release_records(story.decider, marker, lambda: before, story._refused_sources), steps):
        story._decide(entry)


@settings(
    max_examples=3 * settings().max_examples,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
@given(definitions(), definitions(), random_events(START), st.none() | st.integers(0, 40))
def test_what_is_foreseen_is_what_applying_emits(
    before: dict[str, Any], after: dict[str, Any], happened: list[RandomEvent], tick: int | None
) -> None:
    story = EngineDriver(**before)
    tell(story, happened)
    if tick is not None:
        story.tick(START + tick)
    told = without_place(foreseen(story, sound_definitions(after)))
    assert told == without_place(emitted(story, after))


@settings(
    max_examples=settings().max_examples,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
@given(
    st.tuples(definitions(), definitions(), definitions()),
    random_events(START),
    random_events(START),
    st.integers(0, 2),
)
def test_it_is_so_where_another_release_is_on_its_way(
    releases: tuple[dict[str, Any], ...], happened: list[RandomEvent], meanwhile: list[RandomEvent], steps: int
) -> None:
    before, between, after = releases
    story = EngineDriver(**before)
    tell(story, happened)
    propose(story, between, steps)
    tell(story, meanwhile)
    told = without_place(foreseen(story, sound_definitions(after)))
    assert told == without_place(emitted(story, after))


def test_random_edits_make_contacts_enter_and_leave() -> None:
    """The comparison above is of something: a few edits written down, with what comes of them."""
    german = {"id": "german", "dynamic": True, "when": {"property": "country", "eq": "DE"}}
    busy = {"id": "busy", "dynamic": True, "when": {"visit": {}, "count": {"gte": 2}}}
    story = EngineDriver(segments=[german], campaigns=[{"id": "c"}])
    story.change_contact(START, country="DE")
    story.visit(START + 1)
    story.visit(START + 2)
    edits: list[tuple[dict[str, Any], list[tuple[str, str]]]] = [
        ({"segments": [german, busy]}, [("segment.entered", "busy")]),
        ({"segments": [{**german, "name": "Germans", "description": "All"}]}, []),
        ({"segments": [german, {**german, "id": "copy"}]}, [("segment.entered", "copy")]),
        ({"segments": [{**german, "paused": True}]}, []),
        ({"segments": []}, [("segment.exited", "german")]),
        ({"segments": [{"id": "german"}]}, []),
        ({"segments": [{**german, "when": {"property": "country", "eq": "FR"}}]}, [("segment.exited", "german")]),
    ]
    for edit, expected in edits:
        told = foreseen(story, sound_definitions({"campaigns": [{"id": "c"}], **edit}))
        changes = [(body["type"], body["segment"]) for topic, body in told if topic == "segment-changes"]
        assert changes == expected, edit
    audience = {"segments": [german], "campaigns": [{"id": "c", "audience": ["german"], "auto_qualify": True}]}
    topics = [topic for topic, _ in foreseen(story, sound_definitions(audience))]
    assert topics == ["lead-changes", "qualified-leads", "leads"]

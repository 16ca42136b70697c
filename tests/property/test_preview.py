"""A plan simulates exactly the records that applying emits, for random histories and all kinds of edits."""

from __future__ import annotations

from itertools import islice
from typing import Any

import msgspec
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from schemas.definitions import Definitions
from schemas.engine_versions import NEWEST_VERSION
from streams.definitions.simulation import SimulatedOutput, Simulation
from streams.engine.decisions.outputs import JournalPosition
from streams.engine.journal import records
from streams.engine.partition.backfill import BackfillCounter
from streams.engine.partition.checkpoint import Checkpoint
from streams.engine.partition.release_records import release_records
from streams.engine.settings import DEFAULT_ENGINE_SETTINGS
from streams.engine.state.contact import Contact, decode_contact, encode_contact
from tests.harness.engine.engine_driver import START, EngineDriver, sound_definitions
from tests.harness.random.random_conditions import PROPERTIES, conditions
from tests.harness.random.random_events import RandomEvent, random_events
from tests.property.test_explain import send_history

NAMES = ("a", "b", "d")


def _copy(contact: Contact) -> Contact:
    return decode_contact(encode_contact(contact))


def segments(name: str) -> st.SearchStrategy[dict[str, Any] | None]:
    """Draws no segment, a static one or a dynamic one, with random options."""
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
ACTIONS = st.sampled_from([{"set_status": "qualified"}, {"set_status": "rejected"}, {"add_points": 2}])
CAMPAIGN = st.fixed_dictionaries(
    {"id": st.just("c")},
    optional={
        "audience": st.lists(st.sampled_from(NAMES), unique=True),
        "paused": st.booleans(),
        "auto_qualify": st.booleans(),
        "leave": st.sampled_from(["keep", "delete"]),
        "automation": st.builds(lambda rule, then: [{**rule, "then": then}], RULE, ACTIONS),
        "scoring": st.just([{"id": "visit", "when": {"visit": {}}, "points": 2}]),
    },
)

MAPPING = st.fixed_dictionaries(
    {"updates": st.just([{"on": "lead.rejected", "fields": {"Status": {"value": "Unqualified"}}}])},
    optional={"do_not_sync": conditions(START)},
)


@st.composite
def definitions(draw: st.DrawFn) -> dict[str, Any]:
    """Draws definitions whose references all exist."""
    candidates = [draw(segments(name)) for name in NAMES]
    existing = [segment for segment in candidates if segment is not None]
    campaign: dict[str, Any] = draw(CAMPAIGN)
    ids = {segment["id"] for segment in existing}
    audience = [name for name in campaign.get("audience", []) if name in ids]
    whole = {"properties": PROPERTIES, "segments": existing, "campaigns": [{**campaign, "audience": audience}]}
    return {**whole, "salesforce": draw(MAPPING)}


def simulated_outputs(driver: EngineDriver, proposed: Definitions) -> list[SimulatedOutput]:
    """Returns the simulated outputs of the contact, if release `proposed` came now."""
    number = len(driver.releases) + 1
    contents = [*driver.releases, proposed]
    checkpoint = msgspec.json.decode(driver.decider.checkpoint(), type=Checkpoint)
    position = JournalPosition(0, len(driver.journal))
    simulation = Simulation("default", number, lambda _, release: contents[release - 1], position, checkpoint)
    history = BackfillCounter(
        "default", simulation.backfill_leaves, lambda _, release: contents[release - 1], DEFAULT_ENGINE_SETTINGS
    )
    history.count(driver.journal, driver._refused_sources)
    backfilled = history.states()
    copies = [_copy(contact) for contact in driver.decider.contacts()]
    return [output for copy in copies for output in simulation.simulate(copy, backfilled.get(copy.id))]


def applied_outputs(driver: EngineDriver, proposed: dict[str, Any]) -> list[SimulatedOutput]:
    """Applies the release, and returns the outputs that it causes."""
    outputs = driver.apply(**proposed)
    number = len(driver.releases)
    values = [output for output in outputs if "gone" not in output]
    caused = [each for each in values if each["cause"].get("release") == number and each["cause"]["kind"] != "clock"]
    return [(each.pop("topic"), {key: each[key] for key in each if key != "key"}) for each in caused]


def without_position(outputs: list[SimulatedOutput]) -> list[SimulatedOutput]:
    """Returns the outputs without their numbers, which depend on the position of the release in the journal."""
    return [(topic, {key: body[key] for key in body if key != "number"}) for topic, body in outputs]


def append_part_of_release(driver: EngineDriver, proposed: dict[str, Any], steps: int) -> None:
    """Appends only the first `steps` records of a release to the journal."""
    driver.releases.append(sound_definitions(proposed))
    number = len(driver.releases)
    marker = records.Marker("default", number, number, "", None, NEWEST_VERSION)
    before = list(driver.journal)
    for entry in islice(release_records(driver.decider, marker, lambda: before, driver._refused_sources), steps):
        driver._decide(entry)


@settings(
    max_examples=3 * settings().max_examples,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
@given(definitions(), definitions(), random_events(START), st.none() | st.integers(0, 40))
def test_the_simulation_equals_what_applying_emits(
    before: dict[str, Any], after: dict[str, Any], events: list[RandomEvent], tick: int | None
) -> None:
    driver = EngineDriver(**before)
    send_history(driver, events)
    if tick is not None:
        driver.tick(START + tick)
    simulated = without_position(simulated_outputs(driver, sound_definitions(after)))
    assert simulated == without_position(applied_outputs(driver, after))


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
def test_the_simulation_is_exact_while_another_release_is_pending(
    releases: tuple[dict[str, Any], ...], events: list[RandomEvent], later_events: list[RandomEvent], steps: int
) -> None:
    before, between, after = releases
    driver = EngineDriver(**before)
    send_history(driver, events)
    append_part_of_release(driver, between, steps)
    send_history(driver, later_events)
    simulated = without_position(simulated_outputs(driver, sound_definitions(after)))
    assert simulated == without_position(applied_outputs(driver, after))


def test_known_edits_make_contacts_enter_and_leave() -> None:
    """Shows that the comparisons above are not empty: a few fixed edits and their changes."""
    german = {"id": "german", "dynamic": True, "when": {"property": "country", "eq": "DE"}}
    busy = {"id": "busy", "dynamic": True, "when": {"visit": {}, "count": {"gte": 2}}}
    driver = EngineDriver(segments=[german], campaigns=[{"id": "c"}])
    driver.change_contact(START, country="DE")
    driver.visit(START + 1)
    driver.visit(START + 2)
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
        simulated = simulated_outputs(driver, sound_definitions({"campaigns": [{"id": "c"}], **edit}))
        changes = [(body["type"], body["segment"]) for topic, body in simulated if topic == "segment-changes"]
        assert changes == expected, edit
    audience = {"segments": [german], "campaigns": [{"id": "c", "audience": ["german"], "auto_qualify": True}]}
    topics = [topic for topic, _ in simulated_outputs(driver, sound_definitions(audience))]
    assert topics == ["lead-changes", "qualified-leads", "leads"]

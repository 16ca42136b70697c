"""SPEC sections 6 and 7: what a newer meaning does to rules of existing leads."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from streams.engine.decisions.decide import decide_event, decide_release
from streams.engine.decisions.outputs import JournalPosition
from streams.engine.journal.records import JournalEvent
from streams.engine.releases.compile import compile_release
from streams.engine.releases.compiled import CompiledRelease
from streams.engine.settings import DEFAULT_ENGINE_SETTINGS
from streams.engine.state.contact import Contact, Lead
from tests.harness.engine.engine_driver import EngineDriver, day, lead_changes, sound_definitions

FORMER = {"property": "former", "eq": True}
NEWER = {"property": "newer", "eq": True}
"""One condition, as the former and the newer meaning judge it."""


def release(engine_version: int, when: dict[str, Any], **rule: Any) -> CompiledRelease:
    rules = [{"id": "r", "when": when, "then": {"set_status": "qualified"}, **rule}]
    scoring = [{"id": "p", "when": when, "points": 5}]
    spring = {"id": "spring", "scoring": scoring, "automation": rules}
    definitions = sound_definitions({"engine_version": engine_version, "campaigns": [spring]})
    return compile_release(definitions, engine_version - 2)


def meanings(**rule: Any) -> tuple[CompiledRelease, CompiledRelease]:
    """The release of both meanings: the definitions are the same, the conditions are judged otherwise."""
    former, newer = release(3, FORMER, **rule), release(4, NEWER, **rule)
    (before,), (after,) = former.campaigns, newer.campaigns
    spring = replace(
        after,
        scoring=tuple(replace(a, rule=b.rule) for a, b in zip(after.scoring, before.scoring, strict=True)),
        automation=tuple(replace(a, rule=b.rule) for a, b in zip(after.automation, before.automation, strict=True)),
    )
    return former, replace(newer, campaigns=(spring,), campaigns_by_id={"spring": spring})


def contact(*, was_true: bool, **properties: bool) -> Contact:
    """A contact with an open lead, settled under the former release."""
    truths = {"r": True, "scoring/p": True} if was_true else {}
    lead = Lead(status="active", created=day(0), changed=day(0), truths=truths)
    return Contact(
        "default", "ann", day(0), day(0), settled=1, release=1, properties=dict(properties), leads={"spring": lead}
    )


def raise_version(ann: Contact, former: CompiledRelease, newer: CompiledRelease) -> list[str]:
    """Returns the topics on which leads change."""
    decision = decide_release(ann, day(1), JournalPosition(0, 2), former, newer, tick=day(1))
    return [output.topic for output in decision.outputs if output.topic in ("lead-changes", "leads")]


def set_properties(ann: Contact, release_: CompiledRelease, offset: int, **properties: bool) -> None:
    event = JournalEvent(
        id=f"e{offset}",
        type="contact.changed",
        account="default",
        owner="ann",
        source=("contact-changes", 0, offset),
        at=day(offset),
        fields={"properties": properties},
    )
    decide_event(ann, event, JournalPosition(0, offset), release_, tick=day(1), settings=DEFAULT_ENGINE_SETTINGS)


def lead_of(ann: Contact) -> tuple[str, int]:
    lead = ann.leads["spring"]
    return lead.status, lead.points // 1_000_000


def test_a_rule_that_only_the_newer_meaning_judges_true_starts_from_there() -> None:
    former, newer = meanings()
    ann = contact(was_true=False, former=False, newer=True)
    assert raise_version(ann, former, newer) == []
    set_properties(ann, newer, 3, other=True)
    assert lead_of(ann) == ("active", 0)
    set_properties(ann, newer, 4, newer=False)
    set_properties(ann, newer, 5, newer=True)
    assert lead_of(ann) == ("qualified", 5)


def test_it_fires_where_it_applies_to_existing_leads() -> None:
    former, newer = meanings(apply_to_existing=True)
    ann = contact(was_true=False, former=False, newer=True)
    raise_version(ann, former, newer)
    assert lead_of(ann) == ("qualified", 0)


def test_a_rule_that_both_meanings_judge_true_does_not_fire_again() -> None:
    former, newer = meanings(apply_to_existing=True)
    ann = contact(was_true=True, former=True, newer=True)
    assert raise_version(ann, former, newer) == []


def test_a_rule_that_the_newer_meaning_judges_false_may_become_true_again() -> None:
    former, newer = meanings()
    ann = contact(was_true=True, former=True, newer=False)
    assert raise_version(ann, former, newer) == []
    set_properties(ann, newer, 3, newer=True)
    assert lead_of(ann) == ("qualified", 5)


def test_what_is_true_at_the_raise_is_the_start_also_where_it_became_true_at_that_very_instant() -> None:
    former, newer = meanings()
    ann = contact(was_true=False, former=True, newer=True)
    assert raise_version(ann, former, newer) == []


ASLEEP = {"id": "asleep", "when": {"inactive_for": "1d"}, "then": {"set_status": "rejected"}}
SLEEPERS = {"id": "sleepers", "dynamic": True, "when": {"inactive_for": "1d"}}


def asleep_at_the_release(**release_: Any) -> list[dict[str, Any]]:
    """What a release at the very instant tells at which a lead has been inactive for a day."""
    everybody = {"id": "all", "dynamic": True, "when": {"all": []}}
    spring = {"id": "spring", "audience": ["all"], "automation": [ASLEEP]}
    definitions: dict[str, Any] = {"segments": [everybody, SLEEPERS], "campaigns": [spring]}
    driver = EngineDriver(engine_version=3, **definitions)
    driver.visit(day(0))
    assert lead_changes(driver.tick(day(1))) == []
    outputs = driver.apply(at=day(1), **{**definitions, **release_})
    assert driver.tick(day(5)) == [], "nothing is left to fire"
    return outputs


def test_a_rule_that_falls_due_at_the_very_instant_of_the_raise_fires_under_the_former_meaning() -> None:
    outputs = asleep_at_the_release(engine_version=4)
    assert lead_changes(outputs) == [("spring", "active", "rejected")]
    events = [output for output in outputs if output.get("type") in ("segment.entered", "lead.status_changed")]
    assert [(output["at"], output["cause"]["kind"], output["cause"]["release"]) for output in events] == [
        ("2026-01-02T00:00:00.000Z", "clock", 1),
        ("2026-01-02T00:00:00.000Z", "automation", 1),
    ]


def test_at_a_release_of_the_same_version_it_fires_under_the_new_one() -> None:
    outputs = asleep_at_the_release(engine_version=3)
    assert lead_changes(outputs) == [("spring", "active", "rejected")]
    assert {output["cause"]["release"] for output in outputs if output.get("type") == "lead.status_changed"} == {2}


def test_a_campaign_that_is_paused_meanwhile_still_fires_what_became_true_during_the_pause() -> None:
    everybody = {"id": "all", "dynamic": True, "when": {"all": []}}
    rule = {"id": "r", "when": {"property": "signal", "eq": "go"}, "then": {"set_status": "qualified"}}
    spring = {"id": "spring", "audience": ["all"], "automation": [rule]}
    paused: dict[str, Any] = {"segments": [everybody], "campaigns": [{**spring, "paused": True}]}
    driver = EngineDriver(engine_version=3, segments=[everybody], campaigns=[spring])
    driver.change_contact(day(0))
    driver.apply(engine_version=3, **paused)
    driver.change_contact(day(1), signal="go")
    assert lead_changes(driver.apply(engine_version=4, **paused)) == []
    outputs = driver.apply(engine_version=4, segments=[everybody], campaigns=[spring])
    assert lead_changes(outputs) == [("spring", "active", "qualified")]


def test_a_rule_that_a_campaign_stops_running_with_the_raise_starts_from_there_too() -> None:
    former, newer = meanings()
    (spring,) = newer.campaigns
    pause = replace(spring, definition=spring.definition.model_copy(update={"paused": True}))
    paused = replace(newer, campaigns=(pause,), campaigns_by_id={"spring": pause})
    ann = contact(was_true=False, former=False, newer=True)
    raise_version(ann, former, paused)
    decide_release(ann, day(2), JournalPosition(0, 3), paused, replace(newer, number=3), tick=day(2))
    assert lead_of(ann) == ("active", 0)

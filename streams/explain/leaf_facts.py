"""Describes the inputs of a leaf: the value, or the events that it counted."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from schemas import conditions as c
from schemas.values import instant_text, points_from_millionths
from streams.engine.conditions.activities.aggregates import aggregates_of
from streams.engine.conditions.activities.counts import compile_window
from streams.engine.conditions.compiler_context import CompilerContext
from streams.engine.conditions.protocols import Activity
from streams.engine.conditions.segments_and_leads import is_scored
from streams.engine.journal.records import JournalEvent
from streams.engine.state.contact import Contact
from streams.explain.aggregate_facts import aggregate_facts, aggregated_values
from streams.explain.tree import ConditionLeaf
from streams.store.contact_view import ContactView

MAX_INSTANTS = 10
"""Number of the latest instants and events that the explanation of a leaf has."""

LeafFacts = dict[str, Any]

_ACTIVITY_TYPES = ("web.visited", "activity.recorded")
_EVENT_FIELDS = ("name", "url", "status", "points", "score", "campaign")


def leaf_facts(leaf: ConditionLeaf, view: ContactView) -> LeafFacts:
    """Returns the leaf's inputs in the contact's row as JSON; nothing for a type of leaf that is not in `_FACTS`."""
    describe = _FACTS.get(type(leaf.condition))
    facts = {} if describe is None else describe(leaf, view)
    flags = [f"bound:{counter.key}" for counter in leaf.compiled.counters]
    if any(flag in view.contact.flags for flag in flags):
        facts["bound_reached"] = True
    return facts


def matching_events(leaf: ConditionLeaf, events: Iterable[JournalEvent]) -> list[LeafFacts]:
    """Returns the latest of the contact's events that are relevant to the leaf, as JSON."""
    matches = [event for event in events if _is_relevant(leaf, event)]
    return [_event_facts(leaf, event) for event in matches[-MAX_INSTANTS:]]


def _property_facts(leaf: ConditionLeaf, view: ContactView) -> LeafFacts:
    name = leaf.condition.property
    keys = (name,) if isinstance(name, str) else name
    return {"value": _value_at(view.contact.properties, keys), **_held_facts(leaf, view)}


def _held_facts(leaf: ConditionLeaf, view: ContactView) -> LeafFacts:
    """Returns since when a leaf with `held_for` has been true."""
    facts: LeafFacts = {}
    for state in leaf.compiled.held_states:
        interval = view.contact.held.get(state.key)
        if interval:
            facts["true_since"] = instant_text(interval[0])
    return facts


def _value_at(value: Any, keys: tuple[str, ...]) -> Any:
    for key in keys:
        if not isinstance(value, Mapping):
            return None
        value = value.get(key)
    return value


def _tags_facts(leaf: ConditionLeaf, view: ContactView) -> LeafFacts:
    return {"value": view.contact.properties.get("tags"), **_held_facts(leaf, view)}


def _status_facts(_: ConditionLeaf, view: ContactView) -> LeafFacts:
    return {"value": view.contact.status}


def _score_facts(leaf: ConditionLeaf, view: ContactView) -> LeafFacts:
    name, contact = leaf.condition.score.name, view.contact
    facts: LeafFacts = {
        "value": points_from_millionths(contact.score if name is None else contact.scores.get(name, 0))
    }
    if leaf.condition.score.exists is not None:
        facts["scored"] = is_scored(contact, name)
    return facts


def _instant_facts(field: str) -> Callable[[ConditionLeaf, ContactView], LeafFacts]:
    def describe(_: ConditionLeaf, view: ContactView) -> LeafFacts:
        instant = getattr(view.contact, field)
        return {"value": None if instant is None else instant_text(instant)}

    return describe


def _inactive_facts(_: ConditionLeaf, view: ContactView) -> LeafFacts:
    contact: Contact = view.contact
    if contact.last_activity is None:
        return {"created": instant_text(contact.created)}
    return {"last_activity": instant_text(contact.last_activity)}


def _segment_facts(leaf: ConditionLeaf, view: ContactView) -> LeafFacts:
    since = view.contact.members.get(leaf.condition.segment)
    return {} if since is None else {"member_since": instant_text(since)}


def _other_lead_facts(leaf: ConditionLeaf, view: ContactView) -> LeafFacts:
    return _lead_facts(view, leaf.condition.lead.campaign)


def _own_lead_facts(leaf: ConditionLeaf, view: ContactView) -> LeafFacts:
    return _lead_facts(view, leaf.campaign)


def _lead_facts(view: ContactView, campaign: str) -> LeafFacts:
    lead = view.contact.leads.get(campaign)
    if lead is None:
        return {"lead": None}
    return {
        "lead": {
            "status": lead.status,
            "points": points_from_millionths(lead.points),
            "made": instant_text(lead.created),
        }
    }


def _count_facts(leaf: ConditionLeaf, view: ContactView) -> LeafFacts:
    condition: Any = leaf.condition
    contact = view.contact
    if aggregates_of(condition):
        return aggregate_facts(leaf, view, MAX_INSTANTS)
    states = [contact.counts.get(counter.key, []) for counter in leaf.compiled.counters]
    if condition.first is not None or condition.last is not None:
        ends = [{"at": instant_text(state[0]), "matches": bool(state[1])} for state in states if state]
        return {"ends": ends}
    instants = sorted(instant for state in states for instant in state)
    if condition.regular is not None:
        return {"instants": _instant_texts(instants)}
    context = CompilerContext(leaf.compile_scope)
    window, _ = compile_window(condition, context)
    zone = context.zone_rule(condition.in_zone).zone_for(contact)
    in_window = [instant for instant in instants if window.count_inside([instant], view.now, zone)]
    return {"count": len(in_window), "instants": _instant_texts(in_window)}


def _sequence_facts(leaf: ConditionLeaf, view: ContactView) -> LeafFacts:
    """Returns the start of the complete chain in the window, and the steps that the events in the window match."""
    (counter,) = leaf.compiled.counters
    state = view.contact.counts.get(counter.key, [])
    window_start = view.now - leaf.condition.within
    chain_start = state[0] if state and state[0] > window_start else None
    matches = [(at, steps) for at, steps in zip(state[1::2], state[2::2], strict=True) if at > window_start]
    return {
        "complete_from": None if chain_start is None else instant_text(chain_start),
        "matched": [{"at": instant_text(at), "steps": _step_numbers(steps)} for at, steps in matches[-MAX_INSTANTS:]],
    }


def _step_numbers(bits: int) -> list[int]:
    """Returns the numbers, from 1 on, of the steps whose bits are set."""
    return [number + 1 for number in range(bits.bit_length()) if bits >> number & 1]


def _instant_texts(instants: list[int]) -> list[str]:
    return [instant_text(instant) for instant in instants[-MAX_INSTANTS:]]


_FACTS: Mapping[type, Callable[[ConditionLeaf, ContactView], LeafFacts]] = {
    c.PropertyLeaf: _property_facts,
    c.TagsLeaf: _tags_facts,
    c.StatusLeaf: _status_facts,
    c.ScoreLeaf: _score_facts,
    c.CreatedLeaf: _instant_facts("created"),
    c.LastVisitLeaf: _instant_facts("last_visit"),
    c.FirstVisitLeaf: _instant_facts("first_visit"),
    c.LastActivityLeaf: _instant_facts("last_activity"),
    c.InactiveLeaf: _inactive_facts,
    c.SegmentLeaf: _segment_facts,
    c.LeadLeaf: _other_lead_facts,
    c.PointsLeaf: _own_lead_facts,
    c.LeadStatusLeaf: _own_lead_facts,
    c.LeadAgeLeaf: _own_lead_facts,
    c.VisitLeaf: _count_facts,
    c.ActivityLeaf: _count_facts,
    c.SequenceLeaf: _sequence_facts,
}


def _is_relevant(leaf: ConditionLeaf, event: JournalEvent) -> bool:
    condition = leaf.condition
    if event.type in _ACTIVITY_TYPES:
        activity = _activity(event)
        is_visit = activity.is_visit
        if isinstance(condition, c.LastVisitLeaf | c.FirstVisitLeaf):
            return is_visit
        if isinstance(condition, c.LastActivityLeaf | c.InactiveLeaf):
            return True
        return any(counter.matches(activity) for counter in leaf.compiled.counters)
    if event.type == "contact.changed" and leaf.compiled.properties & event.fields.get("properties", {}).keys():
        return True
    return any(_is_state_relevant(condition, event))


def _is_state_relevant(condition: Any, event: JournalEvent) -> Iterator[bool]:
    if isinstance(condition, c.StatusLeaf):
        yield event.type == "contact.deleted" or "status" in event.fields
    if isinstance(condition, c.ScoreLeaf):
        yield event.type == "score.adjusted" and event.fields.get("score") == condition.score.name


def _activity(event: JournalEvent) -> Activity:
    return Activity(event.at, event.fields.get("name", "visit"), event.type == "web.visited", event.fields)


def _event_facts(leaf: ConditionLeaf, event: JournalEvent) -> LeafFacts:
    fields = {name: event.fields[name] for name in _EVENT_FIELDS if name in event.fields}
    if "points" in fields:
        fields["points"] = points_from_millionths(fields["points"])
    if event.type in _ACTIVITY_TYPES and (values := aggregated_values(leaf, _activity(event))):
        fields["values"] = values
    return {"id": event.id, "type": event.type, "at": instant_text(event.at), **fields}

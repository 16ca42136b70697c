"""What a leaf looked at: the value, or the instants of the events that it counted."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from schemas import conditions as c
from schemas.values import instant_text, points_from_millionths
from streams.engine.conditions.activities.counts import compile_window
from streams.engine.conditions.compiler_context import CompilerContext
from streams.engine.conditions.protocols import Activity
from streams.engine.journal.records import JournalEvent
from streams.engine.state.contact import Contact
from streams.explain.tree import ConditionLeaf
from streams.store.contact_view import ContactView

MAX_SHOWN = 10
"""Instants, and events, that are shown of a leaf: the latest."""

LeafFacts = dict[str, Any]

_ACTIVITY_TYPES = ("web.visited", "activity.recorded")
_NAMED_FIELDS = ("name", "url", "status", "points", "score", "campaign")


def leaf_facts(leaf: ConditionLeaf, view: ContactView) -> LeafFacts:
    """What the leaf looks at, as the contact's row has it. A leaf that is not known here says nothing."""
    tell = _FACTS.get(type(leaf.condition))
    facts = {} if tell is None else tell(leaf, view)
    flags = [f"bound:{counter.key}" for counter in leaf.compiled.counters]
    if any(flag in view.contact.flags for flag in flags):
        facts["bound_reached"] = True
    return facts


def matching_events(leaf: ConditionLeaf, events: Iterable[JournalEvent]) -> list[LeafFacts]:
    """The latest of the contact's events that speak to the leaf."""
    matches = [event for event in events if _is_relevant(leaf, event)]
    return [_event_facts(event) for event in matches[-MAX_SHOWN:]]


def _property_facts(leaf: ConditionLeaf, view: ContactView) -> LeafFacts:
    name = leaf.condition.property
    keys = (name,) if isinstance(name, str) else name
    return {"value": _value_at(view.contact.properties, keys), **_held_facts(leaf, view)}


def _held_facts(leaf: ConditionLeaf, view: ContactView) -> LeafFacts:
    """Since when it has been true, of a leaf that is to be held."""
    facts: LeafFacts = {}
    for truth in leaf.compiled.held_states:
        held = view.contact.held.get(truth.key)
        if held:
            facts["true_since"] = instant_text(held[0])
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
    return {"value": points_from_millionths(contact.score if name is None else contact.scores.get(name, 0))}


def _instant_facts(field: str) -> Callable[[ConditionLeaf, ContactView], LeafFacts]:
    def tell(_: ConditionLeaf, sight: ContactView) -> LeafFacts:
        instant = getattr(sight.contact, field)
        return {"value": None if instant is None else instant_text(instant)}

    return tell


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
    lists = [contact.counts.get(counter.key, []) for counter in leaf.compiled.counters]
    if condition.first is not None or condition.last is not None:
        ends = [{"at": instant_text(kept[0]), "matches": bool(kept[1])} for kept in lists if kept]
        return {"ends": ends}
    kept = sorted(instant for one in lists for instant in one)
    if condition.regular is not None:
        return {"instants": _instant_texts(kept)}
    context = CompilerContext(leaf.compile_scope)
    window, _ = compile_window(condition, context)
    zone = context.zone_rule(condition.in_zone).zone_for(contact)
    inside = [instant for instant in kept if window.count_inside([instant], view.now, zone)]
    return {"count": len(inside), "instants": _instant_texts(inside)}


def _sequence_facts(leaf: ConditionLeaf, view: ContactView) -> LeafFacts:
    """When the chain began that is complete and in the window, and which steps the events in it match."""
    (counter,) = leaf.compiled.counters
    kept = view.contact.counts.get(counter.key, [])
    opens = view.now - leaf.condition.within
    began = kept[0] if kept and kept[0] > opens else None
    matched = [(at, steps) for at, steps in zip(kept[1::2], kept[2::2], strict=True) if at > opens]
    return {
        "complete_from": None if began is None else instant_text(began),
        "matched": [{"at": instant_text(at), "steps": _step_numbers(steps)} for at, steps in matched[-MAX_SHOWN:]],
    }


def _step_numbers(bits: int) -> list[int]:
    """The steps, counted from 1, whose bits are set."""
    return [number + 1 for number in range(bits.bit_length()) if bits >> number & 1]


def _instant_texts(instants: list[int]) -> list[str]:
    return [instant_text(instant) for instant in instants[-MAX_SHOWN:]]


_FACTS: Mapping[type, Callable[[ConditionLeaf, ContactView], LeafFacts]] = {
    c.PropertyLeaf: _property_facts,
    c.TagsLeaf: _tags_facts,
    c.StatusLeaf: _status_facts,
    c.ScoreLeaf: _score_facts,
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
        is_visit = event.type == "web.visited"
        happening = Activity(event.at, event.fields.get("name", "visit"), is_visit, event.fields)
        if isinstance(condition, c.LastVisitLeaf | c.FirstVisitLeaf):
            return is_visit
        if isinstance(condition, c.LastActivityLeaf | c.InactiveLeaf):
            return True
        return any(counter.matches(happening) for counter in leaf.compiled.counters)
    if event.type == "contact.changed" and leaf.compiled.properties & event.fields.get("properties", {}).keys():
        return True
    return any(_is_state_relevant(condition, event))


def _is_state_relevant(condition: Any, event: JournalEvent) -> Iterator[bool]:
    if isinstance(condition, c.StatusLeaf):
        yield event.type == "contact.deleted" or "status" in event.fields
    if isinstance(condition, c.ScoreLeaf):
        yield event.type == "score.adjusted" and event.fields.get("score") == condition.score.name


def _event_facts(event: JournalEvent) -> LeafFacts:
    named = {name: event.fields[name] for name in _NAMED_FIELDS if name in event.fields}
    if "points" in named:
        named["points"] = points_from_millionths(named["points"])
    return {"id": event.id, "type": event.type, "at": instant_text(event.at), **named}

"""What a leaf looked at: the value, or the instants of the events that it counted."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from schemas import conditions as c
from schemas.values import instant_text
from streams.engine.conditions.activities.counts import window_of
from streams.engine.conditions.compiler_context import Context
from streams.engine.conditions.protocols import Happening
from streams.engine.journal.records import Event
from streams.engine.state.contact import Contact
from streams.engine.state.points import points_number
from streams.explain.tree import Leaf
from streams.store.contact_view import Sight

MOST_SHOWN = 10
"""Instants, and events, that are shown of a leaf: the latest."""

Facts = dict[str, Any]

_HAPPENINGS = ("web.visited", "activity.recorded")
_NAMED_FIELDS = ("name", "url", "status", "points", "score", "campaign")


def facts_of(leaf: Leaf, sight: Sight) -> Facts:
    """What the leaf looks at, as the contact's row has it. A leaf that is not known here says nothing."""
    tell = _FACTS.get(type(leaf.condition))
    facts = {} if tell is None else tell(leaf, sight)
    flags = [f"bound:{counter.key}" for counter in leaf.compiled.counters]
    if any(flag in sight.contact.flags for flag in flags):
        facts["bound_reached"] = True
    return facts


def events_of(leaf: Leaf, told: Iterable[Event]) -> list[Facts]:
    """The latest of the contact's events that speak to the leaf."""
    found = [event for event in told if _speaks_to(leaf, event)]
    return [_shown(event) for event in found[-MOST_SHOWN:]]


def _property(leaf: Leaf, sight: Sight) -> Facts:
    name = leaf.condition.property
    keys = (name,) if isinstance(name, str) else name
    return {"value": _value_at(sight.contact.properties, keys), **_held(leaf, sight)}


def _held(leaf: Leaf, sight: Sight) -> Facts:
    """Since when it has been true, of a leaf that is to be held."""
    facts: Facts = {}
    for truth in leaf.compiled.held:
        held = sight.contact.held.get(truth.key)
        if held:
            facts["true_since"] = instant_text(held[0])
    return facts


def _value_at(value: Any, keys: tuple[str, ...]) -> Any:
    for key in keys:
        if not isinstance(value, Mapping):
            return None
        value = value.get(key)
    return value


def _tags(leaf: Leaf, sight: Sight) -> Facts:
    return {"value": sight.contact.properties.get("tags"), **_held(leaf, sight)}


def _status(_: Leaf, sight: Sight) -> Facts:
    return {"value": sight.contact.status}


def _score(leaf: Leaf, sight: Sight) -> Facts:
    name, contact = leaf.condition.score.name, sight.contact
    return {"value": points_number(contact.score if name is None else contact.scores.get(name, 0))}


def _moment(field: str) -> Callable[[Leaf, Sight], Facts]:
    def tell(_: Leaf, sight: Sight) -> Facts:
        instant = getattr(sight.contact, field)
        return {"value": None if instant is None else instant_text(instant)}

    return tell


def _inactive(_: Leaf, sight: Sight) -> Facts:
    contact: Contact = sight.contact
    if contact.last_activity is None:
        return {"created": instant_text(contact.created)}
    return {"last_activity": instant_text(contact.last_activity)}


def _segment(leaf: Leaf, sight: Sight) -> Facts:
    since = sight.contact.members.get(leaf.condition.segment)
    return {} if since is None else {"member_since": instant_text(since)}


def _lead(leaf: Leaf, sight: Sight) -> Facts:
    return _lead_facts(sight, leaf.condition.lead.campaign)


def _lead_at_hand(leaf: Leaf, sight: Sight) -> Facts:
    return _lead_facts(sight, leaf.campaign)


def _lead_facts(sight: Sight, campaign: str) -> Facts:
    lead = sight.contact.leads.get(campaign)
    if lead is None:
        return {"lead": None}
    return {"lead": {"status": lead.status, "points": points_number(lead.points), "made": instant_text(lead.made)}}


def _counted(leaf: Leaf, sight: Sight) -> Facts:
    condition: Any = leaf.condition
    contact = sight.contact
    lists = [contact.counts.get(counter.key, []) for counter in leaf.compiled.counters]
    if condition.first is not None or condition.last is not None:
        ends = [{"at": instant_text(kept[0]), "matches": bool(kept[1])} for kept in lists if kept]
        return {"ends": ends}
    kept = sorted(instant for one in lists for instant in one)
    if condition.regular is not None:
        return {"instants": _instants(kept)}
    context = Context(leaf.around)
    window, _ = window_of(condition, context)
    zone = context.zone_rule(condition.in_zone).of(contact)
    inside = [instant for instant in kept if window.count([instant], sight.now, zone)]
    return {"count": len(inside), "instants": _instants(inside)}


def _sequence(leaf: Leaf, sight: Sight) -> Facts:
    """When the chain began that is complete and in the window, and which steps the events in it match."""
    (counter,) = leaf.compiled.counters
    kept = sight.contact.counts.get(counter.key, [])
    opens = sight.now - leaf.condition.within
    began = kept[0] if kept and kept[0] > opens else None
    matched = [(at, steps) for at, steps in zip(kept[1::2], kept[2::2], strict=True) if at > opens]
    return {
        "complete_from": None if began is None else instant_text(began),
        "matched": [{"at": instant_text(at), "steps": _steps(steps)} for at, steps in matched[-MOST_SHOWN:]],
    }


def _steps(bits: int) -> list[int]:
    """The steps, counted from 1, whose bits are set."""
    return [number + 1 for number in range(bits.bit_length()) if bits >> number & 1]


def _instants(instants: list[int]) -> list[str]:
    return [instant_text(instant) for instant in instants[-MOST_SHOWN:]]


_FACTS: Mapping[type, Callable[[Leaf, Sight], Facts]] = {
    c.PropertyLeaf: _property,
    c.TagsLeaf: _tags,
    c.StatusLeaf: _status,
    c.ScoreLeaf: _score,
    c.LastVisitLeaf: _moment("last_visit"),
    c.FirstVisitLeaf: _moment("first_visit"),
    c.LastActivityLeaf: _moment("last_activity"),
    c.InactiveLeaf: _inactive,
    c.SegmentLeaf: _segment,
    c.LeadLeaf: _lead,
    c.PointsLeaf: _lead_at_hand,
    c.LeadStatusLeaf: _lead_at_hand,
    c.LeadAgeLeaf: _lead_at_hand,
    c.VisitLeaf: _counted,
    c.ActivityLeaf: _counted,
    c.SequenceLeaf: _sequence,
}


def _speaks_to(leaf: Leaf, event: Event) -> bool:
    condition = leaf.condition
    if event.type in _HAPPENINGS:
        is_visit = event.type == "web.visited"
        happening = Happening(event.at, event.fields.get("name", "visit"), is_visit, event.fields)
        if isinstance(condition, c.LastVisitLeaf | c.FirstVisitLeaf):
            return is_visit
        if isinstance(condition, c.LastActivityLeaf | c.InactiveLeaf):
            return True
        return any(counter.matches(happening) for counter in leaf.compiled.counters)
    if event.type == "contact.changed" and leaf.compiled.properties & event.fields.get("properties", {}).keys():
        return True
    return any(_is_about(condition, event))


def _is_about(condition: Any, event: Event) -> Iterator[bool]:
    if isinstance(condition, c.StatusLeaf):
        yield event.type == "contact.deleted" or "status" in event.fields
    if isinstance(condition, c.ScoreLeaf):
        yield event.type == "score.adjusted" and event.fields.get("score") == condition.score.name


def _shown(event: Event) -> Facts:
    named = {name: event.fields[name] for name in _NAMED_FIELDS if name in event.fields}
    if "points" in named:
        named["points"] = points_number(named["points"])
    return {"id": event.id, "type": event.type, "at": instant_text(event.at), **named}

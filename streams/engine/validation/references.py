"""Who refers to what: cycles among segments are refused; cycles through leads, and likely typos, warned of."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from difflib import get_close_matches

from schemas.conditions import Condition, LeadLeaf, PropertyLeaf, SegmentLeaf
from schemas.definitions import STANDARD_PROPERTIES, Campaign, Definitions, Segment
from streams.engine.validation.problem import DocumentPath
from streams.engine.version import walk

Graph = Mapping[str, Iterable[str]]


def segment_references(raw: object) -> Iterator[str]:
    """Every segment that a condition as written refers to; what is not well formed refers to none."""
    if not isinstance(raw, Mapping):
        return
    if isinstance(raw.get("segment"), str):
        yield raw["segment"]
    children = [raw.get("not"), *_as_list(raw.get("all")), *_as_list(raw.get("any"))]
    for child in children:
        yield from segment_references(child)


def _as_list(value: object) -> list[object]:
    return list(value) if isinstance(value, list | tuple) else []


def find_cycles(graph: Graph) -> list[list[str]]:
    """Cycles of a graph, each once as the path that closes it: `[a, b, a]`; at least one of every knot."""
    found: list[list[str]] = []
    done: set[str] = set()
    for start in graph:
        if start not in done:
            found += _cycles_from(start, graph, done)
    return found


def _cycles_from(start: str, graph: Graph, done: set[str]) -> Iterator[list[str]]:
    """Depth first with a stack of our own: chains of segments may be longer than Python's stack."""
    path = [start]
    pending = [iter(graph.get(start, ()))]
    while path:
        following = next(pending[-1], None)
        if following is None:
            done.add(path.pop())
            pending.pop()
        elif following in path:
            yield [*path[path.index(following) :], following]
        elif following not in done:
            path.append(following)
            pending.append(iter(graph.get(following, ())))


def effect_graph(definitions: Definitions) -> dict[str, list[str]]:
    """What may change what, through membership, leads and actions: `segment X` and `campaign Y` as nodes."""
    graph: dict[str, list[str]] = {}
    for segment in definitions.segments:
        for cause in _causes(segment):
            graph.setdefault(cause, []).append(f"segment {segment.id}")
    for campaign in definitions.campaigns:
        name = f"campaign {campaign.id}"
        for cause in _campaign_causes(campaign):
            graph.setdefault(cause, []).append(name)
        graph.setdefault(name, []).extend(_targets(campaign))
    return graph


def lead_cycles(definitions: Definitions) -> list[str]:
    """Cycles that go through leads and actions. They end by construction, each rule firing once per record."""
    found = find_cycles(effect_graph(definitions))
    through_leads = [path for path in found if any(node.startswith("campaign") for node in path)]
    return [" -> ".join(path) for path in through_leads if len(path) > 2]


def misspelt_properties(definitions: Definitions) -> dict[str, str]:
    """Undeclared properties -> the declared or standard one whose name is close; they may be meant as they are."""
    declared = {**definitions.properties, **STANDARD_PROPERTIES}
    used = {name for condition in _all_conditions(definitions) for name in _property_names(condition)}
    close = {name: get_close_matches(name, declared, n=1, cutoff=0.8) for name in used - set(declared)}
    return {name: found[0] for name, found in close.items() if found}


def property_paths(raw: object, path: DocumentPath) -> Iterator[tuple[DocumentPath, str]]:
    """The leaves of a condition as written that speak of a property: where each names it, and which."""
    if isinstance(raw, Mapping):
        named = raw.get("property")
        name = named[0] if isinstance(named, list | tuple) and named else named
        if isinstance(name, str):
            yield (*path, "property"), name
    children: Iterable[tuple[str | int, object]] = ()
    if isinstance(raw, Mapping):
        children = raw.items()
    elif isinstance(raw, list | tuple):
        children = enumerate(raw)
    for key, child in children:
        yield from property_paths(child, (*path, key))


def _all_conditions(definitions: Definitions) -> Iterator[Condition]:
    for segment in definitions.segments:
        if segment.when is not None:
            yield segment.when
    for campaign in definitions.campaigns:
        yield from _rule_conditions(campaign)


def _rule_conditions(campaign: Campaign) -> Iterator[Condition]:
    yield from (rule.when for rule in campaign.scoring)
    yield from (rule.when for rule in campaign.automation)


def _property_names(condition: Condition) -> Iterator[str]:
    for node in walk(condition):
        if isinstance(node, PropertyLeaf):
            yield node.property if isinstance(node.property, str) else node.property[0]


def _causes(segment: Segment) -> Iterator[str]:
    if segment.when is not None:
        yield from _referenced_nodes(segment.when)


def _campaign_causes(campaign: Campaign) -> Iterator[str]:
    for audience in campaign.audience:
        yield f"segment {audience}"
    for condition in _rule_conditions(campaign):
        yield from _referenced_nodes(condition)


def _referenced_nodes(condition: Condition) -> Iterator[str]:
    for node in walk(condition):
        if isinstance(node, SegmentLeaf):
            yield f"segment {node.segment}"
        elif isinstance(node, LeadLeaf):
            yield f"campaign {node.lead.campaign}"


def _targets(campaign: Campaign) -> Iterator[str]:
    for rule in campaign.automation:
        for segment in (rule.then.add_to_segment, rule.then.remove_from_segment):
            if segment is not None:
                yield f"segment {segment}"
        for other in (rule.then.add_to_campaign, rule.then.remove_from_campaign):
            if other is not None:
                yield f"campaign {other}"

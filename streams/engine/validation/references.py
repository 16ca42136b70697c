"""References in definitions: cycles among segments are errors, cycles through leads and likely typos warnings."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from difflib import get_close_matches

from schemas.conditions import Condition, LeadLeaf, PropertyLeaf, SegmentLeaf
from schemas.definitions import STANDARD_PROPERTIES, Campaign, Definitions, Segment
from streams.engine.validation.problem import DocumentPath
from streams.engine.validation.salesforce import mapped_properties
from streams.engine.version import walk

Graph = Mapping[str, Iterable[str]]


def segment_references(raw: object) -> Iterator[str]:
    """Yields every segment that a condition as written refers to; what is malformed refers to none."""
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
    """Returns cycles of a graph, each once as a closed path `[a, b, a]`; at least one of every connected group."""
    cycles: list[list[str]] = []
    done: set[str] = set()
    for start in graph:
        if start not in done:
            cycles += _cycles_from(start, graph, done)
    return cycles


def _cycles_from(start: str, graph: Graph, done: set[str]) -> Iterator[list[str]]:
    """Searches depth first with its own stack, because chains of segments may be longer than Python's stack."""
    path = [start]
    pending = [iter(graph.get(start, ()))]
    while path:
        successor = next(pending[-1], None)
        if successor is None:
            done.add(path.pop())
            pending.pop()
        elif successor in path:
            yield [*path[path.index(successor) :], successor]
        elif successor not in done:
            path.append(successor)
            pending.append(iter(graph.get(successor, ())))


def effect_graph(definitions: Definitions) -> dict[str, list[str]]:
    """Returns cause -> effects through membership, leads and actions; nodes are `segment X` and `campaign Y`."""
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
    """Returns the cycles through leads and actions. They end by design, since a rule fires once per record."""
    cycles = find_cycles(effect_graph(definitions))
    through_leads = [path for path in cycles if any(node.startswith("campaign") for node in path)]
    return [" -> ".join(path) for path in through_leads if len(path) > 2]


def misspelt_properties(definitions: Definitions) -> dict[str, str]:
    """Returns undeclared property -> the declared or standard one with a similar name; it may still be intended."""
    declared = {**definitions.properties, **STANDARD_PROPERTIES}
    used = {name for condition in _all_conditions(definitions) for name in _property_names(condition)}
    if definitions.salesforce is not None:
        used.update(mapped_properties(definitions.salesforce))
    matches = {name: get_close_matches(name, declared, n=1, cutoff=0.8) for name in used - set(declared)}
    return {name: similar[0] for name, similar in matches.items() if similar}


def property_paths(raw: object, path: DocumentPath) -> Iterator[tuple[DocumentPath, str]]:
    """Yields path and name of every property in a condition as written."""
    if isinstance(raw, Mapping):
        keys = raw.get("property")
        name = keys[0] if isinstance(keys, list | tuple) and keys else keys
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
    if definitions.salesforce is not None and definitions.salesforce.do_not_sync is not None:
        yield definitions.salesforce.do_not_sync


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

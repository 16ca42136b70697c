"""Defines what decisions need of the account's mapping to the CRM: whom it keeps back, and what is told of later."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from schemas.conditions import StatusLeaf
from schemas.definitions import Definitions, PropertyChange
from streams.engine.conditions.protocols import CompiledCondition
from streams.engine.graph.inputs import ConditionInputs, inputs_of
from streams.engine.releases.conditions import DO_NOT_SYNC_OWNER, segment_owner
from streams.engine.version import walk

STATUS_OCCASION = "contact.status"
PROPERTY_OCCASION = "property/"
"""What an occasion begins with that is a change of a property, whose name follows."""


@dataclass(frozen=True, slots=True)
class CompiledMapping:
    """The mapping of a release, without what only the connector reads."""

    do_not_sync: CompiledCondition | None = None
    """A contact for which it holds is not handed over."""
    occasions: tuple[str, ...] = ()
    """What is told of a lead after its hand-over, in the order of the definitions: `lead.rejected`, `contact.status`,
    `property/NAME`.
    """
    consent_occasions: frozenset[str] = frozenset()
    """Those of what `do_not_sync` and the segments in it look at: the CRM learns of them also where it holds.

    That they happened is told also where the mapping has no update for them, without an occasion: hand-overs that
    wait ask for consent anew.
    """
    is_consent_compared: bool = False
    """Whether something beside these occasions may turn `do_not_sync`: behaviour, a score, a lead, a list, time.

    Then it is asked before and after each record, and told of in the same way where it turned.
    """
    is_consent_timed: bool = False
    """Whether time alone may turn it, beside a membership of a segment or the points of a lead."""

    tells_of_leads: bool = field(init=False)
    """Whether anything is told of a lead after its hand-over."""

    def __post_init__(self) -> None:
        told = self.occasions or self.consent_occasions or self.is_consent_compared
        object.__setattr__(self, "tells_of_leads", bool(told))


NO_MAPPING = CompiledMapping()
"""The mapping of definitions that have none."""


def compile_mapping(definitions: Definitions, conditions: Mapping[str, CompiledCondition]) -> CompiledMapping:
    """The mapping of valid definitions; `conditions` are theirs, by owner."""
    salesforce = definitions.salesforce
    if salesforce is None:
        return NO_MAPPING
    occasions = tuple(
        PROPERTY_OCCASION + update.on.property if isinstance(update.on, PropertyChange) else update.on
        for update in salesforce.updates
    )
    forbidden, do_not_sync = salesforce.do_not_sync, conditions.get(DO_NOT_SYNC_OWNER)
    if forbidden is None or do_not_sync is None:
        return CompiledMapping(None, occasions)
    own = inputs_of(forbidden, do_not_sync)
    inputs = [own, *_inputs_of_segments(own.segments, definitions, conditions)]
    is_status_read = any(isinstance(node, StatusLeaf) for node in walk(forbidden))
    looked_at = {PROPERTY_OCCASION + name for each in inputs for name in each.properties}
    return CompiledMapping(
        do_not_sync,
        occasions,
        frozenset(looked_at | {STATUS_OCCASION} if own.segments or is_status_read else looked_at),
        is_consent_compared=any(map(_reads_more, inputs)),
        is_consent_timed=own.is_time_dependent,
    )


def _inputs_of_segments(
    names: frozenset[str], definitions: Definitions, conditions: Mapping[str, CompiledCondition]
) -> Iterator[ConditionInputs]:
    """What segments depend on, and the segments that they refer to: their conditions, or their lists."""
    segments = {segment.id: segment for segment in definitions.segments}
    seen = set(names)
    waiting = sorted(names)
    while waiting:
        segment = segments[waiting.pop()]
        if not segment.dynamic or segment.when is None:
            yield ConditionInputs(is_time_dependent=False, static_segments=frozenset({segment.id}))
            continue
        inputs = inputs_of(segment.when, conditions[segment_owner(segment.id)])
        yield inputs
        waiting += sorted(inputs.segments - seen)
        seen |= inputs.segments


def _reads_more(inputs: ConditionInputs) -> bool:
    """Whether anything beside properties, the status and other segments may turn the condition."""
    reads = (inputs.counters, inputs.static_segments, inputs.scores, inputs.leads, inputs.activity_times)
    return inputs.is_time_dependent or any(reads)

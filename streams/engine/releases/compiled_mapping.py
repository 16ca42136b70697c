"""Defines what decisions need of the account's mapping to the CRM: whom it keeps back, and what is told of later."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from schemas.conditions import StatusLeaf
from schemas.definitions import PropertyChange, Salesforce
from streams.engine.conditions.protocols import CompiledCondition
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

    @property
    def tells_of_leads(self) -> bool:
        """Whether anything is told of a lead after its hand-over."""
        return bool(self.occasions or self.consent_occasions)


NO_MAPPING = CompiledMapping()
"""The mapping of definitions that have none."""


def compile_mapping(
    salesforce: Salesforce | None,
    do_not_sync: CompiledCondition | None,
    segments: Mapping[str, CompiledCondition],
) -> CompiledMapping:
    """The mapping of valid definitions; `do_not_sync` is its condition, `segments` has those of dynamic segments."""
    if salesforce is None:
        return NO_MAPPING
    occasions = tuple(
        PROPERTY_OCCASION + update.on.property if isinstance(update.on, PropertyChange) else update.on
        for update in salesforce.updates
    )
    return CompiledMapping(do_not_sync, occasions, frozenset(_consent_occasions(salesforce, do_not_sync, segments)))


def _consent_occasions(
    salesforce: Salesforce, do_not_sync: CompiledCondition | None, segments: Mapping[str, CompiledCondition]
) -> Iterator[str]:
    """What may change the condition: of a segment in it, what its own condition looks at, and the status."""
    if salesforce.do_not_sync is None or do_not_sync is None:
        return
    if do_not_sync.segments or any(isinstance(node, StatusLeaf) for node in walk(salesforce.do_not_sync)):
        yield STATUS_OCCASION
    seen: set[str] = set()
    waiting = [do_not_sync]
    while waiting:
        condition = waiting.pop()
        yield from (PROPERTY_OCCASION + name for name in condition.properties)
        new = condition.segments - seen
        seen |= new
        waiting += [segments[name] for name in new if name in segments]

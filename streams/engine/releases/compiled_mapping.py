"""Defines what decisions need of the account's mapping to the CRM: whom it keeps back, and what is told of later."""

from __future__ import annotations

from collections.abc import Iterator
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
    """Those of what `do_not_sync` looks at itself: the CRM learns of them also where the condition holds."""


NO_MAPPING = CompiledMapping()
"""The mapping of definitions that have none."""


def compile_mapping(salesforce: Salesforce | None, do_not_sync: CompiledCondition | None) -> CompiledMapping:
    """The mapping of valid definitions; `do_not_sync` is its compiled condition."""
    if salesforce is None:
        return NO_MAPPING
    occasions = tuple(
        PROPERTY_OCCASION + update.on.property if isinstance(update.on, PropertyChange) else update.on
        for update in salesforce.updates
    )
    return CompiledMapping(do_not_sync, occasions, frozenset(_consent_occasions(salesforce, do_not_sync)))


def _consent_occasions(salesforce: Salesforce, do_not_sync: CompiledCondition | None) -> Iterator[str]:
    if salesforce.do_not_sync is None or do_not_sync is None:
        return
    yield from (PROPERTY_OCCASION + name for name in do_not_sync.properties)
    if any(isinstance(node, StatusLeaf) for node in walk(salesforce.do_not_sync)):
        yield STATUS_OCCASION

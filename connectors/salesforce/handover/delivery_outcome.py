"""What one attempt to hand over a batch came to: results, hand-overs to try again, and accounts that stand still."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from connectors.salesforce.handover.handover_records import HandOverResult, LeadHandOver
from connectors.salesforce.org.errors import CrmError


@dataclass(frozen=True, slots=True)
class PendingHandOver:
    """A hand-over whose record Salesforce did not take this time, and may take later."""

    handover: LeadHandOver
    error: CrmError


@dataclass(frozen=True, slots=True)
class DeliveryOutcome:
    """Every hand-over of the batch is in `results` or `pending`, or its account is in `stopped`."""

    results: Sequence[HandOverResult] = ()
    pending: Sequence[PendingHandOver] = ()
    stopped: Mapping[str, str] = field(default_factory=dict)
    """Account -> what a person has to correct before its hand-overs can go on."""

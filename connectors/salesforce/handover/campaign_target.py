"""Which Salesforce campaign a hand-over makes a member of: the one that the definitions name when it is delivered."""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from connectors.salesforce.handover.handover_records import CampaignTarget, LeadHandOver
from schemas.definitions import Definitions

TargetProvider = Callable[[LeadHandOver], CampaignTarget | None]
"""Hand-over -> the Salesforce campaign and member status; None where its campaign names none."""


def recorded_target(handover: LeadHandOver) -> CampaignTarget | None:
    """Returns the target as the record has it, which is that of the release that decided the hand-over."""
    return handover.campaign.salesforce


def named_target(definitions: Definitions, handover: LeadHandOver) -> CampaignTarget | None:
    """Returns the target that definitions name; that of the record where they do not have the campaign any more."""
    for campaign in definitions.campaigns:
        if campaign.id == handover.campaign.id:
            named = campaign.salesforce
            return None if named is None else CampaignTarget(named.campaign, named.member_status)
    return recorded_target(handover)


def with_target(handover: LeadHandOver, target: CampaignTarget | None) -> LeadHandOver:
    """Returns the hand-over with that target."""
    if target == handover.campaign.salesforce:
        return handover
    campaign = msgspec.structs.replace(handover.campaign, salesforce=target)
    return msgspec.structs.replace(handover, campaign=campaign)

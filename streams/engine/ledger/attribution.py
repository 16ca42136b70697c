"""Which campaign of ours a CRM's campaign stands for, by the definitions; what once stood for one always does."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from schemas.definitions import Definitions

_SUFFIX = "ABCDEFGHIJKLMNOPQRSTUVWXYZ012345"


class CrmCampaigns(msgspec.Struct, frozen=True, omit_defaults=True):
    """An account's campaigns by the CRM's ids, as of a release."""

    release: int = 0
    by_crm_id: dict[str, str] = {}

    def with_release(self, release: int, definitions: Definitions) -> CrmCampaigns:
        """With what a release says; a campaign that it does not have any more keeps its revenue."""
        named = {
            to_long_id(campaign.salesforce.campaign): campaign.id
            # The first of two campaigns that name the same one has it.
            for campaign in reversed(definitions.campaigns)
            if campaign.salesforce is not None
        }
        return CrmCampaigns(release, {**self.by_crm_id, **named})

    def campaign_for(self, crm_campaign: str | None, lead_campaign: str | None) -> str | None:
        """The campaign that an opportunity counts for: its own one, else that of the lead it came from."""
        if crm_campaign is None:
            return lead_campaign
        return self.by_crm_id.get(to_long_id(crm_campaign), lead_campaign)


def to_long_id(crm_id: str) -> str:
    """Salesforce ids have 15 characters or, with a suffix that follows from them, 18: always the longer form."""
    if len(crm_id) != 15:
        return crm_id
    return crm_id + "".join(_suffix(crm_id[start : start + 5]) for start in (0, 5, 10))


def _suffix(chunk: str) -> str:
    return _SUFFIX[sum(1 << place for place, letter in enumerate(chunk) if "A" <= letter <= "Z")]


NO_CRM_CAMPAIGNS = CrmCampaigns()


def account_campaigns(campaigns: Mapping[str, CrmCampaigns], account: str) -> CrmCampaigns:
    """An account's campaigns; none before its first release."""
    return campaigns.get(account, NO_CRM_CAMPAIGNS)

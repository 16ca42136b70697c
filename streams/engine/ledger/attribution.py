"""Maps the CRM's campaigns to ours by the definitions; a mapping stays when a later release does not have it."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from schemas.definitions import Definitions
from schemas.engine_versions import OLDEST_VERSION, EngineVersion

WHOLE_LEADS_VERSION: EngineVersion = 4
"""The version from which on a lead's outcome speaks for all its opportunities, and the ledger names what decided."""

_SUFFIX = "ABCDEFGHIJKLMNOPQRSTUVWXYZ012345"


class CrmCampaigns(msgspec.Struct, frozen=True, omit_defaults=True):
    """An account's campaigns as of a release; `by_crm_id` maps the CRM's id (18 characters) to our campaign's id."""

    release: int = 0
    by_crm_id: dict[str, str] = {}
    engine_version: EngineVersion = OLDEST_VERSION
    """The version that decides the release."""

    @property
    def speaks_for_leads(self) -> bool:
        """Whether an outcome speaks for all opportunities of a lead, and each output names what decided it."""
        return self.engine_version >= WHOLE_LEADS_VERSION

    def with_release(self, release: int, definitions: Definitions) -> CrmCampaigns:
        """Returns the mapping with a release added; a campaign that the release lacks keeps its revenue."""
        by_crm_id = {
            to_long_id(campaign.salesforce.campaign): campaign.id
            # Of two campaigns with the same CRM campaign the first counts.
            for campaign in reversed(definitions.campaigns)
            if campaign.salesforce is not None
        }
        return CrmCampaigns(release, {**self.by_crm_id, **by_crm_id}, definitions.engine_version)

    def campaign_for(self, crm_campaign: str | None, lead_campaign: str | None) -> str | None:
        """Returns the campaign that an opportunity counts for: its own, else that of the lead it came from."""
        if crm_campaign is None:
            return lead_campaign
        return self.by_crm_id.get(to_long_id(crm_campaign), lead_campaign)


def to_long_id(crm_id: str) -> str:
    """Returns the long form of a Salesforce id: 15 characters and a suffix of 3 that is computed from them."""
    if len(crm_id) != 15:
        return crm_id
    return crm_id + "".join(_suffix(crm_id[start : start + 5]) for start in (0, 5, 10))


def _suffix(chunk: str) -> str:
    return _SUFFIX[sum(1 << position for position, letter in enumerate(chunk) if "A" <= letter <= "Z")]


NO_CRM_CAMPAIGNS = CrmCampaigns()


def account_campaigns(campaigns: Mapping[str, CrmCampaigns], account: str) -> CrmCampaigns:
    """Returns an account's campaigns; none before its first release."""
    return campaigns.get(account, NO_CRM_CAMPAIGNS)

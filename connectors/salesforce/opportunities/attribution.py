"""Which account an opportunity belongs to: by its campaign, its Lead or a contact role."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date

from connectors.salesforce.opportunities.org_opportunity import LeadOrigin
from connectors.salesforce.record_id import is_long_record_id, long_record_id
from schemas.definitions import Definitions, Salesforce
from schemas.events.base import DEFAULT_ACCOUNT
from schemas.events.opportunities import OpportunityAttribution

_NO_MAPPING = Salesforce()


@dataclass(frozen=True, slots=True)
class AttributionRules:
    """What the definitions of an org's accounts say about its opportunities."""

    campaigns: Mapping[str, str] = field(default_factory=dict)
    """Id (18 characters) of a campaign in the org -> the account whose definition names it."""
    campaigns_of_accounts: Mapping[str, frozenset[str]] = field(default_factory=dict)
    """Account -> ids of its campaigns, ours."""
    role_accounts: frozenset[str] = frozenset()
    """The accounts with `attribution: contact_roles`."""
    since: Mapping[str, date] = field(default_factory=dict)
    """Account -> `opportunities: {since}`: the earliest creation date of what is read of the past."""

    @classmethod
    def from_releases(
        cls, releases: Iterable[tuple[str, Definitions]], is_of_org: Callable[[str], bool] = lambda _: True
    ) -> AttributionRules:
        """Returns the rules after these releases (account, definitions), in the order in which they were applied.

        Where several accounts name one campaign, the one that has named it longest owns it. A campaign that no
        account names any more stays with the last one that did: its revenue does.
        """
        latest: dict[str, Definitions] = {}
        owners: dict[str, list[str]] = {}
        former_owners: dict[str, str] = {}
        for account, definitions in releases:
            if not is_of_org(account):
                continue
            latest[account] = definitions
            named = _crm_campaigns(definitions)
            for crm_campaign, accounts in owners.items():
                if account in accounts and crm_campaign not in named:
                    accounts.remove(account)
                    former_owners[crm_campaign] = account
            for crm_campaign in named:
                accounts = owners.setdefault(crm_campaign, [])
                if account not in accounts:
                    accounts.append(account)
        mappings = {account: definitions.salesforce or _NO_MAPPING for account, definitions in latest.items()}
        return cls(
            campaigns={crm: accounts[0] if accounts else former_owners[crm] for crm, accounts in owners.items()},
            campaigns_of_accounts={
                account: frozenset(each.id for each in definitions.campaigns)
                for account, definitions in latest.items()
            },
            role_accounts=frozenset(name for name, each in mappings.items() if each.attribution == "contact_roles"),
            since={name: each.opportunities.since for name, each in mappings.items() if each.opportunities.since},
        )

    def owner(
        self, crm_campaign: str | None, lead: LeadOrigin | None, role: LeadOrigin | None
    ) -> tuple[str, OpportunityAttribution] | None:
        """Returns the account that owns an opportunity, and by what; None when it is no account's."""
        if crm_campaign is not None and (account := self.campaigns.get(long_record_id(crm_campaign))) is not None:
            return account, "campaign"
        if lead is not None:
            return lead.account, "lead"
        if role is not None and role.account in self.role_accounts:
            return role.account, "contact_role"
        return None

    def account_with_campaign(self, campaign: str) -> str | None:
        """Returns the only account, or the only one that has a campaign of ours with this id; None where none is."""
        known = self.campaigns_of_accounts or {DEFAULT_ACCOUNT: frozenset()}
        accounts = [account for account, ids in known.items() if campaign in ids or len(known) == 1]
        return accounts[0] if len(accounts) == 1 else None

    def campaigns_by_start(self) -> dict[date | None, list[str]]:
        """Returns the ids of the org's campaigns by the earliest creation date of the opportunities read of them."""
        groups: dict[date | None, list[str]] = {}
        for crm_campaign, account in sorted(self.campaigns.items()):
            groups.setdefault(self.since.get(account), []).append(crm_campaign)
        return groups


def _crm_campaigns(definitions: Definitions) -> set[str]:
    """Returns the ids that can be some: Salesforce refuses a whole query, of every account, for one that cannot."""
    named = {
        long_record_id(each.salesforce.campaign) for each in definitions.campaigns if each.salesforce is not None
    }
    return {each for each in named if is_long_record_id(each)}

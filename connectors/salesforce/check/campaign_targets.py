"""The Salesforce campaigns that definitions name: whether they are there, with their statuses, and one for each."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from connectors.salesforce.org.client import OrgClient, SalesforceRow
from connectors.salesforce.org.errors import SetupRefused
from schemas.definitions import Definitions


@dataclass(frozen=True, slots=True)
class TargetedCampaign:
    """A campaign of an account, and the Salesforce campaign that it names."""

    account: str
    campaign: str
    crm_id: str
    member_status: str | None

    @property
    def key(self) -> str:
        """The 15 characters that the id of 18 begins with."""
        return self.crm_id[:15]


def targeted_campaigns(accounts: Mapping[str, Definitions]) -> list[TargetedCampaign]:
    """The campaigns that name one of Salesforce, account by account."""
    return [
        TargetedCampaign(account, each.id, each.salesforce.campaign, each.salesforce.member_status)
        for account, definitions in accounts.items()
        for each in definitions.campaigns
        if each.salesforce is not None
    ]


def shared_target_problems(targets: list[TargetedCampaign]) -> Iterator[tuple[str, str]]:
    """Account and sentence for each Salesforce campaign that more than one campaign of the org names."""
    first: dict[str, TargetedCampaign] = {}
    for target in targets:
        other = first.setdefault(target.key, target)
        if other is not target:
            where = "" if other.account == target.account else f" of account {other.account}"
            yield (
                target.account,
                f"campaign {target.campaign}: the Salesforce campaign {target.crm_id} is that of campaign "
                f"{other.campaign}{where}, too: its revenue can count for one only",
            )


class CampaignCheck:
    """Looks the campaigns up in the org, all at once; `notes` are pairs of account and sentence."""

    def __init__(self, org: OrgClient) -> None:
        self.notes: list[tuple[str, str]] = []
        self._org = org

    def problems(self, targets: list[TargetedCampaign]) -> Iterator[tuple[str, str]]:
        """Account and sentence for each campaign that is not there, and each status that its campaign lacks."""
        sound = [target for target in targets if _is_record_id(target.crm_id)]
        for target in targets:
            if target not in sound:
                yield (
                    target.account,
                    f"campaign {target.campaign}: {target.crm_id!r} is no id of Salesforce (15 or 18)",
                )
        ids = sorted({target.crm_id for target in sound})
        rows = self._org.query_in_batches("SELECT Id, IsActive, IsDeleted FROM Campaign WHERE Id IN {}", ids)
        found = {str(row["Id"])[:15]: row for row in rows if not row["IsDeleted"]}
        statuses = self._statuses(sorted(found.values(), key=lambda row: str(row["Id"])))
        for target in sound:
            row = found.get(target.key)
            if row is None:
                yield (
                    target.account,
                    f"campaign {target.campaign}: there is no campaign {target.crm_id} in Salesforce",
                )
                continue
            if not row["IsActive"]:
                self.notes.append((target.account, f"campaign {target.campaign}: {target.crm_id} is not active"))
            if target.member_status is not None and statuses is not None:
                labels = statuses.get(target.key, [])
                if target.member_status not in labels:
                    yield (
                        target.account,
                        f"campaign {target.campaign}: {target.crm_id} has no member status "
                        f"{target.member_status!r} - one of: {', '.join(labels) or 'none'}",
                    )

    def _statuses(self, rows: list[SalesforceRow]) -> dict[str, list[str]] | None:
        """The labels of each campaign's member statuses; None where the user may not read them: told as access."""
        soql = "SELECT CampaignId, Label FROM CampaignMemberStatus WHERE CampaignId IN {}"
        try:
            found = self._org.query_in_batches(soql, [str(row["Id"]) for row in rows])
        except SetupRefused:
            return None
        labels: dict[str, list[str]] = {}
        for row in found:
            if not row.get("IsDeleted"):
                labels.setdefault(str(row["CampaignId"])[:15], []).append(str(row["Label"]))
        return labels


def _is_record_id(text: str) -> bool:
    """Whether a text can be the id of a record; Salesforce refuses a whole query for one that cannot."""
    return len(text) in (15, 18) and text.isascii() and text.isalnum()

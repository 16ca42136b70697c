"""Member statuses are read once in ten minutes, and sooner where one is missing."""

from __future__ import annotations

from typing import Any, cast

from connectors.salesforce.handover.handover_records import CampaignTarget
from connectors.salesforce.handover.memberships import CampaignMembers, MemberRequest
from connectors.salesforce.handover.writer import CollectionWriter
from connectors.salesforce.org.client import OrgClient

CAMPAIGN = "7015A000000SPR1QAO"


class StatusOrg:
    """An org of which only member statuses are read."""

    def __init__(self) -> None:
        self.labels = ["Sent"]
        self.query_count = 0

    def query_in_batches(self, soql: str, values: list[str]) -> list[dict[str, Any]]:
        assert "FROM CampaignMemberStatus" in soql
        self.query_count += len(values)
        return [{"CampaignId": CAMPAIGN, "Label": label, "HasResponded": False} for label in self.labels if values]


class AcceptingWriter:
    def create(self, sobject: str, records: list[Any]) -> list[str]:
        return [f"{sobject}-{number}" for number in range(len(records))]

    def update(self, records: list[Any]) -> list[str]:
        return ["" for _ in records]


def test_statuses_are_read_again_after_ten_minutes_and_a_missing_one_after_half_a_minute() -> None:
    org, now = StatusOrg(), [0.0]
    members = CampaignMembers(cast("OrgClient", org), cast("CollectionWriter", AcceptingWriter()), lambda: now[0])

    def ask(status: str | None) -> str | None:
        [outcome] = members.write([MemberRequest(CampaignTarget(CAMPAIGN, status), "Lead", "00Q5A0000000001AAA")])
        return outcome.problem[0] if outcome.problem is not None else None

    assert (ask(None), org.query_count) == (None, 0)
    assert (ask("sent"), ask("Sent"), org.query_count) == (None, None, 1)
    assert (ask("Attended"), org.query_count) == ("member_status_unknown", 1)
    org.labels.append("Attended")
    now[0] = 31.0
    assert (ask("Attended"), org.query_count) == (None, 2)
    now[0] = 632.0
    assert (ask("Attended"), org.query_count) == (None, 3)

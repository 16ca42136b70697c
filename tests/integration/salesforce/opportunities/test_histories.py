"""Random histories in the stand-in org: in the end accounts know what the rows of the org say, whatever came between.

The expectation is computed from the rows of the org alone, by the rules of attribution as they are written down.
"""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any

import pytest

from connectors.salesforce.external_id import external_id, parse_external_id
from connectors.salesforce.handover.field_rules import value_digest
from connectors.salesforce.opportunities import queries
from connectors.salesforce.org.client import OrgClient
from connectors.salesforce.org.errors import TransientFailure
from tests.harness.salesforce.releases import PolledOrg
from tests.harness.salesforce.sandbox import AUTUMN, SPRING, SandboxClient

ACCOUNTS = ("default", "acme", "beta")
CAMPAIGNS = (SPRING, AUTUMN, None)
OUR_CAMPAIGNS = ("ours", "ours-too")
SALE = {"Name": "x", "StageName": "Prospecting", "CloseDate": "2026-09-01"}
STEPS = 80

Contributions = dict[str, tuple[Any, ...]]
"""Opportunity -> account, what it counts for, contact, outcome, amount."""


class OrgHistory:
    """Acts as people in the org, and as an operator; `mapped` has the account of each campaign."""

    def __init__(self, sandbox: SandboxClient, org: PolledOrg, seed: int) -> None:
        self.sandbox = sandbox
        self.org = org
        self.random = random.Random(seed)
        self.mapped: dict[str, str] = {}
        self.role_accounts: set[str] = set()
        self.opportunities: list[str] = []
        self.leads: list[str] = []
        self.contacts: list[str] = []
        self.roles: list[str] = []
        self.number = 0
        self.has_merged_contacts = False

    def step(self) -> None:
        """Does one thing at random."""
        acts: list[Callable[[], None]] = [
            self.add_sale,
            self.edit_sale,
            self.edit_sale,
            self.move_sale,
            self.close_sale,
            self.delete_or_undelete,
            *[self.add_lead] * 4,
            self.merge_lead,
            self.merge_contact,
            self.convert_lead,
            self.convert_lead,
            self.add_role,
            self.change_role,
            self.hand_over_again,
            self.apply_release,
            self.advance_clock,
        ]
        self.random.choice(acts)()

    def add_sale(self) -> None:
        amount = self.random.choice([None, round(self.random.uniform(0, 1e6), 2)])
        campaign = self.random.choice(CAMPAIGNS)
        row = self.sandbox.post("record", type="Opportunity", Amount=amount, CampaignId=campaign, **SALE)
        self.opportunities.append(row["Id"])

    def edit_sale(self) -> None:
        if live := self.live_sales():
            amount = round(self.random.uniform(0, 1e6), 2)
            self.sandbox.post("opportunity", id=self.random.choice(live), Amount=amount)

    def move_sale(self) -> None:
        if live := self.live_sales():
            campaign = self.random.choice(CAMPAIGNS)
            self.sandbox.post("opportunity", id=self.random.choice(live), CampaignId=campaign)

    def close_sale(self) -> None:
        if live := self.live_sales():
            self.sandbox.post(self.random.choice(["win", "lose", "reopen"]), opportunity=self.random.choice(live))

    def delete_or_undelete(self) -> None:
        if self.opportunities:
            opportunity = self.random.choice(self.opportunities)
            act = "delete" if opportunity in self.live_sales() else "undelete"
            self.sandbox.post(act, type="Opportunity", id=opportunity)

    def add_lead(self) -> None:
        self.number += 1
        kind, ids = self.random.choice([("Lead", self.leads), ("Contact", self.contacts)])
        company = {"Company": "Engines"} if kind == "Lead" else {}
        row = self.sandbox.post(
            "record",
            type=kind,
            LastName="x",
            Leadstream_Id__c=external_id(self.random.choice(ACCOUNTS), f"c{self.number}"),
            Leadstream_Number__c=f"0/{self.number}/0",
            Leadstream_Campaign__c=self.random.choice(OUR_CAMPAIGNS),
            **company,
        )
        ids.append(row["Id"])

    def update_lead(self, lead: str) -> None:
        """Writes an update to a Lead: it has the update's number from then on, and keeps that of its hand-over."""
        self.number += 1
        number = f"0/{self.number}/0"
        [row] = [each for each in self.sandbox.live_records("Lead") if each["Id"] == lead]
        if row["Leadstream_Id__c"] is None:
            return  # another Lead survived ours
        digests = {"Leadstream_Number__c": value_digest(number), "@handed_over": _handed_over(row)}
        written = {"Leadstream_Number__c": number, "Leadstream_Written__c": json.dumps(digests)}
        self.sandbox.post("edit", type="Lead", id=lead, **written)

    def merge_lead(self) -> None:
        """Merges a Lead into one that a person made; that one may be merged and converted like any other."""
        if self.leads:
            survivor = self.sandbox.post("record", type="Lead", LastName="x", Company="Engines")["Id"]
            loser = self.leads.pop(self.random.randrange(len(self.leads)))
            self.sandbox.post("merge", type="Lead", master=survivor, losers=[loser])
            self.leads.append(survivor)

    def merge_contact(self) -> None:
        """Merges a Contact into one that a person made; that one may get further roles, and be merged again."""
        if self.contacts:
            survivor = self.sandbox.post("record", type="Contact", LastName="x")["Id"]
            loser = self.contacts.pop(self.random.randrange(len(self.contacts)))
            self.sandbox.post("merge", type="Contact", master=survivor, losers=[loser])
            self.contacts.append(survivor)
            self.has_merged_contacts = True

    def convert_lead(self) -> None:
        if not self.leads:
            return
        lead = self.leads.pop(self.random.randrange(len(self.leads)))
        live = self.live_sales()
        into = {"opportunity_id": self.random.choice(live)} if live and self.random.random() < 0.6 else {}
        opportunity = self.sandbox.post("convert", lead=lead, **into)["opportunity"]
        if opportunity not in self.opportunities:
            self.opportunities.append(opportunity)
        if self.leads and self.random.random() < 0.5:
            other = self.leads.pop(self.random.randrange(len(self.leads)))
            self.update_lead(other)
            self.sandbox.post("convert", lead=other, opportunity_id=opportunity)

    def add_role(self) -> None:
        if self.contacts and (live := self.live_sales()):
            pair = {"opportunity": self.random.choice(live), "contact": self.random.choice(self.contacts)}
            self.roles.append(self.sandbox.post("contact_role", primary=self.random.random() < 0.3, **pair)["Id"])

    def change_role(self) -> None:
        live = {row["Id"] for row in self.sandbox.live_records("OpportunityContactRole")}
        if roles := [each for each in self.roles if each in live]:
            role = self.random.choice(roles)
            if self.random.random() < 0.5:
                self.sandbox.post("delete", type="OpportunityContactRole", id=role)
            else:
                primary = self.random.random() < 0.5
                self.sandbox.post("edit", type="OpportunityContactRole", id=role, IsPrimary=primary)

    def hand_over_again(self) -> None:
        """Hands a Contact with a sale over for another campaign, then for its own again: neither moves a sale."""
        if not self.contacts:
            return
        contact = self.random.choice(self.contacts)
        sale = self.sandbox.post("record", type="Opportunity", **SALE)["Id"]
        self.opportunities.append(sale)
        self.sandbox.post("contact_role", opportunity=sale, contact=contact)
        self.settle()
        known = self.known()
        [row] = [each for each in self.sandbox.get("records/Contact") if each["Id"] == contact]
        for campaign in ("later", row["Leadstream_Campaign__c"]):
            self.sandbox.post("edit", type="Contact", id=contact, Leadstream_Campaign__c=campaign)
            self.org.restart()
            poll_until_answered(self.org, settled=True)
            assert self.known() == known

    def settle(self) -> None:
        """Polls until all is seen: what a merged Contact gets anew, at a look at everything."""
        if self.has_merged_contacts:
            self.org.restart()
            self.has_merged_contacts = False
        poll_until_answered(self.org, settled=True)

    def apply_release(self) -> None:
        account = self.random.choice(ACCOUNTS)
        free = [each for each in (SPRING, AUTUMN) if self.mapped.get(each) in (None, account)]
        named = [each for each in free if self.random.random() < 0.7]
        self.mapped.update(dict.fromkeys(named, account))
        by_role = self.random.random() < 0.5
        (self.role_accounts.add if by_role else self.role_accounts.discard)(account)
        mapping = {"attribution": "contact_roles"} if by_role else {}
        # What a release names no more stays its account's, as long as no other names it: `mapped` forgets nothing.
        self.org.apply(account, {f"x{number}": each for number, each in enumerate(named)}, **mapping)

    def advance_clock(self) -> None:
        self.sandbox.post("clock", advance=self.random.choice([1, 60, 3_600]))

    def live_sales(self) -> list[str]:
        live = {row["Id"] for row in self.sandbox.live_records("Opportunity")}
        return [each for each in self.opportunities if each in live]

    # --- what must be known ---

    def expected(self) -> Contributions:
        """What each opportunity that is not deleted counts for, by the rows of the org."""
        rows = {row["Id"]: row for row in self.sandbox.get("records/Lead")}
        leads = [
            {**row, "ConvertedOpportunityId": _survivor(row, rows)["ConvertedOpportunityId"]}
            for row in rows.values()
            if row["Leadstream_Id__c"]
        ]
        contacts = {row["Id"]: row for row in self.sandbox.get("records/Contact")}
        contacts |= {_survivor(row, contacts)["Id"]: row for row in contacts.values() if row["Leadstream_Id__c"]}
        roles = [row for row in self.sandbox.get("records/OpportunityContactRole") if not row["IsDeleted"]]
        result: Contributions = {}
        for row in self.sandbox.get("records/Opportunity"):
            if row["IsDeleted"]:
                continue
            converted = [each for each in leads if each["ConvertedOpportunityId"] == row["Id"]]
            lead = max(converted, key=lambda each: int(_handed_over(each).split("/")[1]), default=None)
            contribution = self._contribution(row, lead, self._role(row["Id"], roles, contacts))
            if contribution is not None:
                result[row["Id"]] = contribution
        return result

    def _contribution(
        self, row: Mapping[str, Any], lead: Mapping[str, Any] | None, role: Mapping[str, Any] | None
    ) -> tuple[Any, ...] | None:
        by_lead = _owner(lead)
        account, counts_for, contact = self.mapped.get(row["CampaignId"]), row["CampaignId"], None
        if account is not None:
            contact = by_lead[1] if by_lead and by_lead[0] == account else None
        elif by_lead is not None:
            (account, contact), counts_for = by_lead, lead and lead["Leadstream_Campaign__c"]
        elif (by_role := _owner(role)) is not None:
            (account, contact), counts_for = by_role, role and role["Leadstream_Campaign__c"]
        else:
            return None
        outcome = "won" if row["IsWon"] else "lost" if row["IsClosed"] else "open"
        amount = None if row["Amount"] is None else Decimal(str(row["Amount"])).normalize()
        return account, counts_for, contact, outcome, amount

    def _role(
        self, opportunity: str, roles: list[dict[str, Any]], contacts: Mapping[str, dict[str, Any]]
    ) -> Mapping[str, Any] | None:
        candidates = []
        for role in roles:
            contact = contacts[role["ContactId"]]
            owner = _owner(contact)
            if role["OpportunityId"] == opportunity and owner is not None and owner[0] in self.role_accounts:
                candidates.append((not role["IsPrimary"], role["CreatedDate"], role["Id"], contact))
        return min(candidates, key=lambda each: each[:3])[3] if candidates else None

    def known(self) -> Contributions:
        """What the accounts' ledgers make of the events so far; an opportunity that two count is a fault."""
        result: Contributions = {}
        for account, opportunities in self.org.state_of_accounts.items():
            for opportunity, event in opportunities.items():
                is_mapped = self.mapped.get(event.get("crm_campaign")) == account
                counts_for = event.get("crm_campaign") if is_mapped else event.get("campaign")
                if event["deleted"] or counts_for is None:
                    continue
                assert opportunity not in result, f"{opportunity} counts twice"
                outcome = "won" if event["won"] else "lost" if event["closed"] else "open"
                amount = None if event.get("amount") is None else Decimal(event["amount"]).normalize()
                result[opportunity] = (account, counts_for, event.get("contact"), outcome, amount)
        return result


def _survivor(row: dict[str, Any], rows: Mapping[str, dict[str, Any]]) -> dict[str, Any]:
    return _survivor(rows[row["MasterRecordId"]], rows) if row["MasterRecordId"] else row


def _handed_over(lead: Mapping[str, Any]) -> str:
    digests = json.loads(lead["Leadstream_Written__c"] or "{}")
    return str(digests.get("@handed_over", lead["Leadstream_Number__c"]))


def _owner(row: Mapping[str, Any] | None) -> tuple[str, str] | None:
    return None if row is None else parse_external_id(row["Leadstream_Id__c"] or "")


@pytest.mark.parametrize("probe_rows", [500, 3], ids=["calm", "busy"])
@pytest.mark.parametrize("seed", range(6))
def test_what_accounts_know_in_the_end_is_what_the_org_says(
    sandbox: SandboxClient, client: OrgClient, monkeypatch: pytest.MonkeyPatch, seed: int, probe_rows: int
) -> None:
    monkeypatch.setattr(queries, "PROBE_ROWS", probe_rows)
    history = OrgHistory(sandbox, PolledOrg(client), seed)
    history.apply_release()
    for step in range(STEPS):
        history.step()
        if history.random.random() < 0.1:
            sandbox.add_fault(history.random.choice(["html_503", "drop", "truncated"]), path="queryAll")
        if history.random.random() < 0.4:
            poll_until_answered(history.org)
        if history.random.random() < 0.05:
            history.org.restart()
        if step % 20 == 19:
            history.settle()
            assert history.known() == history.expected()
    events = len(history.org.events)
    assert events > 5
    poll_until_answered(history.org, settled=True)
    assert len(history.org.events) == events


def poll_until_answered(org: PolledOrg, *, settled: bool = False) -> None:
    """Polls; what fails is repeated, as the loop does."""
    for _ in range(10 if settled else 1):
        for _ in range(5):
            try:
                org.ask()
                break
            except TransientFailure:
                continue

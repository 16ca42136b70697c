"""The ledger against the org: each opportunity, and the org's own sums."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import Any

import msgspec
import pytest

from connectors.salesforce.opportunities.campaign_sums import CampaignSums
from connectors.salesforce.opportunities.queries import OpportunityQueries
from connectors.salesforce.opportunities.reconciliation import OpportunityDifference, ask_org, find_differences
from connectors.salesforce.org.client import OrgClient
from schemas.events.opportunities import OpportunityChanged
from schemas.values import instant_ms
from streams.store.ledger_rows import LedgerRow
from tests.harness.salesforce.releases import PolledOrg
from tests.harness.salesforce.sandbox import AUTUMN, SPRING, SandboxClient

_Rows = dict[tuple[str, str], LedgerRow]


@pytest.fixture
def org(client: OrgClient) -> PolledOrg:
    org = PolledOrg(client)
    org.apply("default", {"spring": SPRING})
    org.apply("acme", {"fair": AUTUMN})
    return org


def add_sale(sandbox: SandboxClient, **fields: Any) -> str:
    given = {"Name": "x", "StageName": "Prospecting", "CloseDate": "2026-09-01", "CampaignId": SPRING}
    return str(sandbox.post("record", type="Opportunity", **{**given, "Amount": 1000.1, **fields})["Id"])


def one_of(differences: list[OpportunityDifference]) -> OpportunityDifference:
    """The only difference; fails where there is none or another one."""
    assert len(differences) == 1, differences
    return differences[0]


def ledger_of(org: PolledOrg) -> _Rows:
    """The ledger after all events of a poll, from nothing."""
    events = PolledOrg(org.poll._queries._org)
    events.releases = org.releases
    rows: _Rows = {}
    for event in events.ask():
        kind = "deleted" if event["deleted"] else "won" if event["won"] else "lost" if event["closed"] else "open"
        row = LedgerRow(
            event["account"],
            event["opportunity"],
            1_790_000_000_000,
            kind,
            event["currency"],
            7,
            event.get("amount"),
            event.get("crm_campaign"),
            event.get("campaign"),
            event.get("contact"),
        )
        rows[row.account, row.id] = row
    return rows


def with_row(rows: _Rows, opportunity: str, **changes: Any) -> _Rows:
    """The rows with one of `default` changed."""
    key = ("default", opportunity)
    return {**rows, key: msgspec.structs.replace(rows[key], **changes)}


def differences_of(org: PolledOrg, rows: _Rows, account: str | None = None) -> list[OpportunityDifference]:
    differences = find_differences(ask_org(org.poll, rows), rows, account)
    for each in differences:
        for event in each.mends:
            change = OpportunityChanged.model_validate_json(msgspec.json.encode(event))
            row = rows.get((event["account"], each.opportunity))
            is_newer = row is None or (instant_ms(event["modified"]), change.version) > (row.modified, row.version)
            assert is_newer, "the ledger passes an older state over"
    return differences


def test_a_ledger_that_is_right_has_no_difference(org: PolledOrg, sandbox: SandboxClient) -> None:
    sandbox.post("win", opportunity=add_sale(sandbox))
    sandbox.post("delete", type="Opportunity", id=add_sale(sandbox))
    add_sale(sandbox, CampaignId=AUTUMN)
    assert differences_of(org, ledger_of(org)) == []


def test_an_opportunity_that_the_ledger_missed(org: PolledOrg, sandbox: SandboxClient) -> None:
    rows = ledger_of(org)
    opportunity = add_sale(sandbox)
    difference = one_of(differences_of(org, rows))
    assert (difference.opportunity, difference.kind, difference.ledger) == (opportunity, "missed", None)
    assert difference.org is not None
    assert (difference.org["outcome"], difference.org["amount"]) == ("open", "1000.1")
    [mend] = difference.mends
    assert (mend["account"], mend["amount"], mend["crm"]) == ("default", "1000.1", "salesforce")


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"amount": "1000"}, "amount"),
        ({"outcome": "won"}, "outcome"),
        ({"outcome": "deleted"}, "outcome"),
        ({"currency": "USD"}, "currency"),
        ({"crm_campaign": AUTUMN}, "crm_campaign"),
    ],
)
def test_a_row_that_says_something_else(
    org: PolledOrg, sandbox: SandboxClient, changes: dict[str, Any], field: str
) -> None:
    opportunity = add_sale(sandbox)
    rows = with_row(ledger_of(org), opportunity, **changes)
    difference = one_of(differences_of(org, rows))
    assert (difference.kind, list(difference.ledger or {})) == ("differs", [field])
    assert difference.mends[0]["version"] > 7


def test_a_contact_that_is_not_that_of_the_converted_lead(org: PolledOrg, sandbox: SandboxClient) -> None:
    key = {"Leadstream_Id__c": "default/ada", "Leadstream_Number__c": "0/1/0"}
    lead = sandbox.post("record", type="Lead", LastName="Ada", Company="Engines", **key)["Id"]
    opportunity = sandbox.post("convert", lead=lead)["opportunity"]
    rows = with_row(ledger_of(org), opportunity, contact="bob")
    difference = one_of(differences_of(org, rows))
    assert (difference.ledger, difference.org) == ({"contact": "bob"}, {"contact": "ada"})


def test_a_contact_whose_lead_is_gone_from_the_org_is_kept(org: PolledOrg, sandbox: SandboxClient) -> None:
    opportunity = add_sale(sandbox)
    assert differences_of(org, with_row(ledger_of(org), opportunity, contact="ada")) == []


def test_an_opportunity_that_is_deleted_for_good(org: PolledOrg, sandbox: SandboxClient) -> None:
    opportunity = add_sale(sandbox)
    rows = ledger_of(org)
    sandbox.post("delete", type="Opportunity", id=opportunity)
    sandbox.post("purge", type="Opportunity", id=opportunity)
    difference = one_of(differences_of(org, rows))
    assert (difference.opportunity, difference.kind, difference.org) == (opportunity, "gone", None)
    assert [event["deleted"] for event in difference.mends] == [True]


def test_an_opportunity_that_was_deleted_for_good_long_ago_or_is_hidden(
    org: PolledOrg, sandbox: SandboxClient
) -> None:
    hidden, purged = add_sale(sandbox), add_sale(sandbox)
    rows = ledger_of(org)
    sandbox.post("delete", type="Opportunity", id=purged)
    sandbox.post("purge", type="Opportunity", id=purged)
    sandbox.post("clock", advance=40 * 86_400)
    sandbox.post("restrict", id=hidden, access="none")
    assert {each.opportunity: each.kind for each in differences_of(org, rows)} == {hidden: "unseen", purged: "unseen"}


@pytest.mark.parametrize("account", ["default", "acme"])
def test_an_opportunity_that_was_taken_for_deleted_and_is_shown_again(
    org: PolledOrg, sandbox: SandboxClient, account: str
) -> None:
    opportunity = add_sale(sandbox)
    rows = ledger_of(org)
    later = instant_ms("2099-01-01T00:00:00Z")  # the deletion has the instant at which it was written, not the org's
    row = msgspec.structs.replace(rows.pop(("default", opportunity)), account=account, modified=later)
    rows[account, opportunity] = row if account == "acme" else msgspec.structs.replace(row, outcome="deleted")
    difference = one_of(differences_of(org, rows))
    assert difference.kind == ("other_account" if account == "acme" else "differs")
    assert all(instant_ms(str(event["modified"])) >= later for event in difference.mends)


def test_a_poll_tells_again_what_was_taken_for_deleted_and_is_shown_again(
    org: PolledOrg, sandbox: SandboxClient
) -> None:
    opportunity = add_sale(sandbox)
    rows = ledger_of(org)
    org.ask()
    sandbox.post("clock", advance=86_400)
    sandbox.post("restrict", id=opportunity, access="none")
    difference = one_of(differences_of(org, rows))
    org.events.extend(difference.mends)
    sandbox.post("restrict", id=opportunity, access="edit")
    org.restart()
    event = org.ask_for_one()
    [deletion] = difference.mends
    assert (event["deleted"], event["modified"]) == (False, deletion["modified"])
    assert event["version"] > deletion["version"]
    assert org.ask() == []


def test_an_opportunity_that_stands_under_another_account(org: PolledOrg, sandbox: SandboxClient) -> None:
    opportunity = add_sale(sandbox)
    rows = ledger_of(org)
    row = rows.pop(("default", opportunity))
    rows["acme", opportunity] = msgspec.structs.replace(row, account="acme")
    difference = one_of(differences_of(org, rows))
    assert (difference.account, difference.kind) == ("default", "other_account")
    assert len(difference.mends) == 2
    released, owned = difference.mends
    assert (released["account"], released["released"]) == ("acme", True)
    assert (owned["account"], owned.get("released")) == ("default", None)


def test_an_opportunity_that_two_accounts_count(org: PolledOrg, sandbox: SandboxClient) -> None:
    opportunity = add_sale(sandbox)
    rows = ledger_of(org)
    twin = msgspec.structs.replace(rows["default", opportunity], account="acme")
    difference = one_of(differences_of(org, {**rows, ("acme", opportunity): twin}))
    assert (difference.account, difference.kind) == ("acme", "counted_twice")
    assert [(event["account"], event["released"]) for event in difference.mends] == [("acme", True)]
    released = msgspec.structs.replace(twin, outcome="deleted")
    assert differences_of(org, {**rows, ("acme", opportunity): released}) == []


def test_one_account_alone_is_compared_where_it_is_named(org: PolledOrg, sandbox: SandboxClient) -> None:
    rows = ledger_of(org)
    add_sale(sandbox)
    fair = add_sale(sandbox, CampaignId=AUTUMN)
    assert [each.opportunity for each in differences_of(org, rows, "acme")] == [fair]


def test_the_repair_of_one_account_leaves_what_a_poll_has_to_ask_of_another(
    client: OrgClient, sandbox: SandboxClient
) -> None:
    org = PolledOrg(client)
    org.apply("default", {"spring": SPRING})
    org.apply("acme", {"fair": AUTUMN}, opportunities={"since": "2026-02-01"})
    sandbox.post("clock", at="2026-01-15T12:00:00+00:00")
    fair = add_sale(sandbox, CampaignId=AUTUMN)
    sandbox.post("clock", at="2026-02-20T12:00:00+00:00")
    spring = add_sale(sandbox)
    polled = org.ask_for_one()
    rows = with_row(ledger_of(org), spring, version=polled["version"])
    sandbox.post("clock", at="2026-03-01T12:00:00+00:00")
    sandbox.post("opportunity", id=fair, Amount=3)
    missed = add_sale(sandbox)
    sandbox.post("clock", at="2026-03-01T15:00:00+00:00")
    difference = one_of(differences_of(org, rows, "default"))
    assert (difference.opportunity, difference.kind) == (missed, "missed")
    org.events.extend(difference.mends)
    org.restart()
    assert [(each["account"], each["opportunity"]) for each in org.ask()] == [("acme", fair)]


def test_opportunities_of_other_crms_are_let_alone(org: PolledOrg) -> None:
    row = LedgerRow("default", "deal-17", 1, "won", "EUR", amount="9")
    assert differences_of(org, {("default", "deal-17"): row}) == []


def sums_of(org: PolledOrg, client: OrgClient) -> CampaignSums:
    return CampaignSums(OpportunityQueries(client), org.poll._rules(), "EUR")


def test_the_sums_of_the_org_are_those_of_the_ledger_to_the_cent(
    org: PolledOrg, sandbox: SandboxClient, client: OrgClient
) -> None:
    for number in range(30):
        opportunity = add_sale(sandbox, Amount=0.1 + number, CampaignId=SPRING if number % 3 else AUTUMN)
        if number % 2:
            sandbox.post("win" if number % 4 == 1 else "lose", opportunity=opportunity)
    sandbox.post("delete", type="Opportunity", id=add_sale(sandbox))
    add_sale(sandbox, Amount=None)
    rows = ledger_of(org)
    sums = sums_of(org, client)
    of_org = sums.ask_org()
    assert set(of_org) == {(crm, "EUR", kind) for crm in (SPRING, AUTUMN) for kind in ("won", "lost", "open")}
    assert sums.find_differences(of_org, rows.values(), set()) == []
    first = next(iter(of_org))
    wrong = {**of_org, first: replace(of_org[first], amount=of_org[first].amount + Decimal("0.01"))}
    [difference] = sums.find_differences(wrong, rows.values(), set())
    assert (difference.crm_campaign, difference.currency, difference.kind) == first
    assert difference.to_dict()["account"] in ("default", "acme")


def test_sums_leave_out_what_is_older_than_an_account_looks_back_to(
    client: OrgClient, sandbox: SandboxClient
) -> None:
    org = PolledOrg(client)
    org.apply("default", {"spring": SPRING})
    sandbox.post("clock", at="2026-01-10T12:00:00+00:00")
    add_sale(sandbox)
    sandbox.post("clock", at="2026-03-10T12:00:00+00:00")
    add_sale(sandbox)
    rows = ledger_of(org)
    org.apply("default", {"spring": SPRING}, opportunities={"since": "2026-02-01"})
    sums = sums_of(org, client)
    of_org = sums.ask_org()
    assert [each.count for each in of_org.values()] == [1]
    left_out = sums.left_out(rows.values())
    assert len(left_out) == 1
    assert sums.find_differences(of_org, rows.values(), left_out) == []


def test_what_is_older_than_an_account_looks_back_to_is_not_missed(client: OrgClient, sandbox: SandboxClient) -> None:
    org = PolledOrg(client)
    org.apply("default", {"spring": SPRING}, opportunities={"since": "2026-02-01"})
    sandbox.post("clock", at="2026-01-15T12:00:00+00:00")
    older = add_sale(sandbox)
    sandbox.post("clock", at="2026-02-10T12:00:00+00:00")
    opportunity = add_sale(sandbox)
    sandbox.post("clock", at="2026-02-20T12:00:00+00:00")
    sandbox.post("opportunity", id=older, Amount=3)
    sandbox.post("clock", at="2026-03-01T12:00:00+00:00")
    event = org.ask_for_one()
    stamp = instant_ms("2026-02-10T12:00:00Z")
    rows = with_row(ledger_of(org), opportunity, modified=stamp, version=event["version"])
    assert differences_of(org, rows) == []


def test_in_an_org_with_several_currencies_each_is_added_up_for_itself(
    org: PolledOrg, sandbox: SandboxClient, client: OrgClient
) -> None:
    sandbox.post("currencies", corporate="EUR", rates={"USD": 1.25})
    dollars = add_sale(sandbox, Amount=200.2, CurrencyIsoCode="USD")
    add_sale(sandbox, Amount=0.1)
    add_sale(sandbox, Amount=0.2)
    rows = ledger_of(org)
    assert rows["default", dollars].currency == "USD"
    sums = sums_of(org, client)
    of_org = sums.ask_org()
    assert {key[1]: (each.count, each.amount) for key, each in of_org.items()} == {
        "EUR": (2, Decimal("0.3")),
        "USD": (1, Decimal("200.2")),
    }
    assert sums.find_differences(of_org, rows.values(), set()) == []
    assert differences_of(org, rows) == []
    sandbox.post("opportunity", id=dollars, CurrencyIsoCode="EUR")
    difference = one_of(differences_of(org, rows))
    assert (difference.ledger, difference.org) == ({"currency": "USD"}, {"currency": "EUR"})

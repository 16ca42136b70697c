"""Of several Leads that became one opportunity, the one with the last hand-over counts; rows as they are kept."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from connectors.salesforce.opportunities.attribution import AttributionRules
from connectors.salesforce.opportunities.org_opportunity import LeadOrigin
from connectors.salesforce.opportunities.survey import RowReader, amount_text, latest_handed_over, to_rfc3339
from connectors.salesforce.org.connection import Connection


def lead(name: str, number: str | None, converted: str = "2026-03-01") -> LeadOrigin:
    return LeadOrigin("default", f"00Q{name}", name, "spring", number, converted)


def test_within_a_partition_the_higher_number_is_the_later_hand_over() -> None:
    leads = [lead("a", "3/900/0"), lead("b", "3/1000/0"), lead("c", "3/1000/1")]
    for order in (leads, leads[::-1]):
        assert latest_handed_over(order, lambda _: None) == leads[2]


def test_across_partitions_the_instants_of_the_hand_overs_count() -> None:
    times = {"1/5/0": 2_000, "0/90/0": 1_000}
    leads = [lead("a", "1/5/0"), lead("b", "0/90/0")]
    for order in (leads, leads[::-1]):
        assert latest_handed_over(order, times.get) == leads[0]


def test_where_no_instants_are_known_the_later_conversion_counts() -> None:
    leads = [lead("a", "1/5/0", "2026-03-02"), lead("b", "0/90/0", "2026-03-01")]
    for order in (leads, leads[::-1]):
        assert latest_handed_over(order, lambda _: None) == leads[0]


def test_a_lead_without_a_number_is_the_earlier_one() -> None:
    leads = [lead("a", "1/5/0", "2026-03-01"), lead("b", None, "2026-03-09"), lead("c", "typed", "2026-03-09")]
    leads.append(lead("d", "1/5²/0", "2026-03-09"))
    assert latest_handed_over(leads, lambda _: None) == leads[0]
    assert latest_handed_over([], lambda _: None) is None


def reader(**more: Any) -> RowReader:
    connection = Connection("acme.my", "id", "secret")
    return RowReader(connection, "EUR", more.get("is_of_org", lambda _: True))


def role(record: str, key: str | None, *, primary: bool = False, created: str = "2026-01-01") -> dict[str, Any]:
    contact = None if key is None else {"Leadstream_Id__c": key, "Leadstream_Campaign__c": "spring"}
    return {
        "Id": f"00K{record}",
        "ContactId": f"003{record}",
        "IsPrimary": primary,
        "CreatedDate": created,
        "Contact": contact,
    }


def test_of_contact_roles_the_primary_one_counts_else_the_oldest() -> None:
    rules = AttributionRules(role_accounts=frozenset({"acme"}))
    older = role("1", "acme/ada", created="2026-01-01")
    newer = role("2", "acme/bob", created="2026-02-01")
    primary = role("3", "acme/cid", primary=True, created="2026-03-01")

    def contact_of(*rows: dict[str, Any]) -> str | None:
        origin = reader().primary_role(rows, rules)
        return None if origin is None else origin.contact

    assert contact_of(newer, primary, older) == "cid"
    assert contact_of(newer, older) == "ada"
    assert contact_of(role("4", "default/dan", primary=True), newer) == "bob"
    assert contact_of(role("5", None, primary=True)) is None


def test_a_key_that_is_a_digest_tells_its_account_by_its_campaign() -> None:
    rules = AttributionRules(campaigns_of_accounts={"acme": frozenset({"spring"})})
    row = {"Id": "00Q1", "Leadstream_Id__c": "~" + "0" * 64, "Leadstream_Campaign__c": "spring"}
    origin = reader().lead(row, rules)
    assert origin is not None
    assert (origin.account, origin.contact, origin.campaign) == ("acme", None, "spring")


@pytest.mark.parametrize("key", ["", "somebody's own key", "acme/", "/ada", "of%20others/17", "acme/a%00b"])
def test_a_lead_with_another_key_is_not_ours(key: str) -> None:
    assert reader().lead({"Id": "00Q1", "Leadstream_Id__c": key}, AttributionRules()) is None


def test_a_campaign_that_somebody_typed_is_none() -> None:
    row = {"Id": "00Q1", "Leadstream_Id__c": "acme/ada", "Leadstream_Campaign__c": "Spring, the one with ducks"}
    origin = reader().lead(row, AttributionRules())
    assert origin is not None
    assert (origin.contact, origin.campaign) == ("ada", None)


def test_a_lead_of_an_account_of_another_org_is_not_ours() -> None:
    row = {"Id": "00Q1", "Leadstream_Id__c": "acme/ada"}
    assert reader(is_of_org=lambda account: account != "acme").lead(row, AttributionRules()) is None


@pytest.mark.parametrize(
    ("amount", "text"),
    [
        (Decimal("15000.0"), "15000"),
        (Decimal("0.10"), "0.1"),
        (100, "100"),
        (Decimal("1E+3"), "1000"),
        (Decimal("-5.50"), "-5.5"),
        (Decimal("12345678901234567.89"), "12345678901234567.89"),
    ],
)
def test_amounts_are_exact_text(amount: Decimal | int, text: str) -> None:
    assert amount_text(amount) == text


def test_a_stamp_of_salesforce_is_one_of_our_events() -> None:
    assert to_rfc3339("2026-05-01T07:25:37.000+0000") == "2026-05-01T07:25:37.000Z"

"""Whose an opportunity is, by the definitions of all accounts."""

from __future__ import annotations

import pytest

from connectors.salesforce.opportunities.attribution import AttributionRules
from connectors.salesforce.opportunities.org_opportunity import LeadOrigin
from tests.harness.salesforce.releases import mapping_release

SPRING = "7015A000000SPR1QAO"
ADA = LeadOrigin("default", "00Q1", "ada", "spring")
BOB = LeadOrigin("acme", "0031", "bob", "spring")


def test_the_mapped_campaign_decides_before_the_lead() -> None:
    rules = AttributionRules.from_releases([mapping_release("acme", {"x": SPRING})])
    assert rules.owner(SPRING, ADA, None) == ("acme", "campaign")
    assert rules.owner("7015A000000AUT1QAO", ADA, None) == ("default", "lead")
    assert rules.owner(None, None, None) is None


@pytest.mark.parametrize(("defined", "asked"), [(SPRING, SPRING[:15]), (SPRING[:15], SPRING), (SPRING, SPRING)])
def test_an_id_of_15_characters_is_that_of_18(defined: str, asked: str) -> None:
    rules = AttributionRules.from_releases([mapping_release("acme", {"x": defined})])
    assert rules.owner(asked, None, None) == ("acme", "campaign")


@pytest.mark.parametrize(
    "crm_campaign", ["", "spring", "7015A000000SPR1QAA", "7015A000000SPR1qao", "7015A00000 SPR1"]
)
def test_what_is_no_id_is_not_asked_for_since_salesforce_would_refuse_the_query_of_all(crm_campaign: str) -> None:
    history = [mapping_release("acme", {"x": crm_campaign}), mapping_release("default", {"y": SPRING})]
    assert AttributionRules.from_releases(history).campaigns_by_start() == {None: [SPRING]}


def test_a_role_counts_where_its_account_says_so() -> None:
    rules = AttributionRules.from_releases(
        [mapping_release("acme", {}, attribution="contact_roles"), mapping_release("default", {})]
    )
    assert rules.owner(None, None, BOB) == ("acme", "contact_role")
    assert rules.owner(None, ADA, BOB) == ("default", "lead")
    assert rules.owner(None, None, ADA) is None


def test_of_two_accounts_that_name_a_campaign_the_one_owns_it_that_has_named_it_longest() -> None:
    history = [
        mapping_release("acme", {"x": SPRING}),
        mapping_release("beta", {"y": SPRING}),
        mapping_release("acme", {"x": SPRING, "z": "7"}),
    ]
    assert AttributionRules.from_releases(history).campaigns[SPRING] == "acme"
    moved = [*history, mapping_release("acme", {})]
    assert AttributionRules.from_releases(moved).campaigns[SPRING] == "beta"
    back = [*moved, mapping_release("acme", {"x": SPRING})]
    assert AttributionRules.from_releases(back).campaigns[SPRING] == "beta"


def test_a_campaign_that_nobody_names_any_more_stays_with_the_last_account_that_did() -> None:
    history = [mapping_release("acme", {"x": SPRING}), mapping_release("acme", {})]
    assert AttributionRules.from_releases(history).campaigns == {SPRING: "acme"}


def test_accounts_of_other_orgs_are_left_out() -> None:
    history = [mapping_release("acme", {"x": SPRING}), mapping_release("beta", {"y": "7015A000000AUT1QAO"})]
    assert AttributionRules.from_releases(history, lambda account: account == "beta").campaigns == {
        "7015A000000AUT1QAO": "beta"
    }


def test_campaigns_are_grouped_by_how_far_back_their_account_looks() -> None:
    history = [
        mapping_release("acme", {"x": SPRING}, opportunities={"since": "2026-02-01"}),
        mapping_release("beta", {"y": "7015A000000AUT1QAO"}),
    ]
    groups = AttributionRules.from_releases(history).campaigns_by_start()
    assert {str(start): ids for start, ids in groups.items()} == {
        "2026-02-01": [SPRING],
        "None": ["7015A000000AUT1QAO"],
    }


def test_a_campaign_of_ours_tells_an_account_only_where_one_has_it() -> None:
    rules = AttributionRules.from_releases(
        [mapping_release("acme", {"x": SPRING}), mapping_release("beta", {"x": "7", "y": "8"})]
    )
    assert rules.account_with_campaign("y") == "beta"
    assert rules.account_with_campaign("x") is None
    assert rules.account_with_campaign("z") is None
    alone = AttributionRules.from_releases([mapping_release("acme", {})])
    assert alone.account_with_campaign("z") == "acme"

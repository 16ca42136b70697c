"""A Salesforce campaign stands for one campaign of an org."""

from __future__ import annotations

from connectors.salesforce.check.campaign_targets import shared_target_problems, targeted_campaigns
from schemas.definitions import Campaign, CampaignSalesforce, Definitions

SPRING = "7015A000000SPR1QAO"


def definitions(account: str, **targets: str | None) -> Definitions:
    return Definitions(
        account=account,
        campaigns=tuple(
            Campaign(id=name, salesforce=None if target is None else CampaignSalesforce(campaign=target))
            for name, target in targets.items()
        ),
    )


def test_two_accounts_that_name_one_campaign_are_told_at_the_second() -> None:
    accounts = {
        "acme": definitions("acme", spring=SPRING, mail=None),
        "beta": definitions("beta", launch=SPRING[:15]),
    }
    assert list(shared_target_problems(targeted_campaigns(accounts))) == [
        (
            "beta",
            "campaign launch: the Salesforce campaign 7015A000000SPR1 is that of campaign spring of account acme, "
            "too: its revenue can count for one only",
        )
    ]


def test_two_campaigns_of_one_account_are_told_without_its_name() -> None:
    [(account, problem)] = shared_target_problems(
        targeted_campaigns({"acme": definitions("acme", spring=SPRING, autumn=SPRING)})
    )
    assert account == "acme"
    assert "is that of campaign spring, too" in problem


def test_ids_that_differ_in_case_only_are_two_campaigns() -> None:
    accounts = {"acme": definitions("acme", spring="7015A000000SPR1", autumn="7015A000000spr1")}
    assert list(shared_target_problems(targeted_campaigns(accounts))) == []

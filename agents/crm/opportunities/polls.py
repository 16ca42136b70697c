"""The poll of each org of a deployment."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from functools import partial

from connectors.salesforce.opportunities.attribution import AttributionRules
from connectors.salesforce.opportunities.poll import OpportunityPoll
from connectors.salesforce.opportunities.survey import HandOverTime
from connectors.salesforce.org.directory import OrgDirectory
from streams.engine.releases.release_log import Release


def build_polls(
    directory: OrgDirectory, releases: Callable[[], Iterable[Release]], handed_over_at: HandOverTime = lambda _: None
) -> Mapping[str, OpportunityPoll]:
    """The poll of each org, by the org's name; `releases` gives those of all accounts, in order."""
    polls = {}
    for name, client in directory.clients.items():
        is_of_org = partial(directory.owns, name)
        polls[name] = OpportunityPoll(
            client,
            currency=client.connection.currency,
            rules=attribution_rules(releases, is_of_org),
            org_name=name,
            is_of_org=is_of_org,
            handed_over_at=handed_over_at,
        )
    return polls


def attribution_rules(
    releases: Callable[[], Iterable[Release]], is_of_org: Callable[[str], bool] = lambda _: True
) -> Callable[[], AttributionRules]:
    """By which rules opportunities belong to accounts after all releases; computed anew when there is a new one."""
    last_offset, rules = -1, AttributionRules()

    def current() -> AttributionRules:
        nonlocal last_offset, rules
        present = list(releases())
        if present and present[-1].offset != last_offset:
            last_offset = present[-1].offset
            rules = AttributionRules.from_releases(((each.account, each.definitions) for each in present), is_of_org)
        return rules

    return current

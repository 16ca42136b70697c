"""Releases of accounts that map campaigns, and polls by them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from connectors.salesforce.opportunities.attribution import AttributionRules
from connectors.salesforce.opportunities.cursor import Cursor
from connectors.salesforce.opportunities.org_opportunity import OpportunityEvent, OrgOpportunity, state_from_event
from connectors.salesforce.opportunities.poll import OpportunityPoll
from connectors.salesforce.org.client import OrgClient
from schemas.definitions import Definitions


def mapping_release(account: str, campaigns: dict[str, str], **salesforce: Any) -> tuple[str, Definitions]:
    """An account's release with campaigns, ours -> the org's."""
    document = {
        "account": account,
        "campaigns": [{"id": each, "salesforce": {"campaign": crm}} for each, crm in campaigns.items()],
        "salesforce": salesforce,
    }
    return account, Definitions.model_validate(document)


def cursor_after(events: Iterable[OpportunityEvent], known: Iterable[OrgOpportunity] = ()) -> Cursor:
    """The cursor of a process that starts after these events, where the ledger knows these states."""
    states = {state.row.id: state for state in known}
    version = 0
    for event in events:
        version = max(version, event["version"])
        state = state_from_event(event)
        states[state.row.id] = state
    return Cursor.from_states(states, version)


class PolledOrg:
    """An org whose opportunities are polled by releases that a test applies; it keeps the cursor."""

    def __init__(self, client: OrgClient, **options: Any) -> None:
        self.releases: list[tuple[str, Definitions]] = []
        self.poll = OpportunityPoll(
            client, currency="EUR", rules=lambda: AttributionRules.from_releases(self.releases), **options
        )
        self.cursor = Cursor.empty()
        self.events: list[OpportunityEvent] = []
        """All events so far."""

    def apply(self, account: str, campaigns: dict[str, str], **salesforce: Any) -> None:
        """Applies a release of an account."""
        self.releases.append(mapping_release(account, campaigns, **salesforce))

    def ask(self) -> list[OpportunityEvent]:
        """Polls once; returns the new events."""
        events, self.cursor = self.poll(self.cursor)
        self.events.extend(events)
        return events

    def ask_for_one(self) -> OpportunityEvent:
        """Polls once; returns the only new event, and fails where there is none or another one."""
        events = self.ask()
        assert len(events) == 1, events
        return events[0]

    def ask_until_leads(self) -> list[OpportunityEvent]:
        """Polls until Leads were asked for, which happens every tenth time at the latest."""
        events = []
        for _ in range(10):
            events += self.ask()
        return events

    def restart(self) -> None:
        """Forgets everything but the events, as a process that starts again."""
        self.cursor = cursor_after(self.events)

    @property
    def state_of_accounts(self) -> dict[str, dict[str, Any]]:
        """Account -> opportunity -> the event that its ledger has to go by; not what it has released."""
        accounts: dict[str, dict[str, Any]] = {}
        for event in self.events:
            ledger = accounts.setdefault(event["account"], {})
            if event.get("released"):
                ledger.pop(event["opportunity"], None)
            else:
                ledger[event["opportunity"]] = event
        return {account: ledger for account, ledger in accounts.items() if ledger}

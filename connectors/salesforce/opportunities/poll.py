"""Polls opportunities: reads the rows modified since a cursor and makes events of those that changed."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal
from types import MappingProxyType
from typing import Any

from connectors.salesforce.external_id import parse_external_id
from connectors.salesforce.org.client import OrgClient, SalesforceRow
from schemas.events.base import DEFAULT_ACCOUNT

OVERLAP = timedelta(minutes=10)
"""Salesforce shows some rows minutes late, with the stamp of their write."""

CRM_NAME = "salesforce"
"""The `crm` of our events, which tells them from those of other CRMs."""

OpportunityEvent = dict[str, Any]
_STATE_FIELDS = (
    "name",
    "stage",
    "won",
    "closed",
    "deleted",
    "amount",
    "currency",
    "close_date",
    "crm_campaign",
    "account",
    "contact",
    "campaign",
    "crm_record",
)
_ORIGIN_FIELDS = ("account", "contact", "campaign", "crm_record")


@dataclass(frozen=True, slots=True)
class Cursor:
    """The state of the poll: the tracked state of each opportunity, the org's time of the poll, the last version."""

    states: Mapping[str, OpportunityEvent]
    until: datetime | None = None
    version: int = 0

    @classmethod
    def empty(cls) -> Cursor:
        """Returns the cursor before the first poll, which reads every opportunity."""
        return cls(MappingProxyType({}))

    @classmethod
    def from_events(cls, events: Iterable[OpportunityEvent]) -> Cursor:
        """Returns the cursor after these events of `crm-opportunities`, in their order."""
        states: dict[str, OpportunityEvent] = {}
        until: datetime | None = None
        version = 0
        for event in events:
            states[str(event["opportunity"])] = _state(event)
            version = max(version, int(event.get("version", 0)))
            modified = datetime.fromisoformat(str(event["modified"]))
            until = modified if until is None else max(until, modified)
        return cls(MappingProxyType(states), until, version)


class OpportunityPoll:
    """`(events, next cursor) = poll(cursor)`: queries the org and makes an event for each row whose state changed.

    After a failure the same cursor can be used again: it gives the same events with the same ids.
    """

    def __init__(self, org: OrgClient, *, currency: str, overlap: timedelta = OVERLAP) -> None:
        self._org = org
        self._currency = currency
        self._overlap = overlap
        self._multi_currency: bool | None = None

    def __call__(self, cursor: Cursor) -> tuple[list[OpportunityEvent], Cursor]:
        """Polls once. Raises TransientFailure, CircuitOpen, SalesforceRefused, RequestRefused."""
        rows = self._org.query_all(self._soql(cursor))
        until = self._org.server_time()
        new_ids = [str(row["Id"]) for row in rows if str(row["Id"]) not in cursor.states]
        origins = self._find_origins(new_ids)
        version = max(cursor.version + 1, int(until.timestamp() * 1000))
        states = dict(cursor.states)
        events = []
        for row in rows:
            event = self._to_event(row, states.get(str(row["Id"])) or origins.get(str(row["Id"]), {}), version)
            state = _state(event)
            if states.get(event["opportunity"]) != state:
                states[event["opportunity"]] = state
                events.append(event)
        return events, replace(cursor, states=MappingProxyType(states), until=until, version=version)

    def _soql(self, cursor: Cursor) -> str:
        currency = "CurrencyIsoCode, " if self._has_multi_currency() else ""
        since = ""
        if cursor.until is not None:
            stamp = (cursor.until - self._overlap).strftime("%Y-%m-%dT%H:%M:%SZ")
            since = f"WHERE SystemModstamp >= {stamp} "
        return (
            f"SELECT Id, Name, StageName, IsWon, IsClosed, IsDeleted, Amount, {currency}CloseDate, CampaignId, "
            f"SystemModstamp FROM Opportunity {since}ORDER BY SystemModstamp, Id"
        )

    def _has_multi_currency(self) -> bool:
        if self._multi_currency is None:
            description = self._org.describe("Opportunity")
            self._multi_currency = any(field["name"] == "CurrencyIsoCode" for field in description["fields"])
        return self._multi_currency

    def _find_origins(self, opportunities: list[str]) -> dict[str, OpportunityEvent]:
        """Returns the origin fields of opportunities by id, from the Leads converted into them, deleted or not."""
        names = self._org.connection
        rows = self._org.query_in_batches(
            f"SELECT Id, {names.external_id_field}, {names.campaign_field}, ConvertedOpportunityId FROM Lead "
            "WHERE ConvertedOpportunityId IN {}",
            opportunities,
        )
        return {str(row["ConvertedOpportunityId"]): self._lead_origin(row) for row in rows}

    def _lead_origin(self, lead: SalesforceRow) -> OpportunityEvent:
        names = self._org.connection
        owner = parse_external_id(str(lead[names.external_id_field] or ""))
        if owner is None:
            return {"crm_record": str(lead["Id"])}
        account, contact = owner
        return {
            "account": account,
            "contact": contact,
            # The campaign of the lead's last hand-over counts where the opportunity itself names none of ours.
            "campaign": lead[names.campaign_field],
            "crm_record": str(lead["Id"]),
        }

    def _to_event(self, row: SalesforceRow, origin: Mapping[str, Any], version: int) -> OpportunityEvent:
        amount = row["Amount"]
        modified = _to_rfc3339(str(row["SystemModstamp"]))
        event: OpportunityEvent = {
            "type": "opportunity.changed",
            "crm": CRM_NAME,
            "at": modified,
            "account": DEFAULT_ACCOUNT,
            **{name: origin[name] for name in _ORIGIN_FIELDS if origin.get(name) is not None},
            "opportunity": str(row["Id"]),
            "modified": modified,
            "version": version,
            "name": row["Name"],
            "stage": row["StageName"],
            "won": bool(row["IsWon"]),
            "closed": bool(row["IsClosed"]),
            "deleted": bool(row["IsDeleted"]),
            "amount": None if amount is None else amount_text(amount),
            "currency": row.get("CurrencyIsoCode") or self._currency,
            "close_date": row["CloseDate"],
            "crm_campaign": row["CampaignId"],
        }
        return {"id": _event_id(event), **event}


def is_ours(event: object) -> bool:
    """Whether this connector wrote a value of `crm-opportunities`."""
    return isinstance(event, dict) and event.get("crm") == CRM_NAME and "opportunity" in event and "modified" in event


def amount_text(amount: Decimal | int) -> str:
    """Returns an amount as exact decimal text without trailing zeros: 15000.0 is `15000`."""
    text = f"{Decimal(amount):f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def _state(event: Mapping[str, Any]) -> OpportunityEvent:
    return {name: event[name] for name in _STATE_FIELDS if event.get(name) is not None}


def _event_id(event: OpportunityEvent) -> str:
    """Returns an id made from the row's stamp and state, so that the same row always gets the same id."""
    state = json.dumps([event["modified"], _state(event)], sort_keys=True, ensure_ascii=False)
    return f"{event['opportunity']}-{hashlib.sha256(state.encode()).hexdigest()[:16]}"


def _to_rfc3339(stamp: str) -> str:
    """Converts a stamp as Salesforce writes it, `2026-05-01T07:25:37.000+0000`, to the form of our events."""
    return datetime.fromisoformat(stamp).strftime("%Y-%m-%dT%H:%M:%S.") + stamp[20:23] + "Z"

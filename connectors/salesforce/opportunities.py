"""Polling opportunities: which rows changed since a cursor, and the events that tell so."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal
from types import MappingProxyType
from typing import Any

from connectors.salesforce.client import OrgClient, SalesforceRow
from connectors.salesforce.external_id import parse_external_id
from schemas.events.base import DEFAULT_ACCOUNT

OVERLAP = timedelta(minutes=10)
"""Salesforce shows some rows minutes late, under the stamp of their writing."""

CRM_NAME = "salesforce"
"""Marks our events among those of other CRMs."""

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
    """What was seen: per opportunity its tracked state, up to which instant of the org, the last version given."""

    states: Mapping[str, OpportunityEvent]
    until: datetime | None = None
    version: int = 0

    @classmethod
    def empty(cls) -> Cursor:
        """Nothing seen: the first poll reads every opportunity."""
        return cls(MappingProxyType({}))

    @classmethod
    def from_events(cls, events: Iterable[OpportunityEvent]) -> Cursor:
        """The cursor after these events of `crm-opportunities`, in their order."""
        seen: dict[str, OpportunityEvent] = {}
        until: datetime | None = None
        version = 0
        for event in events:
            seen[str(event["opportunity"])] = _state(event)
            version = max(version, int(event.get("version", 0)))
            modified = datetime.fromisoformat(str(event["modified"]))
            until = modified if until is None else max(until, modified)
        return cls(MappingProxyType(seen), until, version)


class OpportunityPoll:
    """`(events, next cursor) = poll(cursor)`: asks, and decides by state which rows are news.

    A cursor may be used again after a failure: the same events come out, under the same ids.
    """

    def __init__(self, org: OrgClient, *, currency: str, overlap: timedelta = OVERLAP) -> None:
        self._org = org
        self._currency = currency
        self._overlap = overlap
        self._multi_currency: bool | None = None

    def __call__(self, cursor: Cursor) -> tuple[list[OpportunityEvent], Cursor]:
        """Asks once. Raises Transient, CircuitOpen, SalesforceRefused, RequestRefused."""
        rows = self._org.query_all(self._soql(cursor))
        until = self._org.server_time()
        unknown = [str(row["Id"]) for row in rows if str(row["Id"]) not in cursor.states]
        origins = self._find_origins(unknown)
        version = max(cursor.version + 1, int(until.timestamp() * 1000))
        seen = dict(cursor.states)
        events = []
        for row in rows:
            event = self._to_event(row, seen.get(str(row["Id"])) or origins.get(str(row["Id"]), {}), version)
            state = _state(event)
            if seen.get(event["opportunity"]) != state:
                seen[event["opportunity"]] = state
                events.append(event)
        return events, replace(cursor, states=MappingProxyType(seen), until=until, version=version)

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
            described = self._org.describe("Opportunity")
            self._multi_currency = any(field["name"] == "CurrencyIsoCode" for field in described["fields"])
        return self._multi_currency

    def _find_origins(self, opportunities: list[str]) -> dict[str, OpportunityEvent]:
        """Whose each opportunity is: by the Lead that it was made from, deleted or not."""
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
            # Of the lead's last hand-over: what counts where the opportunity itself names no campaign of ours.
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
    """Whether a value of `crm-opportunities` was written by this connector."""
    return isinstance(event, dict) and event.get("crm") == CRM_NAME and "opportunity" in event and "modified" in event


def amount_text(amount: Decimal | int) -> str:
    """An amount as exact decimal text without idle zeros: 15000.0 is `15000`."""
    text = f"{Decimal(amount):f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def _state(event: Mapping[str, Any]) -> OpportunityEvent:
    return {name: event[name] for name in _STATE_FIELDS if event.get(name) is not None}


def _event_id(event: OpportunityEvent) -> str:
    """Made of the row as it is, so that whoever sees it again gives it the same id."""
    state = json.dumps([event["modified"], _state(event)], sort_keys=True, ensure_ascii=False)
    return f"{event['opportunity']}-{hashlib.sha256(state.encode()).hexdigest()[:16]}"


def _to_rfc3339(stamp: str) -> str:
    """`2026-05-01T07:25:37.000+0000`, as Salesforce writes it, in the form of our events."""
    return datetime.fromisoformat(stamp).strftime("%Y-%m-%dT%H:%M:%S.") + stamp[20:23] + "Z"

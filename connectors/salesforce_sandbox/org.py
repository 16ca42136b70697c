"""The state of the sandbox: records, logins, settings, faults and the request log."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

from connectors.salesforce_sandbox.faults import FaultInjector
from connectors.salesforce_sandbox.schema import SOBJECTS, SObject
from connectors.salesforce_sandbox.store import RecordStore, SandboxRow

DAILY_REQUEST_LIMIT = 15_000


@dataclass(slots=True)
class OAuthClient:
    """The one client that may log in, and the tokens issued to it."""

    client_id: str
    client_secret: str
    is_refused: bool = False
    tokens: set[str] = field(default_factory=set)
    login_count: int = 0

    def issue_token(self) -> str:
        """Returns a new access token; the older ones stay valid."""
        self.login_count += 1
        token = f"00D5A0000000001!{secrets.token_urlsafe(24)}"
        self.tokens.add(token)
        return token


@dataclass(slots=True)
class Org:
    """The state behind the HTTP handlers."""

    oauth_client: OAuthClient
    campaigns: Mapping[str, str]
    """The campaigns that the org starts with: id -> name."""
    schema: dict[str, SObject] = field(default_factory=lambda: dict(SOBJECTS))
    store: RecordStore = field(default_factory=RecordStore)
    faults: FaultInjector = field(default_factory=FaultInjector)
    request_log: list[dict[str, Any]] = field(default_factory=list)
    locators: dict[str, list[SandboxRow]] = field(default_factory=dict)
    """The results of queries that have further pages, by their locator."""
    page_size: int = 2_000
    duplicate_rule: bool = False
    request_count: int = 0

    def __post_init__(self) -> None:
        self._seed()

    def reset(self) -> None:
        """Empties the org, except for the campaigns it started with; tokens stay valid."""
        self.store = RecordStore()
        self.faults.clear()
        self.request_log.clear()
        self.locators.clear()
        self.schema = dict(SOBJECTS)
        self.page_size = 2_000
        self.duplicate_rule = False
        self.oauth_client.is_refused = False
        self._seed()

    def _seed(self) -> None:
        for record_id, name in self.campaigns.items():
            self.store.insert(self.schema["Campaign"], {"Name": name, "IsActive": True}, record_id)


ORG: web.AppKey[Org] = web.AppKey("org", Org)

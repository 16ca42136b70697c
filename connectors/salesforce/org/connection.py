"""The connection to an org: its address, its login, and the names of our fields in it."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass
from urllib.parse import urlsplit

from streams.errors import SalesforceRefused
from streams.settings import Settings

SANDBOX_CLIENT = "leadstream"


@dataclass(frozen=True, slots=True)
class Connection:
    """One org; `url` is set for the sandbox only. Timeouts in seconds."""

    domain: str
    client_id: str
    client_secret: str
    version: str = "62.0"
    url: str | None = None
    external_id_field: str = "Leadstream_Id__c"
    number_field: str = "Leadstream_Number__c"
    campaign_field: str = "Leadstream_Campaign__c"
    written_field: str = "Leadstream_Written__c"
    connect_timeout: float = 3.0
    read_timeout: float = 30.0

    def __post_init__(self) -> None:
        if self.url is not None:
            _check_sandbox_url(self.url)
        elif self.domain.split(".")[0] in ("login", "test"):
            raise SalesforceRefused(
                "client credentials need the org's own domain: set LEADSTREAM_SALESFORCE_DOMAIN to your "
                "My Domain, for example acme.my"
            )

    @classmethod
    def from_settings(cls, settings: Settings) -> Connection:
        """Returns the connection that the settings describe. Raises SalesforceRefused naming a missing setting."""
        url = settings.salesforce_url
        client_id = settings.salesforce_client_id or (SANDBOX_CLIENT if url else None)
        secret = settings.salesforce_client_secret or (SANDBOX_CLIENT if url else None)
        domain = settings.salesforce_domain or ("leadstream-sandbox.my" if url else None)
        needed = {
            "LEADSTREAM_SALESFORCE_DOMAIN": domain,
            "LEADSTREAM_SALESFORCE_CLIENT_ID": client_id,
            "LEADSTREAM_SALESFORCE_CLIENT_SECRET": secret,
        }
        if missing := [name for name, value in needed.items() if not value]:
            raise SalesforceRefused(f"no Salesforce org is configured: set {', '.join(missing)}")
        return cls(
            domain=domain or "",
            client_id=client_id or "",
            client_secret=secret or "",
            version=settings.salesforce_version,
            url=url,
            external_id_field=settings.salesforce_external_id,
        )

    @staticmethod
    def is_configured(settings: Settings) -> bool:
        """Whether the settings name an org; without one, hand-overs wait on their topic."""
        return settings.salesforce_url is not None or settings.salesforce_domain is not None

    @property
    def token_url(self) -> str:
        """The address of the token call."""
        return f"https://{self.domain}.salesforce.com/services/oauth2/token"

    @property
    def display_name(self) -> str:
        """The name of the org in messages."""
        return self.url or f"{self.domain}.salesforce.com"


def _check_sandbox_url(url: str) -> None:
    parts = urlsplit(url)
    if parts.scheme == "https" or _is_loopback(parts.hostname or ""):
        return
    raise SalesforceRefused(
        f"LEADSTREAM_SALESFORCE_URL is {url}: plain http would send the secret readable; it is for the sandbox "
        "on this machine (http://127.0.0.1:PORT) only"
    )


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False

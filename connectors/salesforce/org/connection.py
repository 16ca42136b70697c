"""The connection to an org: its address, its login, and the names of our fields in it."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from streams.errors import SalesforceRefused
from streams.settings import Settings

SANDBOX_CLIENT = "leadstream"
SANDBOX_DOMAIN = "leadstream-sandbox.my"
_SHARED_DOMAINS = ("login", "test")
_TEST_DOMAINS = (".sandbox.my", ".scratch.my", ".sandbox", ".scratch")


@dataclass(frozen=True, slots=True)
class Connection:
    """One org, by client credentials or, with a private key, by JWT bearer; timeouts in seconds.

    `url` is set for the stand-in only. `source` says in messages where the login is set; "" for the settings.
    """

    domain: str
    client_id: str
    client_secret: str = field(default="", repr=False)
    version: str = "62.0"
    url: str | None = None
    external_id_field: str = "Leadstream_Id__c"
    number_field: str = "Leadstream_Number__c"
    campaign_field: str = "Leadstream_Campaign__c"
    written_field: str = "Leadstream_Written__c"
    connect_timeout: float = 3.0
    read_timeout: float = 30.0
    username: str = ""
    private_key: str = field(default="", repr=False)
    currency: str = "USD"
    source: str = ""

    def __post_init__(self) -> None:
        if self.client_secret and self.private_key:
            raise SalesforceRefused(
                f"{self.place}: a client secret and a private key are both set: unset what the app does not use"
            )
        if bool(self.username) != bool(self.private_key):
            have, lack = ("username", "private key") if self.username else ("private key", "username")
            raise SalesforceRefused(f"{self.place}: a {have} without a {lack}: JWT bearer needs both, set the {lack}")
        if self.url is not None:
            _check_sandbox_url(self.url, self.place)
        elif not self.private_key and self.domain.split(".")[0] in _SHARED_DOMAINS:
            raise SalesforceRefused(
                f"{self.place}: client credentials need the org's own domain: set the domain to your My Domain, "
                "for example acme.my"
            )

    @classmethod
    def from_settings(cls, settings: Settings) -> Connection:
        """Returns the connection of the default org. Raises SalesforceRefused naming what is missing or wrong."""
        url = settings.salesforce_url
        private_key = settings.salesforce_private_key or ""
        client_id = settings.salesforce_client_id or (SANDBOX_CLIENT if url else None)
        secret = settings.salesforce_client_secret or (SANDBOX_CLIENT if url and not private_key else None)
        domain = settings.salesforce_domain or (SANDBOX_DOMAIN if url else None)
        needed = {
            "LEADSTREAM_SALESFORCE_DOMAIN": domain,
            "LEADSTREAM_SALESFORCE_CLIENT_ID": client_id,
            "LEADSTREAM_SALESFORCE_CLIENT_SECRET": secret or private_key,
        }
        if missing := [name for name, value in needed.items() if not value]:
            either = " (or ..._PRIVATE_KEY_FILE and ..._USERNAME)" if not (secret or private_key) else ""
            raise SalesforceRefused(f"no Salesforce org is configured: set {', '.join(missing)}{either}")
        return cls(
            domain=domain or "",
            client_id=client_id or "",
            client_secret=secret or "",
            version=settings.salesforce_version,
            url=url,
            external_id_field=settings.salesforce_external_id,
            username=settings.salesforce_username or "",
            private_key=private_key,
            currency=settings.salesforce_currency,
        )

    @staticmethod
    def is_configured(settings: Settings) -> bool:
        """Whether the settings name the default org; without one, hand-overs to it wait on their topic."""
        return settings.salesforce_url is not None or settings.salesforce_domain is not None

    @property
    def place(self) -> str:
        """Where the login is set, for messages."""
        return self.source or "LEADSTREAM_SALESFORCE_..."

    @property
    def token_url(self) -> str:
        """The address of the token call."""
        return f"https://{self.domain}.salesforce.com/services/oauth2/token"

    @property
    def audience(self) -> str:
        """The authorization server that a JWT is meant for: that of test orgs, or that of production."""
        is_test = self.domain == "test" or self.domain.lower().endswith(_TEST_DOMAINS)
        return f"https://{'test' if is_test else 'login'}.salesforce.com"

    @property
    def display_name(self) -> str:
        """The name of the org in messages."""
        return self.url or f"{self.domain}.salesforce.com"


def _check_sandbox_url(url: str, place: str) -> None:
    parts = urlsplit(url)
    if parts.scheme == "https" or _is_loopback(parts.hostname or ""):
        return
    raise SalesforceRefused(
        f"{place}: the URL is {url}: plain http would send the secret readable; it is for the stand-in "
        "on this machine (http://127.0.0.1:PORT) only"
    )


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False

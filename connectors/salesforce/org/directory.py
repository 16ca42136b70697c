"""Which account has which org, and the client of each."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from connectors.salesforce.org.client import OrgClient
from connectors.salesforce.org.connection import Connection
from connectors.salesforce.org.orgs_file import DEFAULT_LABEL, OrgEntry, load_orgs
from streams.errors import SalesforceRefused
from streams.settings import Settings

DEFAULT_ORG = ""
"""The name of the org of the settings, which every account has that has none of its own."""
NO_ORG = (
    "no Salesforce org is configured for this account: set LEADSTREAM_SALESFORCE_DOMAIN for all accounts without an "
    "org of their own, or enter the account in the file of LEADSTREAM_SALESFORCE_ORGS"
)


class OrgDirectory:
    """The orgs of a deployment. Each has its own client, with its own login, pause and usage; none waits for another.

    An org's events name it by `crm_name`.
    """

    def __init__(self, default: Connection | None, entries: Iterable[OrgEntry] = ()) -> None:
        self._accounts: dict[str, str] = {}
        self._clients: dict[str, OrgClient] = {}
        if default is not None:
            self._clients[DEFAULT_ORG] = OrgClient(default)
        for entry in entries:
            self._clients[entry.name] = OrgClient(entry.connection)
            self._accounts.update(dict.fromkeys(entry.accounts, entry.name))

    @classmethod
    def from_settings(cls, settings: Settings) -> OrgDirectory:
        """Returns the orgs that the settings and their file describe; no call is made.

        Raises SalesforceRefused where they name none, ConfigurationError for the file.
        """
        entries = load_orgs(settings)
        default = None
        if Connection.is_configured(settings) or not entries:
            default = Connection.from_settings(settings)
        return cls(default, entries)

    @property
    def clients(self) -> Mapping[str, OrgClient]:
        """The client of each org, by the org's name."""
        return self._clients

    def org_name(self, account: str) -> str:
        """The name of an account's org."""
        return self._accounts.get(account, DEFAULT_ORG)

    def has_org(self, account: str) -> bool:
        """Whether an account has an org; the hand-overs of one without wait on their topic."""
        return self.org_name(account) in self._clients

    def owns(self, org_name: str, account: str) -> bool:
        """Whether it is the org of the account."""
        return self.org_name(account) == org_name

    def client(self, org_name: str) -> OrgClient:
        """The client of an org. Raises SalesforceRefused for the default one where the settings name none."""
        client = self._clients.get(org_name)
        if client is None:
            raise SalesforceRefused(NO_ORG)
        return client

    def client_of(self, account: str) -> OrgClient:
        """The client of an account's org. Raises SalesforceRefused, which names the account, where it has none."""
        if not self.has_org(account):
            raise SalesforceRefused(f"account {account}: {NO_ORG}")
        return self.client(self.org_name(account))

    def accounts_of(self, org_name: str) -> tuple[str, ...]:
        """The accounts whose org it is by name; the org of the settings is that of all others, and has none here."""
        return tuple(account for account, name in self._accounts.items() if name == org_name)

    def descriptions(self) -> list[dict[str, Any]]:
        """Name, address and accounts of each org, as JSON for a machine; that of the settings has an empty name."""
        return [
            {"name": name, "org": client.connection.display_name, "accounts": list(self.accounts_of(name))}
            for name, client in self._clients.items()
        ]

    def label(self, org_name: str) -> str:
        """How people are told of an org: by its address, and with its name where there are several."""
        address = self.client(org_name).connection.display_name
        if len(self._clients) == 1:
            return address
        return f"org {org_name or DEFAULT_LABEL} ({address})"


def crm_name(org_name: str) -> str:
    """How events name an org: `salesforce`, or `salesforce:NAME` for one of the file."""
    return "salesforce" if org_name == DEFAULT_ORG else f"salesforce:{org_name}"

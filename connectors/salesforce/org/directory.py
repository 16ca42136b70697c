"""Which account has which org, and the client of each."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from connectors.salesforce.org.client import OrgClient
from connectors.salesforce.org.connection import Connection
from connectors.salesforce.org.orgs_file import OrgEntry, load_orgs
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


def crm_name(org_name: str) -> str:
    """How events name an org: `salesforce`, or `salesforce:NAME` for one of the file."""
    return "salesforce" if org_name == DEFAULT_ORG else f"salesforce:{org_name}"

"""The file of orgs (`LEADSTREAM_SALESFORCE_ORGS`): those that accounts have to themselves, or share.

    orgs:
      emea:
        accounts: [acme, acme-labs]
        domain: acme.my
        client_id: 3MVG9...
        client_secret_file: /run/secrets/emea      # or username and private_key_file
        currency: EUR

A path that is not absolute starts from the folder of the file.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from connectors.salesforce.org.connection import SANDBOX_CLIENT, SANDBOX_DOMAIN, Connection
from streams.errors import ConfigurationError, SalesforceRefused
from streams.setting_forms import (
    CURRENCY,
    DOMAIN,
    FIELD_NAME,
    HTTP_URL,
    LOGIN,
    PRIVATE_KEY,
    SLUG,
    USER_NAME,
    VERSION,
    TextForm,
)
from streams.settings import Settings

DEFAULT_LABEL = "default"
"""How metrics and messages call the org of the settings, so no other org has this name."""

_FORMS: Mapping[str, TextForm] = {
    "domain": DOMAIN,
    "client_id": LOGIN,
    "username": USER_NAME,
    "version": VERSION,
    "external_id": FIELD_NAME,
    "currency": CURRENCY,
    "url": HTTP_URL,
}
_SECRETS: Mapping[str, TextForm] = {"client_secret_file": LOGIN, "private_key_file": PRIVATE_KEY}
_KEYS = ("accounts", *_FORMS, *_SECRETS)


@dataclass(frozen=True, slots=True)
class OrgEntry:
    """One org of the file: the accounts whose org it is, and its connection."""

    name: str
    accounts: tuple[str, ...]
    connection: Connection

    def to_dict(self) -> dict[str, Any]:
        """Returns what may be shown of it, as JSON for a machine."""
        connection = self.connection
        login = f"JWT bearer as {connection.username}" if connection.private_key else "client credentials"
        return {
            "name": self.name,
            "accounts": list(self.accounts),
            "org": connection.display_name,
            "login": login,
            "client_id": connection.client_id,
            "version": connection.version,
            "external_id": connection.external_id_field,
            "currency": connection.currency,
        }


def load_orgs(settings: Settings) -> tuple[OrgEntry, ...]:
    """Returns the orgs of the file that the settings name, none without one.

    What an entry does not say (version, key field, currency) is as the settings say. Raises ConfigurationError with
    one line for each slip; no line holds a secret.
    """
    path = settings.salesforce_orgs
    if path is None:
        return ()
    reader = _Reader(path, settings)
    entries = reader.read()
    if reader.problems:
        raise ConfigurationError("\n".join(reader.problems))
    return entries


class _Reader:
    """Reads one file and keeps what is wrong with it."""

    def __init__(self, path: Path, settings: Settings) -> None:
        self.problems: list[str] = []
        self._path = path
        self._settings = settings

    def read(self) -> tuple[OrgEntry, ...]:
        """Returns the orgs that are right."""
        document = self._document()
        orgs = document.get("orgs") if isinstance(document, dict) else None
        if self.problems:
            return ()
        if not isinstance(orgs, dict) or not orgs or set(document) != {"orgs"}:
            self._add("", "has to be `orgs:` with the name of each org and what it is, and nothing else")
            return ()
        entries = [entry for name, fields in orgs.items() if (entry := self._entry(name, fields)) is not None]
        self._check_accounts(entries)
        return tuple(entries)

    def _document(self) -> Any:
        from ruamel.yaml import YAML  # noqa: PLC0415 - slow to import, and few deployments have the file
        from ruamel.yaml.error import YAMLError  # noqa: PLC0415

        try:
            return YAML(typ="safe").load(self._path.read_text())
        except OSError as error:
            self._add("", f"cannot be read ({error.strerror}): name a file that this user can read, or unset it")
        except UnicodeDecodeError:
            self._add("", "is no text in UTF-8")
        except YAMLError as error:
            mark = getattr(error, "problem_mark", None)
            line = "" if mark is None else f" in line {mark.line + 1}"
            self._add("", f"is no YAML{line}: {getattr(error, 'problem', None) or 'it cannot be read'}")
        return None

    def _entry(self, name: Any, fields: Any) -> OrgEntry | None:
        place = f"org {str(name)[:100]}"
        before = len(self.problems)
        if not isinstance(name, str) or not SLUG.fits(name):
            self._add(place, f"name it with {SLUG.text}")
        if name == DEFAULT_LABEL:
            self._add(place, "is the name of the org of the settings: choose another")
        if not isinstance(fields, dict):
            self._add(place, f"has to be a mapping of {', '.join(_KEYS)}")
            return None
        for key in fields:
            if key not in _KEYS:
                self._add(place, f"{str(key)[:40]} is nothing that an org has: it has {', '.join(_KEYS)}")
        values = {key: self._text(place, key, fields[key], form) for key, form in _FORMS.items() if key in fields}
        secrets = {
            key: self._secret(place, key, fields[key], form) for key, form in _SECRETS.items() if key in fields
        }
        accounts = self._accounts(place, fields.get("accounts"))
        if len(self.problems) > before:
            return None
        connection = self._connection(place, values, secrets)
        return None if connection is None else OrgEntry(str(name), accounts, connection)

    def _text(self, place: str, key: str, value: Any, form: TextForm) -> str:
        # A version without quotes is a number in YAML.
        text = str(value) if isinstance(value, str | float) else ""
        if not form.fits(text):
            self._add(place, f"{key} cannot be used: set it to {form.text}")
        return text

    def _secret(self, place: str, key: str, value: Any, form: TextForm) -> str:
        if not isinstance(value, str) or not value:
            self._add(place, f"{key} has to be the name of a file")
            return ""
        file = self._path.parent / value
        try:
            text = file.read_text()
        except OSError as error:
            self._add(place, f"{key}={file} cannot be read ({error.strerror}): name a file that this user can read")
            return ""
        except UnicodeDecodeError:
            text = ""
        text = text.removesuffix("\n").removesuffix("\r")
        if not form.fits(text):
            self._add(place, f"{key}={file} cannot be used: the file has to hold {form.text}")
        return text

    def _accounts(self, place: str, value: Any) -> tuple[str, ...]:
        if not isinstance(value, list) or not value:
            self._add(place, "accounts has to be a list of the accounts whose org it is")
            return ()
        for account in value:
            if not isinstance(account, str) or not SLUG.fits(account):
                self._add(place, f"account {str(account)[:40]!r} cannot be one: give {SLUG.text}")
        return tuple(str(account) for account in value)

    def _connection(self, place: str, values: dict[str, str], secrets: dict[str, str]) -> Connection | None:
        url = values.get("url")
        key, secret = secrets.get("private_key_file", ""), secrets.get("client_secret_file", "")
        domain = values.get("domain") or (SANDBOX_DOMAIN if url else "")
        client_id = values.get("client_id") or (SANDBOX_CLIENT if url else "")
        secret = secret or (SANDBOX_CLIENT if url and not key else "")
        needed = {"domain": domain, "client_id": client_id, "client_secret_file or private_key_file": secret or key}
        if missing := [name for name, value in needed.items() if not value]:
            self._add(place, f"lacks {', '.join(missing)}")
            return None
        try:
            return Connection(
                domain=domain,
                client_id=client_id,
                client_secret=secret,
                version=values.get("version", self._settings.salesforce_version),
                url=url,
                external_id_field=values.get("external_id", self._settings.salesforce_external_id),
                username=values.get("username", ""),
                private_key=key,
                currency=values.get("currency", self._settings.salesforce_currency),
                source=f"{place} of {self._path}",
            )
        except SalesforceRefused as refusal:
            self.problems.append(str(refusal))
            return None

    def _check_accounts(self, entries: Iterable[OrgEntry]) -> None:
        owners: dict[str, str] = {}
        for account, name in _pairs(entries):
            if account in owners:
                self._add(
                    f"org {name}", f"account {account} stands in org {owners[account]}, too: an account has one org"
                )
            owners.setdefault(account, name)

    def _add(self, place: str, problem: str) -> None:
        subject = f"{place}: " if place else ""
        self.problems.append(f"LEADSTREAM_SALESFORCE_ORGS={self._path}: {subject}{problem}")


def _pairs(entries: Iterable[OrgEntry]) -> Iterator[tuple[str, str]]:
    return ((account, entry.name) for entry in entries for account in entry.accounts)

"""The engine version of definitions: kept from the release before, or raised (docs/decisions/0016); pure."""

from __future__ import annotations

from collections.abc import Iterable

from schemas.engine_versions import NEWEST_VERSION, EngineVersion
from streams.definitions.load import AccountDefinitions
from streams.engine.releases.release_log import Release
from streams.engine.validation import Problem, lowered_version_problem, path_text, validate_definitions
from streams.errors import DefinitionsRefused


def keep_version(account: AccountDefinitions, latest: Release | None) -> AccountDefinitions:
    """Returns the definitions with the version that a release of them would have after `latest`.

    Raises DefinitionsRefused for words that this version does not know, and for a version lower than the account's.
    """
    lowered = None if latest is None else lowered_version_problem(account.document, latest.definitions.engine_version)
    if lowered is not None:
        raise _refusal(account.name, [lowered])
    version = NEWEST_VERSION if latest is None else latest.definitions.engine_version
    if "engine_version" in account.document or account.content.engine_version == version:
        return account
    return _with_version(account, version)


def raise_version(latest: Release) -> AccountDefinitions:
    """Returns the release's definitions at the newest version. Raises DefinitionsRefused for what it refuses."""
    document = {**latest.document, "account": latest.account, "engine_version": NEWEST_VERSION}
    return _with_version(AccountDefinitions(latest.account, document, latest.definitions, ()), NEWEST_VERSION)


def _with_version(account: AccountDefinitions, version: EngineVersion) -> AccountDefinitions:
    result = validate_definitions(account.document, version)
    if result.definitions is None:
        raise _refusal(account.name, result.problems)
    return AccountDefinitions(account.name, account.document, result.definitions, account.warnings)


def _refusal(account: str, problems: Iterable[Problem]) -> DefinitionsRefused:
    lines = [_line(path_text(each.path), each.message) for each in problems]
    return DefinitionsRefused("\n".join(f"account {account}: {line}" for line in lines))


def _line(path: str, message: str) -> str:
    return f"{path}: {message}" if path else message

"""Checks the definitions of accounts against their orgs, each account against its own."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from connectors.salesforce.check.org_check import OrgReport, check_org
from connectors.salesforce.org.directory import OrgDirectory
from connectors.salesforce.org.orgs_file import DEFAULT_LABEL
from schemas.definitions import Definitions


@dataclass(frozen=True, slots=True)
class DeploymentReport:
    """The reports of the orgs, by the org's name."""

    orgs: Mapping[str, OrgReport]

    def problem_lines(self) -> list[str]:
        """All problems; each begins with its org's name where there is more than one."""
        return [f"{prefix}{line}" for prefix, report in self._prefixed() for line in report.problem_lines()]

    def note_lines(self) -> list[str]:
        """All notes; each begins with its org's name where there is more than one."""
        return [f"{prefix}{line}" for prefix, report in self._prefixed() for line in report.note_lines()]

    def _prefixed(self) -> list[tuple[str, OrgReport]]:
        if len(self.orgs) == 1:
            return [("", report) for report in self.orgs.values()]
        return [(f"org {name}: " if name else f"org {DEFAULT_LABEL}: ", report) for name, report in self.orgs.items()]


def check_deployment(
    directory: OrgDirectory,
    accounts: Mapping[str, Definitions],
    others: Mapping[str, Definitions] | None = None,
    *,
    all_orgs: bool = False,
) -> DeploymentReport:
    """Returns the reports of the orgs that `accounts` have; with `all_orgs` of the rest, too.

    `others` are accounts that are not checked themselves: they may name the same Salesforce campaigns. An account
    without an org is passed over. Raises what `check_org` raises.
    """
    names = list(dict.fromkeys(directory.org_name(account) for account in accounts if directory.has_org(account)))
    if all_orgs:
        names += [name for name in directory.clients if name not in names]

    def of_org(name: str, definitions: Mapping[str, Definitions]) -> dict[str, Definitions]:
        return {account: each for account, each in definitions.items() if directory.owns(name, account)}

    rest = {**(others or {}), **accounts}
    return DeploymentReport(
        {name: check_org(directory.client(name), of_org(name, accounts), of_org(name, rest)) for name in names}
    )

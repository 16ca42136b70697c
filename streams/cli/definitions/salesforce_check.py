"""Holds definitions against the org of each account, before they are applied."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import TYPE_CHECKING

from schemas.definitions import Definitions
from streams.engine.releases.release_log import ReleaseLog
from streams.errors import DefinitionsRefused, SalesforceRefused, SalesforceUnavailable
from streams.settings import Settings

if TYPE_CHECKING:
    from connectors.salesforce.check.deployment_check import DeploymentReport

WAY_OUT = (
    "definitions are checked against the org before they are applied: --without-salesforce applies them unchecked, "
    "and the worker checks them when it starts"
)


async def require_fitting_org(settings: Settings, accounts: Mapping[str, Definitions], log: ReleaseLog) -> list[str]:
    """Returns notes, each a line. Raises DefinitionsRefused with a line for each problem.

    Accounts without campaigns and mapping hand nothing over: of them no org is asked.
    An org that refuses the login or does not answer refuses the definitions, too: SalesforceRefused,
    SalesforceUnavailable.
    """
    concerned = {name: each for name, each in accounts.items() if each.campaigns or each.salesforce is not None}
    if not concerned:
        return []
    try:
        report = await check_against_orgs(settings, concerned, log)
    except SalesforceUnavailable as error:
        raise SalesforceUnavailable(f"{error}; {WAY_OUT}") from error
    except SalesforceRefused as error:
        raise SalesforceRefused(f"{error}; {WAY_OUT}") from error
    if problems := report.problem_lines():
        raise DefinitionsRefused("\n".join([*problems, f"nothing was applied; {WAY_OUT}"]))
    return report.note_lines()


async def check_against_orgs(
    settings: Settings, accounts: Mapping[str, Definitions], log: ReleaseLog
) -> DeploymentReport:
    """Returns what the check of these accounts' orgs saw; the other accounts count with their latest releases."""
    # The clients of Salesforce are slow to import, and most deployments apply without one.
    from connectors.salesforce.check.deployment_check import check_deployment  # noqa: PLC0415
    from connectors.salesforce.org.directory import OrgDirectory  # noqa: PLC0415

    releases = {name: log.latest(name) for name in log.accounts()}
    others = {name: release.definitions for name, release in releases.items() if release is not None}
    return await asyncio.to_thread(check_deployment, OrgDirectory.from_settings(settings), accounts, others)

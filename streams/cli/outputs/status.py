"""`leadstream status`: how the deployment is."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from streams.cli.console import progress_bar, write_json, write_line, write_note
from streams.cli.options import BootstrapOption, JsonOption, PrefixOption, settings_from
from streams.errors import ConfigurationError, SalesforceRefused
from streams.store.status.report import read_status

if TYPE_CHECKING:
    from streams.settings import Settings


def status(*, bootstrap: BootstrapOption = None, prefix: PrefixOption = None, as_json: JsonOption = False) -> None:
    """Show how the deployment is: broker, topics, workers with their slots, lag, time, Salesforce, dead letters.

    Ends with 69 when no broker answers or partitions have no leader, with 78 when workers cannot run on the topics.
    """
    settings = settings_from(bootstrap=bootstrap, prefix=prefix)
    with progress_bar(quiet=as_json) as advance:
        report = replace(asyncio.run(read_status(settings, advance)), orgs=_orgs(settings))
    if as_json:
        write_json(report.to_dict())
    else:
        for line in report.lines():
            write_line(line)
    report.topics.require(report.settings)


def _orgs(settings: Settings) -> Sequence[Mapping[str, Any]]:
    """The orgs of the settings and their file. One that cannot be used is told, and hides nothing else."""
    if settings.salesforce_orgs is None:
        return ()
    from connectors.salesforce.org.directory import OrgDirectory  # noqa: PLC0415 - Salesforce's client is slow to import

    try:
        return OrgDirectory.from_settings(settings).descriptions()
    except (ConfigurationError, SalesforceRefused) as error:
        write_note(f"note: the orgs are not known here: {error}")
        return ()

"""`leadstream status`: how the deployment is."""

from __future__ import annotations

import asyncio

from streams.cli.console import progress_bar, write_json, write_line
from streams.cli.options import BootstrapOption, JsonOption, PrefixOption, settings_from
from streams.store.status.report import read_status


def status(*, bootstrap: BootstrapOption = None, prefix: PrefixOption = None, as_json: JsonOption = False) -> None:
    """Show how the deployment is: broker, topics, workers with their slots, lag, time, Salesforce, dead letters.

    Ends with 69 when no broker answers, and with 78 when workers cannot run on the topics.
    """
    settings = settings_from(bootstrap=bootstrap, prefix=prefix)
    with progress_bar(quiet=as_json) as advance:
        report = asyncio.run(read_status(settings, advance))
    if as_json:
        write_json(report.to_dict())
    else:
        for line in report.lines():
            write_line(line)
    report.topics.require(report.settings)

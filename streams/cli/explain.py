"""`leadstream explain`: why a contact is in a segment, or where its lead stands, leaf by leaf."""

from __future__ import annotations

import asyncio
from typing import Annotated

import typer

from streams.cli.console import progress_bar, write_json, write_line
from streams.cli.options import BootstrapOption, JsonOption, PrefixOption, parse_time_option, settings_from
from streams.explain.answer import Question
from streams.explain.explanation import explain_past, explain_present
from streams.explain.text import explanation_lines

ContactArgument = Annotated[str, typer.Argument(metavar="CONTACT", help="A contact id.")]
SubjectArgument = Annotated[str, typer.Argument(metavar="SEGMENT|CAMPAIGN", help="A segment or a campaign.")]
ExplainAccountOption = Annotated[str, typer.Option("--account", help="Whose contact it is.")]
AsCampaignOption = Annotated[
    bool, typer.Option("--campaign", help="The campaign, where a segment has that name, too.")
]
ExplainAtOption = Annotated[
    str | None, typer.Option("--at", metavar="TIME", help="As it was then: scans the contact's journal partition.")
]
ExplainJournalOption = Annotated[
    bool, typer.Option("--journal", help="As it is now, with the events and past changes: scans the same.")
]


def explain(
    contact: ContactArgument,
    subject: SubjectArgument,
    *,
    account: ExplainAccountOption = "default",
    campaign: AsCampaignOption = False,
    at: ExplainAtOption = None,
    journal: ExplainJournalOption = False,
    bootstrap: BootstrapOption = None,
    prefix: PrefixOption = None,
    as_json: JsonOption = False,
) -> None:
    """Tell why a contact is in a segment or not, or where its lead stands: every leaf, its value, its times."""
    settings = settings_from(bootstrap=bootstrap, prefix=prefix)
    question = Question(account, contact, subject, campaign)
    until = parse_time_option("--at", at)
    with progress_bar(quiet=as_json) as advance:
        if journal or until is not None:
            answer = asyncio.run(explain_past(settings, question, until, advance))
        else:
            answer = asyncio.run(explain_present(settings, question, advance))
    if as_json:
        write_json(answer)
        return
    for line in explanation_lines(answer):
        write_line(line)

"""`leadstream leads`: manual decisions about the leads of a campaign, one or many at a time."""

from __future__ import annotations

from typing import Annotated

import typer

from streams.cli.manual_decisions import DecisionSubject, decision_command
from streams.publish.commands import campaign_check

CAMPAIGN = DecisionSubject(
    "campaign",
    Annotated[str, typer.Argument(metavar="CAMPAIGN", help="The campaign whose leads are meant.")],
    campaign_check,
)

add = decision_command("lead.added", CAMPAIGN, "Make contacts leads of a campaign that runs.")
qualify = decision_command("lead.qualified", CAMPAIGN, "Qualify leads: active, duplicate and rejected ones.")
reject = decision_command("lead.rejected", CAMPAIGN, "Reject leads: any but deleted ones.")
remove = decision_command("lead.removed", CAMPAIGN, "Remove leads from the campaign: they become deleted.")
reactivate = decision_command(
    "lead.reactivated", CAMPAIGN, "Make leads active again; a removed one begins at 0 points."
)

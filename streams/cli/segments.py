"""`leadstream segments`: the lists of static segments, which people keep by hand."""

from __future__ import annotations

from typing import Annotated

import typer

from streams.cli.manual_decisions import DecisionSubject, decision_command
from streams.publish.commands import static_segment_check

SEGMENT = DecisionSubject(
    "segment",
    Annotated[str, typer.Argument(metavar="SEGMENT", help="A static segment.")],
    static_segment_check,
)

add = decision_command("segment.member_added", SEGMENT, "List contacts in a static segment.")
remove = decision_command("segment.member_removed", SEGMENT, "Take contacts off the list of a static segment.")

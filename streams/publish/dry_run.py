"""What would be published: the first events, and what would be refused. Nothing is sent."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import msgspec

from streams.errors import DataError
from streams.publish.lines import EventLine, ParsedLine, RefusedLine
from streams.publish.publisher import PublishReport

MAX_SHOWN_EVENTS = 5

_decode = msgspec.json.Decoder().decode


@dataclass
class DryRun:
    """What publishing would count, and the first events as they would be sent."""

    report: PublishReport = field(default_factory=PublishReport)
    first_events: list[dict[str, Any]] = field(default_factory=list)


def try_lines(items: Iterable[ParsedLine], until: int | None = None) -> DryRun:
    """Returns what publishing all items but those after `until` (ms) would do, clock lines and definitions aside."""
    run = DryRun()
    try:
        for item in items:
            if isinstance(item, RefusedLine):
                run.report.add_refused(item)
            elif until is not None and item.at is not None and item.at > until:
                run.report.skipped_count += 1
            elif isinstance(item, EventLine):
                run.report.count_event(item.event)
                if len(run.first_events) < MAX_SHOWN_EVENTS:
                    run.first_events.append(_decode(item.event.value))
    except DataError as error:
        run.report.read_error = error
    return run

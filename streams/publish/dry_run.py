"""What would be published: the first events, and what would be refused. Nothing is sent."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import msgspec

from schemas.topics import CONTACT_CHANGES
from streams.engine.journal.effects import Refusal, SourceRecord
from streams.engine.journal.validate import EventValidator
from streams.engine.state.limits import MAX_PROPERTY_BYTES
from streams.errors import DataError
from streams.publish.lines import EventLine, ParsedLine, RefusedLine
from streams.publish.ordering import OutgoingEvent
from streams.publish.publisher import PublishReport

MAX_SHOWN_EVENTS = 5

_decode = msgspec.json.Decoder().decode
_encode = msgspec.json.encode


@dataclass
class DryRun:
    """What publishing would count, and the first events as they would be sent."""

    report: PublishReport = field(default_factory=PublishReport)
    first_events: list[dict[str, Any]] = field(default_factory=list)


# Which clock the deployment has is not known here: on the wall clock a worker refuses what is in the future, too.
_validator = EventValidator("events")


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
                _try_event(run, item.event)
    except DataError as error:
        run.report.read_error = error
    return run


def _try_event(run: DryRun, event: OutgoingEvent) -> None:
    result = _validator.validate(SourceRecord(event.topic, 0, 0, None, event.key, event.value, (), 0))
    if isinstance(result, Refusal):
        run.report.add_refused(RefusedLine(event.location, f"a worker would refuse it: {result.message}"))
        return
    size = _property_bytes(event)
    if size > MAX_PROPERTY_BYTES:
        reason = f"its properties take {size:,} bytes, and of a contact at most {MAX_PROPERTY_BYTES:,} are kept"
        run.report.add_refused(RefusedLine(event.location, f"a worker would refuse it: {reason}"))
        return
    run.report.count_event(event)
    if len(run.first_events) < MAX_SHOWN_EVENTS:
        run.first_events.append(_decode(event.value))


def _property_bytes(event: OutgoingEvent) -> int:
    """Returns the bytes of a contact's properties in an acceptable event; 0 where they are certainly few enough."""
    if event.topic != CONTACT_CHANGES.name or len(event.value) <= MAX_PROPERTY_BYTES:
        return 0
    return len(_encode(_decode(event.value).get("properties") or {}))

"""Counts what is probably wrong in events that are published, by kind, with the first place of each."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import msgspec

from streams.engine.journal.event_warnings import event_warnings
from streams.publish.lines import EventLine, ParsedLine

MAX_KINDS = 20
"""Kinds that are told; a file of anything at all must not fill the memory or the screen."""

_decode = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode
_decode_type = msgspec.json.Decoder(str).decode


@dataclass(slots=True)
class WarningKind:
    """What is probably wrong with `count` lines, the first of which is at `location`."""

    location: str
    count: int = 0


class EventWarnings:
    """The warnings of a run; they change nothing of what is published."""

    def __init__(self) -> None:
        self.kinds: dict[str, WarningKind] = {}
        """What is wrong, in a sentence -> where."""

    def watch(self, items: Iterable[ParsedLine]) -> Iterator[ParsedLine]:
        """Yields the lines as they are, and counts what is probably wrong with their events."""
        for item in items:
            if isinstance(item, EventLine):
                self._add(item)
            yield item

    def describe(self) -> Iterator[str]:
        """Yields what to show a person: one line for each kind."""
        for message, kind in self.kinds.items():
            more = f" ({kind.count:,} such lines)" if kind.count > 1 else ""
            yield f"warning: {kind.location}: {message}{more}"

    def to_list(self) -> list[dict[str, Any]]:
        """Returns the kinds as JSON for a machine."""
        return [
            {"where": kind.location, "message": message, "lines": kind.count} for message, kind in self.kinds.items()
        ]

    def _add(self, line: EventLine) -> None:
        try:
            raw_fields = _decode(line.event.value)
        except (msgspec.DecodeError, ValueError):  # names that are no text; a worker refuses the event and says so
            return
        fields = {name: None if raw == b"null" else raw for name, raw in raw_fields.items()}
        for message in event_warnings(_decode_type(raw_fields["type"]), fields):
            kind = self.kinds.get(message)
            if kind is None:
                if len(self.kinds) >= MAX_KINDS:
                    continue
                kind = self.kinds[message] = WarningKind(line.event.location)
            kind.count += 1

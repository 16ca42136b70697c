"""Counts the lines that are not published by the kind of reason, and keeps a few of each kind to show."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from streams.publish.lines import RefusedLine

MAX_LISTED_LINES = 3
"""Lines that are shown for one kind of reason."""
MAX_REASONS = 20
"""Kinds that are counted by themselves; a file of anything at all must not fill the memory."""

# What is quoted from a line, and numbers: without them the reasons of one kind are equal.
_SPECIFIC = re.compile(r"'(?:[^'\\]|\\.)*'|\"(?:[^\"\\]|\\.)*\"|[0-9][0-9.,]*")
_MAX_KIND_LENGTH = 300


@dataclass(slots=True)
class RefusalReason:
    """Lines that were refused for reasons of one kind; `lines` are the first of them."""

    line_count: int = 0
    lines: list[RefusedLine] = field(default_factory=list)

    @property
    def unlisted_count(self) -> int:
        """How many lines of this kind are not in `lines`."""
        return self.line_count - sum(line.line_count for line in self.lines)


class Refusals:
    """The refused lines of a run: how many, and the first of each kind of reason."""

    def __init__(self) -> None:
        self.line_count = 0
        self.other_count = 0
        """Lines with reasons of further kinds, when there are more than `MAX_REASONS`."""
        self._reasons: dict[str, RefusalReason] = {}

    def add(self, line: RefusedLine) -> None:
        """Counts a line that is not published."""
        self.line_count += line.line_count
        kind = _SPECIFIC.sub("", line.reason[:_MAX_KIND_LENGTH])
        reason = self._reasons.get(kind)
        if reason is None:
            if len(self._reasons) >= MAX_REASONS:
                self.other_count += line.line_count
                return
            reason = self._reasons[kind] = RefusalReason()
        reason.line_count += line.line_count
        if len(reason.lines) < MAX_LISTED_LINES:
            reason.lines.append(line)

    @property
    def reasons(self) -> list[RefusalReason]:
        """The kinds of reasons, in the order in which they came."""
        return list(self._reasons.values())

    @property
    def listed_lines(self) -> list[RefusedLine]:
        """The first lines of each kind."""
        return [line for reason in self._reasons.values() for line in reason.lines]

    def describe(self) -> Iterator[str]:
        """Yields what to show a person, line by line."""
        for reason in self._reasons.values():
            for line in reason.lines:
                yield f"{line.location}: {line.reason}"
            if reason.unlisted_count:
                yield f"{_more(reason.unlisted_count)} like the last"
        if self.other_count:
            yield f"{_more(self.other_count)}, for other reasons"


def _more(count: int) -> str:
    return "1 more line" if count == 1 else f"{count:,} more lines"

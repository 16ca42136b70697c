"""Carries the trace of an event (W3C Trace Context) from its record to the journal and to outputs.

The headers travel as they came. A record without them costs one look at its empty headers.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from streams.kafka.batches import Headers
from streams.tracing.headers import trace_of

# The number is the first of these bytes in an output: in a text before it the quotation marks are escaped.
_OUTPUT_OFFSET = re.compile(rb',"number":\{"partition":\d+,"offset":(\d+),')


class JournalTraces:
    """The traces of the records of one journal partition that are being decided, by offset."""

    def __init__(self) -> None:
        self._by_offset: dict[int, Headers] = {}

    def __bool__(self) -> bool:
        return bool(self._by_offset)

    def add(self, offset: int, headers: Headers) -> None:
        """Takes the headers of a record that is about to be decided."""
        trace = trace_of(headers)
        if trace:
            self._by_offset[offset] = trace

    def of_output(self, value: bytes | None) -> Headers:
        """The trace of the record that an output was decided at."""
        match = None if value is None else _OUTPUT_OFFSET.search(value)
        return () if match is None else self._by_offset.get(int(match[1]), ())

    def forget_before(self, offset: int) -> Mapping[int, Headers]:
        """All records before that offset are decided; returns their traces."""
        if not self._by_offset:
            return {}
        decided = {at: trace for at, trace in self._by_offset.items() if at < offset}
        self._by_offset = {at: trace for at, trace in self._by_offset.items() if at >= offset}
        return decided

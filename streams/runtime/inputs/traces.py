"""Carries the trace of an event (W3C Trace Context) from its record to the journal and to outputs.

The headers travel as they came. A record without them costs one look at its empty headers.
"""

from __future__ import annotations

import re

from streams.kafka.batches import Headers

TRACE_PARENT = "traceparent"
TRACE_STATE = "tracestate"

_PARENT = re.compile(rb"[0-9a-f]{2}-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}")
_STATE = re.compile(rb"[\x20-\x7e]{1,512}")
# The number is the first of these bytes in an output: in a text before it the quotation marks are escaped.
_OUTPUT_OFFSET = re.compile(rb',"number":\{"partition":\d+,"offset":(\d+),')


def trace_of(headers: Headers) -> Headers:
    """The trace headers among these; none where there is no `traceparent` of the right form."""
    parent: Headers = ()
    state: Headers = ()
    for name, value in headers:
        if name == TRACE_PARENT and value is not None and _PARENT.fullmatch(value):
            parent = ((name, value),)
        elif name == TRACE_STATE and value is not None and _STATE.fullmatch(value):
            state = ((name, value),)
    return (*parent, *state) if parent else ()


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

    def forget_before(self, offset: int) -> None:
        """All records before that offset are decided."""
        if self._by_offset:
            self._by_offset = {at: trace for at, trace in self._by_offset.items() if at >= offset}

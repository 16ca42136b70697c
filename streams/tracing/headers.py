"""The trace of a record or a request: its headers `traceparent` and `tracestate` (W3C Trace Context)."""

from __future__ import annotations

import re

from streams.kafka.batches import Headers

TRACE_PARENT = "traceparent"
TRACE_STATE = "tracestate"

_PARENT = re.compile(rb"[0-9a-f]{2}-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}")
_STATE = re.compile(rb"[\x20-\x7e]{1,512}")
_SAMPLED = 1


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


def trace_id(trace: Headers) -> str | None:
    """The id of a trace, 32 hex digits, as log lines name it; None without a trace. `trace` is of `trace_of`."""
    return trace[0][1].split(b"-")[1].decode() if trace else None


def is_sampled(trace: Headers) -> bool:
    """Whether who began the trace records it; `trace` is of `trace_of`."""
    return bool(trace) and bool(int(trace[0][1][-2:], 16) & _SAMPLED)

"""What has the form of a trace, and whether it is sampled."""

from __future__ import annotations

import pytest

from streams.kafka.batches import Headers
from streams.tracing.headers import is_sampled, trace_id, trace_of

PARENT = ("traceparent", b"00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01")
STATE = ("tracestate", b"vendor=abc")


@pytest.mark.parametrize(
    ("headers", "trace"),
    [
        pytest.param((PARENT,), (PARENT,), id="a trace"),
        pytest.param((("h", b"1"), STATE, PARENT), (PARENT, STATE), id="with its state, among others"),
        pytest.param((STATE,), (), id="a state alone"),
        pytest.param((("traceparent", b"00-" + b"0" * 32 + b"-b7ad6b7169203331-01"),), (), id="no trace id"),
        pytest.param((("traceparent", b"00-ABC"),), (), id="another form"),
        pytest.param((("traceparent", None),), (), id="no value"),
        pytest.param((PARENT, ("tracestate", b"x" * 513)), (PARENT,), id="a state that is too long"),
        pytest.param((), (), id="none"),
    ],
)
def test_a_trace_is_what_has_the_form_of_one(headers: Headers, trace: Headers) -> None:
    assert trace_of(headers) == trace


@pytest.mark.parametrize(
    ("flags", "sampled"), [("01", True), ("03", True), ("ff", True), ("00", False), ("02", False)]
)
def test_the_flag_of_who_began_the_trace_says_whether_it_is_recorded(flags: str, sampled: bool) -> None:
    value = PARENT[1][:-2] + flags.encode()
    assert is_sampled(trace_of((("traceparent", value), STATE))) is sampled
    assert not is_sampled(())


def test_log_lines_name_a_trace_by_its_id_alone() -> None:
    assert trace_id(trace_of((PARENT, STATE))) == "0af7651916cd43dd8448eb211c80319c"
    assert trace_id(()) is None

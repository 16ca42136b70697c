"""A recorder of spans in memory."""

from __future__ import annotations

from collections.abc import Mapping

from streams.kafka.batches import Headers
from streams.tracing.spans import StepKind, TracedStep

SAMPLED: Headers = (("traceparent", b"00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"),)
UNSAMPLED: Headers = (("traceparent", SAMPLED[0][1][:-2] + b"00"),)
CONTINUED: Headers = (("traceparent", SAMPLED[0][1].replace(b"b7ad", b"1111")),)


class MemorySpan:
    """A span whose events have CONTINUED; `ends` has one entry when it is over."""

    def __init__(self) -> None:
        self.trace = CONTINUED
        self.ends: list[tuple[Mapping[str, str | int], str | None]] = []

    def end(self, attributes: Mapping[str, str | int], error: str | None = None) -> None:
        """It is over."""
        self.ends.append((attributes, error))


class MemoryRecorder:
    """Keeps the steps that it takes, and the spans that it begins by name, kind and trace."""

    def __init__(self) -> None:
        self.steps: list[TracedStep] = []
        self.spans: dict[tuple[str, StepKind, Headers], MemorySpan] = {}

    def record(self, step: TracedStep) -> None:
        """Takes a step."""
        self.steps.append(step)

    def begin(self, name: str, kind: StepKind, trace: Headers) -> MemorySpan:
        """Begins a span."""
        span = self.spans[name, kind, trace] = MemorySpan()
        return span

    def close(self) -> None:
        """Fails: the process ends it."""
        raise AssertionError("what makes spans does not end their recorder")

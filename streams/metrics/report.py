"""What a worker process tells its parent when asked: its readiness, its problems, and the values of its metrics."""

from __future__ import annotations

import resource
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

import msgspec

from streams.metrics import catalog
from streams.metrics.catalog import Metric

_PAGE_BYTES = resource.getpagesize()
_STATM = Path("/proc/self/statm")


class MetricValue(msgspec.Struct, frozen=True, array_like=True):
    """A value of a metric; of a histogram `value` is the sum, and `counts` are the intervals' own counts."""

    metric: str
    labels: tuple[str, ...] = ()
    value: float = 0.0
    counts: tuple[int, ...] = ()


class SlotReport(msgspec.Struct, frozen=True):
    """A slot in this process; `since` (ms) is when it began to work here, 0 before."""

    slot: int
    since: int


class ProcessReport(msgspec.Struct, frozen=True, kw_only=True):
    """How a process is. `ready_since` (ms) is None while it is not ready.

    `hangs` are what makes it not alive although it answers, `problems` are what an operator should know.
    """

    ready_since: int | None
    slots: tuple[SlotReport, ...] = ()
    hangs: tuple[str, ...] = ()
    problems: tuple[str, ...] = ()
    values: tuple[MetricValue, ...] = ()


encode = msgspec.json.Encoder().encode
decode = msgspec.json.Decoder(ProcessReport).decode


def value_of(metric: Metric, value: float, *labels: object) -> MetricValue:
    """A value of a counter or gauge. Raises ValueError for other labels than the metric has."""
    if len(labels) != len(metric.labels):
        raise ValueError(f"{metric.name} has the labels {metric.labels}, not {labels}")
    return MetricValue(metric.name, tuple(map(str, labels)), float(value))


def counts_of(metric: Metric, counts: Iterable[tuple[str, int]]) -> Iterator[MetricValue]:
    """The values of a counter by its one label."""
    return (value_of(metric, count, label) for label, count in counts)


def process_values() -> Iterator[MetricValue]:
    """Memory and CPU time of this process."""
    usage = resource.getrusage(resource.RUSAGE_SELF)
    yield value_of(catalog.PROCESS_CPU, usage.ru_utime + usage.ru_stime)
    yield value_of(catalog.PROCESS_MEMORY, _resident_bytes(usage.ru_maxrss))


def _resident_bytes(most: int) -> int:
    """The memory now; the most so far where the system does not tell."""
    try:
        return int(_STATM.read_text().split()[1]) * _PAGE_BYTES
    except OSError:
        return most if sys.platform == "darwin" else most * 1024

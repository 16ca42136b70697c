"""The metrics of a worker as Prometheus reads them: those of all its processes, told apart by the label `role`."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from importlib.metadata import version
from itertools import accumulate

from prometheus_client import CollectorRegistry
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily
from prometheus_client.exposition import choose_encoder
from prometheus_client.metrics_core import Metric as MetricFamily
from prometheus_client.registry import Collector

from schemas.engine_versions import NEWEST_VERSION
from streams.metrics import catalog
from streams.metrics.catalog import METRICS, Metric, MetricKind
from streams.metrics.report import MetricValue, counts_of, value_of
from streams.metrics.worker import ProcessState, WorkerState

RoleValues = Mapping[str, list[tuple[str, MetricValue]]]
"""Metric -> the role and the value of each of its series."""


class WorkerCollector(Collector):
    """The metrics of one state of a worker."""

    def __init__(self, state: WorkerState) -> None:
        self._state = state

    def collect(self) -> Iterator[MetricFamily]:
        """The metrics that have a value, in the catalog's order; called by prometheus_client."""
        values = role_values(self._state)
        for name, metric in METRICS.items():
            if name in values:
                yield to_family(metric, values[name])


def metrics_text(state: WorkerState, accept: str) -> tuple[bytes, str]:
    """The metrics in the format that the header `Accept` asks for, and its content type."""
    registry = CollectorRegistry(auto_describe=False)
    registry.register(WorkerCollector(state))
    encode, content_type = choose_encoder(accept)
    return encode(registry), content_type


def role_values(state: WorkerState) -> RoleValues:
    """The values of all processes, and of the worker itself under the role ""."""
    values: defaultdict[str, list[tuple[str, MetricValue]]] = defaultdict(list)
    info = value_of(catalog.WORKER_INFO, 1, state.name, version("leadstream"), NEWEST_VERSION)
    values[info.metric].append(("", info))
    for process in state.processes:
        for value in process_values(process):
            values[value.metric].append((process.role, value))
    return values


def process_values(process: ProcessState) -> Iterator[MetricValue]:
    """What the parent knows of a process, and what that reported."""
    yield value_of(catalog.PROCESS_UP, process.is_up)
    yield value_of(catalog.PROCESS_READY, process.is_ready)
    if process.started_at:  # alerts count how often it changes, and 0 would be one time more
        yield value_of(catalog.PROCESS_START, process.started_at / 1000)
    yield from counts_of(catalog.PROCESS_FAILURES, ((str(code), n) for code, n in process.failures.items()))
    if process.report is not None:
        yield from process.report.values


def to_family(metric: Metric, values: Iterable[tuple[str, MetricValue]]) -> MetricFamily:
    """One metric with all its series, as prometheus_client has it."""
    labels = ("role", *metric.labels)
    if metric.kind is MetricKind.HISTOGRAM:
        histogram = HistogramMetricFamily(metric.name, metric.help, labels=labels)
        for role, value in values:
            bounds = [*map(str, metric.bounds), "+Inf"]
            buckets = list(zip(bounds, map(float, accumulate(value.counts)), strict=True))
            histogram.add_metric((role, *value.labels), buckets, value.value)
        return histogram
    is_counter = metric.kind is MetricKind.COUNTER
    family = (CounterMetricFamily if is_counter else GaugeMetricFamily)(metric.name, metric.help, labels=labels)
    for role, value in values:
        family.add_metric((role, *value.labels), value.value)
    return family

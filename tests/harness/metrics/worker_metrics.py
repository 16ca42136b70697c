"""Reads health and metrics of a worker over HTTP, as Prometheus and Kubernetes do."""

from __future__ import annotations

import json
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
from prometheus_client.parser import text_string_to_metric_families

Series = tuple[str, frozenset[tuple[str, str]]]
"""The name of a series and its labels."""


class WorkerMetrics:
    """The metrics of one worker at `address` (HOST:PORT), and every value of each series that was seen so far."""

    def __init__(self, address: str) -> None:
        self.address = address
        self.values_seen: defaultdict[Series, set[float]] = defaultdict(set)
        self._stopping = threading.Event()

    def read(self) -> Mapping[Series, float]:
        """All series now."""
        answer = httpx.get(f"http://{self.address}/metrics", timeout=10)
        assert answer.status_code == 200, answer.text
        series: dict[Series, float] = {}
        for family in text_string_to_metric_families(answer.text):
            for sample in family.samples:
                key = (sample.name, frozenset(sample.labels.items()))
                assert key not in series, f"{key} stands there twice"
                series[key] = sample.value
                self.values_seen[key].add(sample.value)
        return series

    @contextmanager
    def reading(self) -> Iterator[None]:
        """Reads them all the time while the block runs."""

        def read_until_stopped() -> None:
            while not self._stopping.wait(0.05):
                self.read()

        with ThreadPoolExecutor(1) as executor:
            reading = executor.submit(read_until_stopped)
            try:
                yield
            finally:
                self._stopping.set()
                reading.result()

    def total(self, name: str, **labels: str) -> float:
        """The sum of the series of that name with these labels now."""
        wanted = set(labels.items())
        return sum(value for (each, given), value in self.read().items() if each == name and wanted <= given)

    def health(self, kind: str) -> tuple[int, Any]:
        """The status code and the body of `live` or `ready`."""
        answer = httpx.get(f"http://{self.address}/health/{kind}", timeout=10)
        return answer.status_code, answer.json()

    def names_seen(self) -> set[str]:
        """The names of all series so far."""
        return {name for name, _ in tuple(self.values_seen)}

    def values_of(self, name: str) -> set[float]:
        """Every value of all series of that name so far."""
        return {value for (each, _), values in tuple(self.values_seen.items()) if each == name for value in values}

    def moving_names(self) -> set[str]:
        """The names of series that had more than one value."""
        return {name for (name, _), values in tuple(self.values_seen.items()) if len(values) > 1}


def logged_address(log: Path, seconds: float = 60.0) -> str:
    """The address that a worker says that it serves its metrics on."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        for line in log.read_text(errors="replace").splitlines():
            if '"event": "metrics"' in line:
                address: str = json.loads(line)["address"]
                return address
        time.sleep(0.05)
    raise AssertionError(f"no address of metrics in {log}: {log.read_text(errors='replace')[-2000:]}")


def wait_for(condition: Callable[[], bool], what: str, seconds: float = 120.0) -> None:
    """Asks again and again, several times a second; fails after `seconds`."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, f"not within {seconds:.0f} s: {what}"
        time.sleep(0.05)

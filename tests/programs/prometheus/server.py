"""A real Prometheus with the configuration that Leadstream ships, whose targets are on loopback."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import httpx

from connectors.ports import free_port
from tests.harness.deployment.pipeline import wait_until
from tests.harness.metrics.metric_names import ALERTS, load_yaml
from tests.harness.project_files import PROJECT_ROOT

CONFIGURATION = PROJECT_ROOT / "docker" / "prometheus" / "prometheus.yml"
START_SECONDS = 60.0


class PrometheusMissing(Exception):
    """Prometheus is not installed."""


class PrometheusServer:
    """Scrapes `targets` (HOST:PORT) every second. A context manager: it ends the process."""

    def __init__(self, folder: Path, targets: Sequence[str]) -> None:
        self._folder = folder
        self._targets = targets
        self._port = free_port()
        self._client = httpx.Client(base_url=f"http://127.0.0.1:{self._port}", timeout=30)
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        program = shutil.which("prometheus")
        if program is None:
            raise PrometheusMissing("prometheus is not installed: `apt-get install prometheus` brings it")
        command = [program, f"--config.file={self._write_configuration()}"]
        command += [f"--storage.tsdb.path={self._folder / 'data'}", f"--web.listen-address=127.0.0.1:{self._port}"]
        with (self._folder / "prometheus.log").open("wb") as log:
            self._process = subprocess.Popen(command, stdout=log, stderr=log)
        wait_until(self._is_ready, START_SECONDS, "Prometheus does not start")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._client.close()
        if self._process is not None:
            self._process.terminate()
            self._process.wait(30)

    def ask(self, path: str, **parameters: str) -> Any:
        """The data of an answer of Prometheus' API. Raises httpx.HTTPStatusError for a faulty expression."""
        answer = self._client.get(f"/api/v1/{path}", params=parameters)
        answer.raise_for_status()
        return answer.json()["data"]

    def count_series(self, expression: str) -> int:
        """How many series an expression has now."""
        return len(self.ask("query", query=expression)["result"])

    def _is_ready(self) -> bool:
        try:
            return self._client.get("/-/ready").status_code == 200
        except httpx.TransportError:
            return False

    def _write_configuration(self) -> Path:
        """The configuration that is shipped, but for its targets and its paces; JSON is YAML."""
        configuration = load_yaml(CONFIGURATION)
        configuration["global"] = {"scrape_interval": "1s", "evaluation_interval": "1s"}
        configuration["rule_files"] = [str(ALERTS)]
        [job] = configuration["scrape_configs"]
        del job["dns_sd_configs"]
        job["static_configs"] = [{"targets": list(self._targets)}]
        path = self._folder / "prometheus.yml"
        path.write_text(json.dumps(configuration))
        return path

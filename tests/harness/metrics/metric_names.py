"""The metrics that the Grafana dashboard and the alert rules name."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

from tests.harness.project_files import PROJECT_ROOT

ALERTS = PROJECT_ROOT / "docker" / "prometheus" / "alerts.yml"
ALERT_TESTS = PROJECT_ROOT / "docker" / "prometheus" / "alerts_test.yml"
DASHBOARD = PROJECT_ROOT / "docker" / "grafana" / "dashboards" / "leadstream.json"

_NAME = re.compile(r"\bleadstream_[a-z_]+")
_SELECTOR = re.compile(r"\b(leadstream_[a-z_]+)\{([^}]*)\}")
_LABEL = re.compile(r"(\w+)\s*(?:=~|!~|!=|=)")
_GROUPING = re.compile(r"\bby \(([^)]*)\)")

OF_PROMETHEUS = frozenset({"instance", "job", "le"})
"""Labels that Prometheus adds, and that of a histogram's buckets."""


def load_yaml(path: Path) -> Any:
    """The content of a YAML file."""
    return YAML(typ="safe").load(path.read_text())


def alert_rules() -> list[dict[str, Any]]:
    """The alert rules."""
    return [rule for group in load_yaml(ALERTS)["groups"] for rule in group["rules"]]


def dashboard() -> dict[str, Any]:
    """The dashboard."""
    loaded: dict[str, Any] = json.loads(DASHBOARD.read_text())
    return loaded


def expressions() -> Iterator[str]:
    """Every expression of alerts and dashboard."""
    yield from (rule["expr"] for rule in alert_rules())
    for panel in dashboard()["panels"]:
        yield from (target["expr"] for target in panel.get("targets", ()))


def series_names() -> set[str]:
    """The names of series in all expressions."""
    return {name for expression in expressions() for name in _NAME.findall(expression)}


def labels_used(expression: str) -> Iterator[tuple[str, str]]:
    """Pairs of a series' name and a label that an expression picks it by."""
    for name, selector in _SELECTOR.findall(expression):
        yield from ((name, label) for label in _LABEL.findall(selector))


def labels_grouped(expression: str) -> set[str]:
    """The labels that an expression groups by."""
    return {label.strip() for group in _GROUPING.findall(expression) for label in group.split(",")}

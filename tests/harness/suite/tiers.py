"""Markers by folder: `pytest -m kafka` and the like choose what a test needs."""

from __future__ import annotations

from pathlib import Path

import pytest

TIERS = {
    "unit": "unit",
    "property": "property",
    "integration": "kafka",
    "architecture": "architecture",
}
"""Folder below tests/ -> marker."""


def mark_tiers(items: list[pytest.Item], tests: Path) -> None:
    """Marks each test with the tier of its folder below `tests`."""
    for item in items:
        if item.path.is_relative_to(tests):
            folder = item.path.relative_to(tests).parts[0]
            if folder in TIERS:
                item.add_marker(TIERS[folder])

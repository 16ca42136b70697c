"""Nobody but `schemas/time_zones.py` makes a time zone, and its rules are those of one version of one package."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

from tests.harness.project_files import PROJECT_ROOT, project_files

PLACE = Path("schemas/time_zones.py")
PRODUCT = {"schemas", "streams", "agents", "connectors"}
MAKES_A_ZONE = re.compile(
    r"ZoneInfo(\.\w+)?\("  # looks at the machine's zone files first
    r"|available_timezones|reset_tzpath|zoneinfo\.TZPATH"
    r"|dateutil\.tz|dateutil import tz|\bpytz\b|\btzlocal\b"
    r"|\.astimezone\(\)|\btime\.localtime\b|fromtimestamp\([^,()]*\)"  # the machine's own zone
)


def test_zones_are_made_in_one_place() -> None:
    sources = [path for path in project_files() if path.suffix == ".py" and path.parts[0] in PRODUCT]
    found = [path for path in sources if MAKES_A_ZONE.search((PROJECT_ROOT / path).read_text())]
    assert found == [PLACE]


def test_zone_rules_are_pinned_to_one_version() -> None:
    wanted = tomllib.loads((PROJECT_ROOT / "pyproject.toml").read_text())["project"]["dependencies"]
    assert [one for one in wanted if re.fullmatch(r"tzdata==[0-9.]+", one)] != []

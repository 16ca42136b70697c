"""Time zones have the names and rules of the tzdata package on every machine."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from importlib.resources import as_file, files
from pathlib import Path

import pytest

from schemas.time_zones import find_zone, require_zone, zone_names
from streams.engine.validation import validate_definitions
from streams.engine.validation.problem import path_text
from tests.harness.engine.conditions import compile_dict, contact, evaluation_context
from tests.harness.engine.reference_evaluator import ContactModel
from tests.harness.engine.reference_evaluator import holds as naive_holds

NO_ZONES = [
    *("localtime", "posixrules", "Factory", "right/Europe/Berlin", "posix/Europe/Berlin"),
    *("europe/berlin", "EUROPE/BERLIN", "Europe", "Europe/", "/etc/localtime", "../zones", "zone.tab", ""),
]
PROGRAM = """
from datetime import datetime
from schemas.time_zones import require_zone
print(require_zone("Asia/Tokyo").utcoffset(datetime(2026, 3, 1)))
"""


@pytest.mark.parametrize("name", NO_ZONES)
def test_a_name_that_is_not_in_the_list_is_no_zone(name: str) -> None:
    assert find_zone(name) is None
    checked = validate_definitions({"time_zone": name})
    assert [path_text(problem.path) for problem in checked.problems] == ["time_zone"]
    assert "is not a time zone" in checked.problems[0].message


def test_every_name_of_the_list_is_a_zone_and_always_the_same_one() -> None:
    assert {"UTC", "Europe/Berlin", "America/Argentina/Buenos_Aires", "Etc/GMT+5"} <= zone_names()
    assert all(require_zone(name) is find_zone(name) for name in zone_names())
    assert all(str(find_zone(name)) == name for name in zone_names())


def test_an_unknown_zone_is_refused_where_one_is_required() -> None:
    with pytest.raises(KeyError, match="'localtime' is not a time zone"):
        require_zone("localtime")


@pytest.mark.parametrize("name", ["localtime", "asia/tokyo", "posix/Asia/Tokyo", "", 5])
def test_a_contact_with_an_unknown_zone_has_that_of_the_account(name: object) -> None:
    leaf = {"property": "day", "eq": "2026-03-11", "in_zone": "contact"}
    for at, expected in (("2026-03-10T23:30:00Z", True), ("2026-03-11T23:30:00Z", False)):
        properties = {"day": at, "time_zone": name}
        node = compile_dict(leaf, "Europe/Berlin", day="datetime").node
        assert node.holds(evaluation_context(contact(properties=properties))) is expected
        assert naive_holds(leaf, ContactModel(properties, {"day": "datetime"}, zone="Europe/Berlin"), 0) is expected


def test_the_zones_of_the_machine_do_not_matter(tmp_path: Path) -> None:
    with as_file(files("tzdata").joinpath("zoneinfo", "UTC")) as utc:
        (tmp_path / "Asia").mkdir()
        shutil.copy(utc, tmp_path / "Asia" / "Tokyo")
    environment = {**os.environ, "PYTHONTZPATH": str(tmp_path)}
    process = subprocess.run(
        [sys.executable, "-c", PROGRAM], env=environment, capture_output=True, text=True, check=True
    )
    assert process.stdout.strip() == "9:00:00"

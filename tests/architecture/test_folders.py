"""Folders: few enough modules that a reader sees all of them, and unit tests where the code is."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

from tests.harness.project_files import project_files

MOST_MODULES = 20
PRODUCT = ("schemas", "streams", "agents", "connectors")
UNIT = Path("tests/unit")

# Folders of tests/unit that test what is no package of the product: its documents, its container files, the tests'
# own tools and the benchmarks.
BESIDE_THE_PRODUCT = ("benchmarks", "docker", "docs", "harness", "programs")

# Packages that integration or property tests cover, each with the reason why a unit test would say nothing more.
WITHOUT_UNIT_TESTS = {
    "connectors": "free ports on loopback, used by every integration test",
    "schemas/events": "models; tests/unit/streams/engine/journal validates every event with them",
    "schemas/outputs": "models; tests/unit/streams/engine/decisions holds outputs against them",
    "connectors/salesforce_sandbox/control": "tests/integration/salesforce/stand_in/test_people.py calls it",
    "connectors/salesforce_sandbox/rest": "tests/integration/salesforce/stand_in calls it",
    "schemas/views": "models; tests/integration/views/test_reader.py holds answers against the topics",
    "streams/cli/campaigns": "tests/integration/outputs/test_campaign_report.py runs the command",
    "streams/cli/salesforce": "tests/integration/salesforce/test_command.py runs the commands",
    "streams/cli/read_side": "processes: tests/integration/serve and tests/integration/views run them",
    "streams/engine/conditions/regex": "tests/property/conditions/test_regex.py, and conditions/test_text.py",
}


def test_a_folder_has_at_most_twenty_modules() -> None:
    counts = Counter(path.parent for path in project_files() if path.suffix == ".py" and path.name != "__init__.py")
    assert len(counts) > 50
    assert {str(folder): count for folder, count in counts.items() if count > MOST_MODULES} == {}


def test_unit_tests_mirror_the_packages() -> None:
    tested = folders_with_tests()
    strangers = {
        folder for folder in tested if folder.parts[0] not in BESIDE_THE_PRODUCT and folder not in packages()
    }
    assert strangers == set()


def test_every_package_has_a_unit_test_or_a_reason_for_none() -> None:
    tested = folders_with_tests()
    untested = {str(package) for package in packages() - tested}
    assert untested == set(WITHOUT_UNIT_TESTS)


def folders_with_tests() -> set[Path]:
    """The folders of tests/unit that hold tests, relative to it."""
    return {path.parent.relative_to(UNIT) for path in project_files() if UNIT in path.parents}


def packages() -> set[Path]:
    """The folders of the product that hold modules."""
    modules = [path for path in project_files() if path.suffix == ".py" and path.parts[0] in PRODUCT]
    return {path.parent for path in modules if path.name != "__init__.py"}

"""The page on the stand-in names every control call, every setting and every fault, and no other."""

from __future__ import annotations

import re
from dataclasses import fields
from typing import get_args

from connectors.salesforce_sandbox.control.administration import ACTIONS as ADMINISTRATION
from connectors.salesforce_sandbox.control.people import ACTIONS as PEOPLE
from connectors.salesforce_sandbox.faults import Fault, FaultKind
from connectors.salesforce_sandbox.org import OrgSettings
from connectors.salesforce_sandbox.records.sales import SOBJECTS
from connectors.salesforce_sandbox.rest.resources import FIRST_VERSION, LAST_VERSION
from tests.harness.project_files import PROJECT_ROOT

TEXT = (PROJECT_ROOT / "docs" / "salesforce-stand-in.md").read_text()


def section(heading: str) -> str:
    """The text below a heading, up to the next one."""
    return TEXT.split(f"## {heading}", 1)[1].split("\n## ", 1)[0]


def first_cells(text: str) -> set[str]:
    """The names in code in the first cells of tables."""
    cells = re.findall(r"^\| (`[^|]*) \|", text, re.MULTILINE)
    return {name for cell in cells for name in re.findall(r"`(\w+)`", cell)}


def test_every_control_call_has_its_row() -> None:
    assert first_cells(section("What people do: control calls")) == {*PEOPLE, *ADMINISTRATION, "reset"}


def test_every_fault_and_each_of_its_parts_is_there() -> None:
    text = section("Faults")
    assert first_cells(text) - {"kind"} == set(get_args(FaultKind))
    assert {each.name for each in fields(Fault)} <= set(re.findall(r"`(\w+)`", text))


def test_every_setting_is_there() -> None:
    [row] = [line for line in TEXT.splitlines() if line.startswith("| `settings`")]
    assert {each.name for each in fields(OrgSettings)} <= set(re.findall(r"`(\w+)`", row))


def test_objects_and_versions_are_those_of_the_org() -> None:
    text = section("What it still does not do")
    assert all(name in text for name in SOBJECTS)
    assert f"versions {FIRST_VERSION}.0 to {LAST_VERSION}.0" in section("What it does as a real org does")

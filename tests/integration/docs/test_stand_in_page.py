"""The first try on the page of the stand-in works as it stands there."""

from __future__ import annotations

import json
import subprocess

from tests.harness.docs.guide import blocks
from tests.harness.project_files import PROJECT_ROOT
from tests.harness.salesforce.sandbox import run_sandbox

TEXT = (PROJECT_ROOT / "docs" / "salesforce-stand-in.md").read_text()


def test_the_first_try_makes_a_lead_and_an_opportunity() -> None:
    [script] = [block.text for block in blocks(TEXT) if block.kind == "sh"]
    with run_sandbox() as sandbox:
        commands = script.replace("http://127.0.0.1:8090", sandbox.url)
        result = subprocess.run(["bash", "-euc", commands], capture_output=True, text=True, timeout=60, check=True)
        [opportunity] = sandbox.live_records("Opportunity")
    assert '"created": true' in result.stdout
    assert opportunity["Amount"] == 1000.0


def test_the_fault_of_the_page_can_be_ordered() -> None:
    [order] = [json.loads(block.text) for block in blocks(TEXT) if block.kind == "json"]
    with run_sandbox() as sandbox:
        sandbox.post("faults", **order)
        assert [fault["probability"] for fault in sandbox.get("faults")] == [0.02]

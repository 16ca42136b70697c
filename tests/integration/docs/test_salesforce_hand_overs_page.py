"""The page on hand-overs is correct: its story in the stand-in org, its codes in the product."""

from __future__ import annotations

import json
from typing import Any

import pytest

from connectors.salesforce.handover import handover_records, memberships, planning
from schemas.definitions import Salesforce
from tests.harness.docs.guide import blocks, parse_yaml
from tests.harness.project_files import PROJECT_ROOT
from tests.harness.salesforce.handovers import answers_of, delivery_to, lead_of
from tests.harness.salesforce.sandbox import run_sandbox

TEXT = (PROJECT_ROOT / "docs" / "salesforce-hand-overs.md").read_text()
CODES = (
    handover_records.DELETED_IN_CRM,
    handover_records.DO_NOT_SYNC,
    memberships.CAMPAIGN_UNKNOWN,
    memberships.MEMBER_STATUS_UNKNOWN,
    planning.NO_RECORD,
)


def block(kind: str) -> str:
    (text,) = (each.text for each in blocks(TEXT) if each.kind == kind)
    return text


def test_the_lead_of_the_page_holds_after_each_step_what_the_page_says() -> None:
    mapping = Salesforce.model_validate(parse_yaml(block("yaml mapping")))
    steps: list[dict[str, Any]] = [json.loads(line) for line in block("json story").splitlines()]
    assert len(steps) == 5
    with run_sandbox() as sandbox:
        for number, step in enumerate(steps, 1):
            if "sales" in step:
                [lead] = sandbox.live_records("Lead")
                sandbox.post("edit", type="Lead", id=lead["Id"], **step["sales"])
                continue
            occasions = tuple(step["occasions"]) if "occasions" in step else None
            answers_of(delivery_to(sandbox, mapping), lead_of(offset=number, update=occasions, **step["contact"]))
            [lead] = sandbox.live_records("Lead")
            assert {name: lead[name] for name in step["lead"]} == step["lead"], step


@pytest.mark.parametrize("code", CODES)
def test_the_page_names_every_code_of_our_own(code: str) -> None:
    assert f"`{code}`" in TEXT

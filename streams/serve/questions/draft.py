"""Plans a draft of definitions; runs in a process of its own, since a draft may be long.

The server names the function and does not need what it needs, so that is imported in that process.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import TYPE_CHECKING

from schemas.engine_versions import EngineVersion
from streams.progress import ignore_progress
from streams.serve.answers.plans import PlanDetails
from streams.serve.answers.questions import PlannedAccount
from streams.serve.problems import FaultyField
from streams.settings import Settings

if TYPE_CHECKING:
    from streams.definitions.deployment_plan import PlanResult

DRAFT = "the draft"
MAX_PROBLEMS = 50


def plan_draft_text(
    settings: Settings, text: str, versions: Mapping[str, EngineVersion], *, quick: bool
) -> tuple[int, list[FaultyField], list[PlannedAccount]]:
    """How many mistakes there are, the first ones, and without any the plan of each account.

    `versions`: account -> the engine version of its latest release. Raises DefinitionsRefused for definitions that
    need deleted records, TopicsMissing, BrokerUnavailable.
    """
    from streams.definitions.deployment_plan import plan_accounts  # noqa: PLC0415 - see the module's docstring
    from streams.definitions.load import load_definitions_text  # noqa: PLC0415

    loaded = load_definitions_text(DRAFT, text, versions)
    if loaded.problems:
        faults = [
            FaultyField(where=each.path or "body.text", message=each.message, line=each.line or None)
            for each in loaded.problems[:MAX_PROBLEMS]
        ]
        return len(loaded.problems), faults, []
    plan = plan_accounts(
        settings, loaded.accounts, quick=quick, on_message=lambda _text: None, on_progress=ignore_progress
    )
    return 0, [], [_planned(result) for result in asyncio.run(plan)]


def _planned(result: PlanResult) -> PlannedAccount:
    lines = list(result.diff.lines())
    if result.preview_report is not None:
        lines += [f"  {line}" for line in result.preview_report.lines()]
    plan = PlanDetails.model_validate(result.to_dict())
    return PlannedAccount(account=result.diff.account, based_on=result.diff.based_on, lines=lines, plan=plan)

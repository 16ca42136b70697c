"""Definitions: what is in force, what was, and what a draft would change.

What plans and compares is imported in the thread of the first question: the server starts without it.
"""

from __future__ import annotations

import io
from collections.abc import Mapping
from functools import partial
from typing import TYPE_CHECKING, Any

from fastapi import APIRouter

from schemas.events.base import DEFAULT_ACCOUNT
from schemas.values import instant_text
from streams.progress import ignore_progress
from streams.serve.answers.definitions import AppliedRelease, HistoryAnswer
from streams.serve.answers.questions import DraftDefinitions, DraftPlan, PlannedAccount
from streams.serve.context import AskerOfRequest, Context
from streams.serve.parameters import AccountParam
from streams.serve.problems import FaultyField, HttpProblem
from streams.settings import Settings

if TYPE_CHECKING:
    from streams.definitions.deployment_plan import PlanResult
    from streams.definitions.history import ReleaseHistory
    from streams.definitions.load import AccountDefinitions, LoadedDefinitions

router = APIRouter(tags=["definitions"])

DRAFT = "the draft"
MAX_PROBLEMS = 50


@router.get("/definitions", summary="Show the definitions in force")
async def show_definitions(context: Context, account: AccountParam = DEFAULT_ACCOUNT) -> AppliedRelease:
    """The latest release as it was applied."""
    release = await context.definitions.release(account)
    return AppliedRelease(
        account=account,
        number=release.number,
        hash=release.hash,
        arrival=instant_text(release.arrival),
        engine_version=release.definitions.engine_version,
        definitions=dict(release.document),
        text=_yaml(release.document),
    )


@router.get("/definitions/history", summary="List the releases of an account")
async def list_history(
    context: Context, asker: AskerOfRequest, account: AccountParam = DEFAULT_ACCOUNT
) -> HistoryAnswer:
    """What each changed, and in how many partitions it decides. It reads the checkpoints of all partitions."""
    await context.definitions.release(account)
    history = await asker.ask(partial(_read_history, context.settings, account))
    return HistoryAnswer.model_validate(history.to_dict())


@router.post("/definitions/plan", summary="Plan a draft")
async def plan_draft(context: Context, asker: AskerOfRequest, draft: DraftDefinitions) -> DraftPlan:
    """What applying the draft would change, and who would enter and leave; nothing is written.

    Unless `quick` it scans all contacts, and the journal for what is asked of the past: few such questions run at a
    time, each for at most a minute.
    """
    log = await context.definitions.log()
    loaded = await asker.ask(partial(_load, draft.text, log.engine_versions()))
    if loaded.problems:
        raise HttpProblem(
            "invalid",
            f"the draft cannot be applied: {len(loaded.problems)} mistakes in it",
            errors=[
                FaultyField(where=each.path or "body.text", message=each.message, line=each.line or None)
                for each in loaded.problems[:MAX_PROBLEMS]
            ],
        )
    results = await asker.ask(partial(_plan, context.settings, loaded.accounts, draft.quick))
    return DraftPlan(accounts=[_planned(result) for result in results])


async def _load(text: str, versions: Mapping[str, Any]) -> LoadedDefinitions:
    from streams.definitions.load import load_definitions_text  # noqa: PLC0415 - see the module's docstring

    return load_definitions_text(DRAFT, text, versions)


async def _plan(settings: Settings, accounts: Mapping[str, AccountDefinitions], quick: bool) -> list[PlanResult]:
    from streams.definitions.deployment_plan import plan_accounts  # noqa: PLC0415 - see the module's docstring

    return await plan_accounts(
        settings, accounts, quick=quick, on_message=lambda _text: None, on_progress=ignore_progress
    )


def _planned(result: PlanResult) -> PlannedAccount:
    lines = list(result.diff.lines())
    if result.preview_report is not None:
        lines += [f"  {line}" for line in result.preview_report.lines()]
    return PlannedAccount(
        account=result.diff.account, based_on=result.diff.based_on, lines=lines, plan=result.to_dict()
    )


async def _read_history(settings: Settings, account: str) -> ReleaseHistory:
    from streams.definitions.history import build_release_history  # noqa: PLC0415 - see the module's docstring
    from streams.store.store import decider_checkpoint, open_store  # noqa: PLC0415

    async with open_store(settings) as store:
        statuses = [
            decider_checkpoint(await store.read_slot_checkpoint(number)).standing
            for number in range(store.slot_count)
        ]
        # The releases are read last, so that every release that a status names is among them.
        return build_release_history(account, await store.read_releases(), statuses)


def _yaml(document: Mapping[str, Any]) -> str:
    from ruamel.yaml import YAML  # noqa: PLC0415 - slow to import, and few requests need it

    text = io.StringIO()
    YAML().dump(dict(document), text)
    return text.getvalue()

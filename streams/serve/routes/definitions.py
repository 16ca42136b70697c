"""Definitions: what is in force, what was, and what a draft would change.

What plans and compares is imported in the thread of the first question: the server starts without it.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from fastapi import APIRouter

from schemas.events.base import DEFAULT_ACCOUNT
from schemas.values import instant_text
from streams.serve.answers.definitions import AppliedRelease, HistoryAnswer
from streams.serve.answers.questions import DraftDefinitions, DraftPlan
from streams.serve.context import AskerOfRequest, Context
from streams.serve.parameters import AccountParam
from streams.serve.problems import HttpProblem
from streams.serve.questions.draft import plan_draft_text
from streams.settings import Settings

if TYPE_CHECKING:
    from streams.definitions.history import ReleaseHistory

router = APIRouter(tags=["definitions"])

PLAN_SECONDS = 60.0


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
        text=await context.definition_texts.text(release),
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

    Unless `quick` it scans all contacts, and the journal for what is asked of the past. One draft is planned at a
    time, for at most a minute; few wait for it.
    """
    log = await context.definitions.log()
    count, faults, accounts = await asker.call(
        context.plans,
        partial(plan_draft_text, quick=draft.quick),
        context.settings,
        draft.text,
        dict(log.engine_versions()),
        seconds=PLAN_SECONDS,
    )
    if count:
        mistakes = "1 mistake" if count == 1 else f"{count} mistakes"
        raise HttpProblem("invalid", f"the draft cannot be applied: {mistakes} in it", errors=faults)
    return DraftPlan(accounts=accounts)


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

"""Why a contact is in a segment or campaign, or not."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import partial
from typing import Annotated, Any

from fastapi import APIRouter, Query

from schemas.events.base import DEFAULT_ACCOUNT
from schemas.values import Slug
from streams.errors import DataError, UsageError
from streams.explain.answer import Question
from streams.explain.explanation import explain_past, explain_present
from streams.progress import ignore_progress
from streams.serve.context import AskerOfRequest, Context
from streams.serve.parameters import AccountParam, ContactParam, InstantParam, faulty
from streams.serve.problems import HttpProblem

router = APIRouter(tags=["contacts"])

WhySegment = Annotated[Slug | None, Query(description="Why it is in this segment, or not.", examples=["vip"])]
WhyCampaign = Annotated[Slug | None, Query(description="Where its lead in this campaign stands, and why.")]
JournalQuery = Annotated[
    bool, Query(description="Without `at`: with the events and past changes, as of now. Scans the journal.")
]


@router.get("/contacts/{contact}/why", summary="Tell why a contact is in a segment or campaign")
async def explain_contact(
    context: Context,
    asker: AskerOfRequest,
    *,
    contact: ContactParam,
    account: AccountParam = DEFAULT_ACCOUNT,
    segment: WhySegment = None,
    campaign: WhyCampaign = None,
    at: InstantParam = None,
    journal: JournalQuery = False,
) -> dict[str, Any]:
    """Leaf by leaf, with the events that decided it. It scans the contact's partition: of the contacts' rows, or,
    with `at` or `journal`, of the journal. Few such questions run at a time, each for at most a minute.
    """
    if (segment is None) == (campaign is None):
        raise faulty("query", "name either a `segment` or a `campaign`")
    await context.definitions.release(account)
    question = Question(account, contact, segment or campaign or "", prefers_campaign=campaign is not None)
    settings = context.settings
    explain: Callable[[], Awaitable[dict[str, Any]]] = partial(explain_present, settings, question, ignore_progress)
    if at is not None or journal:
        explain = partial(explain_past, settings, question, at, ignore_progress)
    try:
        return await asker.ask(explain)
    except (UsageError, DataError) as error:
        raise HttpProblem("not-found", str(error)) from error

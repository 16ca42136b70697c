"""Why a contact is in a segment or campaign, or not."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Query

from schemas.events.base import DEFAULT_ACCOUNT
from schemas.values import Slug
from streams.explain.answer import Question
from streams.explain.explanation import explain_past, explain_present
from streams.progress import ignore_progress
from streams.serve.context import Context
from streams.serve.parameters import AccountParam, ContactParam, InstantParam, faulty

router = APIRouter(tags=["contacts"])

WhySegment = Annotated[Slug | None, Query(description="Why it is in this segment, or not.", examples=["vip"])]
WhyCampaign = Annotated[Slug | None, Query(description="Where its lead in this campaign stands, and why.")]
JournalQuery = Annotated[
    bool, Query(description="Without `at`: with the events and past changes, as of now. Scans the journal.")
]


@router.get("/contacts/{contact}/why", summary="Tell why a contact is in a segment or campaign")
async def explain_contact(
    context: Context,
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
    if segment is not None:
        await context.definitions.release(account)
        question = Question(account, contact, segment)
    else:
        await context.definitions.release(account)
        question = Question(account, contact, campaign or "", prefers_campaign=True)
    settings = context.settings
    if at is not None or journal:
        return await context.questions.ask(lambda: explain_past(settings, question, at, ignore_progress))
    return await context.questions.ask(lambda: explain_present(settings, question, ignore_progress))

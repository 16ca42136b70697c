"""Why a contact is in a segment or campaign, or not.

What explains is imported in the thread of the first question: the server starts without it.
"""

from __future__ import annotations

from functools import partial
from typing import Annotated, Any

from fastapi import APIRouter, Query

from schemas.events.base import DEFAULT_ACCOUNT
from schemas.values import Slug
from streams.errors import DataError, UsageError
from streams.progress import ignore_progress
from streams.serve.answers.explain import ContactExplanation
from streams.serve.context import AskerOfRequest, Context
from streams.serve.parameters import AccountParam, ContactParam, InstantParam, faulty
from streams.serve.problems import HttpProblem
from streams.settings import Settings

router = APIRouter(tags=["contacts"])

WhySegment = Annotated[Slug | None, Query(description="Why it is in this segment, or not.", examples=["vip"])]
WhyCampaign = Annotated[Slug | None, Query(description="Where its lead in this campaign stands, and why.")]
JournalQuery = Annotated[
    bool, Query(description="Without `at`: with the events and past changes, as of now. Scans the journal.")
]


@router.get(
    "/contacts/{contact}/why",
    summary="Tell why a contact is in a segment or campaign",
    response_model_exclude_unset=True,
)
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
) -> ContactExplanation:
    """Leaf by leaf, with the events that decided it. It scans the contact's partition: of the contacts' rows, or,
    with `at` or `journal`, of the journal. Few such questions run at a time, each for at most a minute.
    """
    if (segment is None) == (campaign is None):
        raise faulty("query", "name either a `segment` or a `campaign`")
    await context.definitions.release(account)
    subject = segment or campaign or ""
    explain = partial(_explain, context.settings, account, contact, subject, prefers_campaign=campaign is not None)
    try:
        found = await asker.ask(partial(explain, at=at, is_past=at is not None or journal))
        return ContactExplanation.model_validate(found)
    except (UsageError, DataError) as error:
        raise HttpProblem("not-found", str(error)) from error


async def _explain(
    settings: Settings,
    account: str,
    contact: str,
    subject: str,
    *,
    prefers_campaign: bool,
    at: int | None,
    is_past: bool,
) -> dict[str, Any]:
    from streams.explain.answer import Question  # noqa: PLC0415 - see the module's docstring
    from streams.explain.explanation import explain_past, explain_present  # noqa: PLC0415

    question = Question(account, contact, subject, prefers_campaign)
    if is_past:
        return await explain_past(settings, question, at, ignore_progress)
    return await explain_present(settings, question, ignore_progress)

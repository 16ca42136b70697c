"""Searches: how many contacts a condition holds for, and who they are.

What searches is imported in a thread, for the first search: the server starts without it.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from fastapi import APIRouter

from streams.errors import UsageError
from streams.progress import ignore_progress
from streams.serve.answers.questions import SearchAnswer, SearchQuestion
from streams.serve.context import AskerOfRequest, Context
from streams.serve.problems import FaultyField, HttpProblem
from streams.serve.questions.condition import read_condition_text
from streams.settings import Settings

if TYPE_CHECKING:
    from streams.definitions.document import Document
    from streams.search.search import SearchRequest, SearchResult

router = APIRouter(tags=["search"])

READ_SECONDS = 15.0
"""How long a condition may take to be read; one of a page takes milliseconds."""


@router.post("/search", summary="Count and sample contacts by a condition or by words")
async def search_contacts(context: Context, asker: AskerOfRequest, question: SearchQuestion) -> SearchAnswer:
    """It scans all contacts of the account, and the journal for activity that is not counted yet; a `partial` search
    scans those of one partition and estimates. Few such questions run at a time, each for at most a minute.
    """
    if question.condition is None and question.text is None:
        raise HttpProblem("invalid", "give a `condition`, a `text`, or both")
    try:
        document = None
        if question.condition is not None:
            document = await asker.call(
                context.readings, read_condition_text, question.condition, seconds=READ_SECONDS
            )
        await context.definitions.release(question.account)
        return await asker.ask(partial(_search, context.settings, question, document))
    except UsageError as error:
        raise condition_problem(str(error)) from error


def condition_problem(text: str) -> HttpProblem:
    """The problem of a condition, from its lines `the condition:LINE: PATH: MESSAGE`."""
    errors = []
    for row in text.splitlines():
        location, _, rest = row.removeprefix("the condition:").partition(": ")
        line = int(location) if location.isdigit() else None
        path, _, message = rest.partition(": ") if line is not None else ("", "", row)
        errors.append(FaultyField(where=path or "condition", message=message or path or row, line=line))
    return HttpProblem("invalid", "the condition cannot be used", errors=errors)


async def _search(settings: Settings, question: SearchQuestion, document: Document | None) -> SearchAnswer:
    from streams.search.free_text import FreeTextQuery  # noqa: PLC0415 - see the module's docstring
    from streams.search.search import SearchRequest, search  # noqa: PLC0415

    words = None if question.text is None else FreeTextQuery(question.text)
    most = 1 if question.partial else None
    request = SearchRequest(question.account, document, words, question.sample, most_partitions=most)
    return _answer(question, request, await search(settings, request, ignore_progress))


def _answer(question: SearchQuestion, request: SearchRequest, result: SearchResult) -> SearchAnswer:
    from streams.search.condition import condition_warnings  # noqa: PLC0415 - see the module's docstring

    warnings = (
        [] if request.condition is None else condition_warnings(request.condition, result.release.versioned_document)
    )
    hits = result.hits
    return SearchAnswer(
        account=question.account,
        release=result.release.number,
        scanned=hits.scanned_count,
        journal_scanned=result.is_journal_scanned,
        count=len(hits.entries),
        estimate=result.estimate,
        partial=result.partitions_scanned < result.partitions,
        by_status=hits.counts_by_status(),
        sample=list(hits.sample_rows()),
        warnings=[*warnings, *(note for note in result.mismatches.notes())],
    )

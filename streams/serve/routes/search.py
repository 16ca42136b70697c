"""Searches: how many contacts a condition holds for, and who they are."""

from __future__ import annotations

from functools import partial

from fastapi import APIRouter

from streams.errors import UsageError
from streams.progress import ignore_progress
from streams.search.condition import FILE_PREFIX, condition_warnings, read_condition
from streams.search.free_text import FreeTextQuery
from streams.search.search import SearchRequest, SearchResult, search
from streams.serve.answers.questions import SearchAnswer, SearchQuestion
from streams.serve.context import Asker, AskerOfRequest, Context, ServeContext
from streams.serve.problems import FaultyField, HttpProblem
from streams.settings import Settings

router = APIRouter(tags=["search"])

READ_SECONDS = 15.0
"""How long a condition may take to be read; one of a page takes milliseconds."""


@router.post("/search", summary="Count and sample contacts by a condition or by words")
async def search_contacts(context: Context, asker: AskerOfRequest, question: SearchQuestion) -> SearchAnswer:
    """It scans all contacts of the account, and the journal for activity that is not counted yet; a `partial` search
    scans those of one partition and estimates. Few such questions run at a time, each for at most a minute.
    """
    request = await build_request(context, asker, question)
    await context.definitions.release(question.account)
    try:
        return await asker.ask(partial(_search, context.settings, question, request))
    except UsageError as error:
        raise condition_problem(str(error)) from error


async def build_request(context: ServeContext, asker: Asker, question: SearchQuestion) -> SearchRequest:
    """The search that a question asks for. Raises HttpProblem for one that cannot be read."""
    if question.condition is None and question.text is None:
        raise HttpProblem("invalid", "give a `condition`, a `text`, or both")
    condition = question.condition
    if condition is not None and condition.lstrip().startswith(FILE_PREFIX):
        raise condition_problem("a condition is such as {property: country, eq: DE}")  # `@FILE` is the command's
    try:
        document = None
        if condition is not None:
            document = await asker.call(context.readings, read_condition, condition, seconds=READ_SECONDS)
        words = None if question.text is None else FreeTextQuery(question.text)
    except UsageError as error:
        raise condition_problem(str(error)) from error
    most = 1 if question.partial else None
    return SearchRequest(question.account, document, words, question.sample, most_partitions=most)


def condition_problem(text: str) -> HttpProblem:
    """The problem of a condition, from its lines `the condition:LINE: PATH: MESSAGE`."""
    errors = []
    for row in text.splitlines():
        location, _, rest = row.removeprefix("the condition:").partition(": ")
        line = int(location) if location.isdigit() else None
        path, _, message = rest.partition(": ") if line is not None else ("", "", row)
        errors.append(FaultyField(where=path or "condition", message=message or path or row, line=line))
    return HttpProblem("invalid", "the condition cannot be used", errors=errors)


async def _search(settings: Settings, question: SearchQuestion, request: SearchRequest) -> SearchAnswer:
    return _answer(question, request, await search(settings, request, ignore_progress))


def _answer(question: SearchQuestion, request: SearchRequest, result: SearchResult) -> SearchAnswer:
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

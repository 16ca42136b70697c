"""Dead letters: what was refused, and to send it again."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from functools import partial
from heapq import heappush, heappushpop
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Path, Query

from schemas.values import ContactId, Slug
from streams.clock import now_ms
from streams.engine.journal.refusal_codes import REFUSAL_CODES
from streams.errors import UsageError
from streams.progress import ignore_progress
from streams.serve.answers.dead_letters import (
    LETTER_PATTERN,
    LetterDetails,
    LetterList,
    LetterRetry,
    LetterSummary,
    RetryAnswer,
)
from streams.serve.context import AskerOfRequest, Context
from streams.serve.parameters import INSTANT_PATTERN, CursorParam, read_instant
from streams.serve.problems import HttpProblem
from streams.settings import Settings
from streams.store.dead_letters.advice import advice_for
from streams.store.dead_letters.edit import NO_EDIT, LetterEdit
from streams.store.dead_letters.letter import Letter, LetterCoordinates
from streams.store.dead_letters.marks import RetryMark
from streams.store.dead_letters.reader import open_letters
from streams.store.dead_letters.repair import Hindrance
from streams.store.dead_letters.retry import RetryReport, open_builder, retry_letters
from streams.store.dead_letters.selection import SOURCE_TOPICS, LetterSelection
from streams.views.cursors import PageList, letter_list

router = APIRouter(tags=["dead letters"])

LetterParam = Annotated[
    str, Path(pattern=LETTER_PATTERN, description="PARTITION:OFFSET of a dead letter.", examples=["0:41"])
]
CodeQuery = Annotated[
    str | None, Query(min_length=1, max_length=100, description="Only of this code.", examples=["no_lead"])
]
LetterAccount = Annotated[Slug | None, Query(description="Only of this account; of all without.")]
LetterContact = Annotated[
    ContactId | None,
    Query(
        description="Only of this contact.",
        json_schema_extra={"pattern": r"^[^\u0000-\u001f\u007f-\u009f]*$"},
        examples=["ada"],
    ),
]
RetriedQuery = Annotated[bool | None, Query(description="Only those that were sent again, or were not.")]
TopicQuery = Annotated[
    str | None,
    Query(
        pattern=f"^({'|'.join(SOURCE_TOPICS)})$", description="Only from this in-topic.", examples=["lead-commands"]
    ),
]
LetterLimit = Annotated[int, Query(ge=1, le=500, description="How many at most.")]
LetterPlace = tuple[int, LetterCoordinates]
"""When a letter was written (ms), and where it stands: what orders the letters of all partitions."""


def parse_since(
    since: Annotated[
        str | None,
        Query(
            description="Only those written at this instant or later: RFC 3339.",
            pattern=INSTANT_PATTERN,
            examples=["2026-03-01T00:00:00Z"],
        ),
    ] = None,
) -> int | None:
    """The instant (ms) from which on letters are asked for. Raises HttpProblem for one that does not exist."""
    return read_instant("query.since", since)


def parse_until(
    until: Annotated[
        str | None,
        Query(
            description="Only those written before this instant: RFC 3339.",
            pattern=INSTANT_PATTERN,
            examples=["2026-03-02T00:00:00Z"],
        ),
    ] = None,
) -> int | None:
    """The instant (ms) up to which letters are asked for. Raises HttpProblem for one that does not exist."""
    return read_instant("query.until", until)


SinceQuery = Annotated[int | None, Depends(parse_since)]
UntilQuery = Annotated[int | None, Depends(parse_until)]


@router.get("/dead-letters", summary="Page through the dead letters")
async def list_letters(
    context: Context,
    asker: AskerOfRequest,
    *,
    code: CodeQuery = None,
    account: LetterAccount = None,
    contact: LetterContact = None,
    retried: RetriedQuery = None,
    topic: TopicQuery = None,
    since: SinceQuery = None,
    until: UntilQuery = None,
    limit: LetterLimit = 50,
    cursor: CursorParam = None,
) -> LetterList:
    """The newest ones, and older ones with `cursor`; with counts by code. It scans the topic; few such questions run
    at a time, each for at most a minute.
    """
    selection = LetterSelection(
        codes=() if code is None else (code,),
        topics=() if topic is None else (topic,),
        since=since,
        until=until,
        account=account,
        contact=contact,
        is_retried=retried,
    )
    if contact is not None:
        selection = selection.in_deployment(await context.definitions.deployment())
    filters = (code, topic, since, until, account, selection.contact, retried)
    pages = letter_list(*("" if each is None else str(each) for each in filters))
    before = None if cursor is None else _decode_place(pages, cursor)
    return await asker.ask(partial(_list, context.settings, selection, limit, pages, before))


@router.get("/dead-letters/{letter}", summary="Show a dead letter")
async def show_letter(context: Context, asker: AskerOfRequest, letter: LetterParam) -> LetterDetails:
    """What was refused, why, and what can be done about it."""
    try:
        return await asker.ask(partial(_show, context.settings, LetterCoordinates.parse(letter)))
    except UsageError as error:
        raise HttpProblem("not-found", str(error)) from error


@router.post("/dead-letters/{letter}/retry", summary="Send a dead letter again")
async def retry_letter(context: Context, letter: LetterParam, retry: LetterRetry) -> RetryAnswer:
    """Through the in-topic that it came from, once; 409 says why it would be refused again."""
    coordinates = LetterCoordinates.parse(letter)
    edit = NO_EDIT if retry.event is None else LetterEdit(document=retry.event)
    report = await context.questions.ask(partial(_retry, context.settings, coordinates, edit))
    if not report.sent and not report.repeats:
        reasons = [reason for examples in report.examples.values() for _, reason in examples]
        if not reasons:
            raise HttpProblem("not-found", f"there is no dead letter {letter} (any more)")
        raise HttpProblem("conflict", f"it would be refused again: {reasons[0]}")
    return RetryAnswer(sent=bool(report.sent), id=report.ids[0] if report.ids else None)


def _decode_place(pages: PageList, cursor: str) -> LetterPlace:
    """The place of the last letter on the page before. Raises UsageError for what is no cursor of this list."""
    written, coordinates = pages.decode_cursor(cursor)
    return int(written), LetterCoordinates.parse(coordinates)


async def _list(
    settings: Settings, selection: LetterSelection, limit: int, pages: PageList, before: LetterPlace | None
) -> LetterList:
    page: list[tuple[LetterPlace, LetterSummary]] = []  # a heap: the newest ones before the place, and one more
    by_code: Counter[str] = Counter()
    retried = 0
    async with open_letters(settings) as letters:
        async for letter in letters.read(selection, "reading dead letters", ignore_progress):
            mark = letters.marks.mark_of(letter)
            by_code[letter.code] += 1
            retried += mark is not None
            place = (letter.timestamp, letter.coordinates)
            if before is not None and place >= before:
                continue
            keep = heappush if len(page) <= limit else heappushpop
            keep(page, (place, LetterSummary.model_validate(_fields(letter, mark))))
    shown = sorted(page)[-limit:]
    written, coordinates = shown[0][0] if shown else (0, None)
    return LetterList(
        count=by_code.total(),
        retried=retried,
        by_code=dict(by_code.most_common()),
        letters=[summary for _, summary in shown],
        next=pages.encode_cursor(str(written), str(coordinates)) if len(page) > limit else None,
    )


async def _show(settings: Settings, coordinates: LetterCoordinates) -> LetterDetails:
    builder = await open_builder(settings)
    async with open_letters(settings) as letters:
        letter = await letters.require(coordinates)
        outcome = builder.build(letter, NO_EDIT, now_ms())
        return LetterDetails.model_validate(
            {
                **_fields(letter, letters.marks.mark_of(letter)),
                "meaning": REFUSAL_CODES.get(letter.code),
                "advice": advice_for(letter.code),
                "hindrance": outcome.reason if isinstance(outcome, Hindrance) else None,
            }
        )


async def _retry(settings: Settings, coordinates: LetterCoordinates, edit: LetterEdit) -> RetryReport:
    selection = LetterSelection(coordinates={coordinates})
    return await retry_letters(settings, selection, edit, ignore_progress)


def _fields(letter: Letter, mark: RetryMark | None) -> Mapping[str, Any]:
    retried = None if mark is None else {"at": mark.at, "id": mark.id, "edited": mark.is_edited}
    return {**letter.to_dict(), "retried": retried}

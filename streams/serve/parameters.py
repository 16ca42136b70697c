"""Parameters that several routes share."""

from __future__ import annotations

from typing import Annotated

from fastapi import Depends, Path, Query, Request
from pydantic import TypeAdapter, ValidationError

from schemas.events.base import DEFAULT_ACCOUNT, check_calendar_range
from schemas.values import ContactId, Slug, instant_ms
from streams.kafka.batches import Headers
from streams.serve.guards.paths import decode_part
from streams.serve.problems import FaultyField, HttpProblem
from streams.tracing.headers import TRACE_PARENT, TRACE_STATE, trace_of

MAX_PAGE = 1_000
INSTANT_PATTERN = r"^\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d:\d\d(\.\d+)?([Zz]|[+-]\d\d:\d\d)$"
_CONTACT_PATTERN = r"^[^\u0000-\u001f\u007f-\u009f]+$"

_contact_adapter: TypeAdapter[str] = TypeAdapter(ContactId)

AccountParam = Annotated[
    Slug, Query(description="Whose data; a deployment with one tenant leaves it out.", examples=[DEFAULT_ACCOUNT])
]
LimitParam = Annotated[int, Query(ge=1, le=MAX_PAGE, description="How many at most.", examples=[50])]
CursorParam = Annotated[
    str | None,
    Query(
        min_length=1,
        max_length=2_000,
        description="`next` of the page before; the first page without.",
        json_schema_extra={"x-opaque": True},
    ),
]
SegmentParam = Annotated[Slug, Path(description="A segment.", examples=["vip"])]
CampaignParam = Annotated[Slug, Path(description="A campaign.", examples=["spring-trial"])]
SegmentQuery = Annotated[Slug | None, Query(description="Of this segment alone.", examples=["vip"])]
CampaignQuery = Annotated[Slug | None, Query(description="Of this campaign alone.", examples=["spring-trial"])]


def parse_contact(
    contact: Annotated[
        str,
        Path(
            description="A contact id; a slash in it is written %2F.",
            examples=["ada"],
            json_schema_extra={"minLength": 1, "maxLength": 255, "pattern": _CONTACT_PATTERN},
        ),
    ],
) -> str:
    """The contact that a path names. Raises HttpProblem for what cannot be an id."""
    try:
        return _contact_adapter.validate_python(decode_part(contact))
    except ValidationError as error:
        raise faulty("path.contact", error.errors()[0]["msg"]) from error


ContactParam = Annotated[str, Depends(parse_contact)]


def parse_instant(
    at: Annotated[
        str | None,
        Query(
            description="As it was then: RFC 3339.",
            pattern=INSTANT_PATTERN,
            examples=["2026-03-01T09:30:00Z"],
        ),
    ] = None,
) -> int | None:
    """The instant (ms) that a query names. Raises HttpProblem for one that does not exist."""
    return read_instant("query.at", at)


def read_instant(where: str, text: str | None) -> int | None:
    """The instant (ms) of a text; None where there is none. Raises HttpProblem, which names `where`."""
    try:
        return None if text is None else check_calendar_range(instant_ms(text))
    except ValueError as error:
        raise faulty(where, str(error)) from error


InstantParam = Annotated[int | None, Depends(parse_instant)]


def request_trace(request: Request) -> Headers:
    """The trace of a request; none where it has none of the right form."""
    given = [(name, request.headers.get(name)) for name in (TRACE_PARENT, TRACE_STATE)]
    return trace_of([(name, value.encode("latin-1")) for name, value in given if value is not None])


TraceParam = Annotated[Headers, Depends(request_trace)]
"""The request's trace, which goes on with what it writes."""


def faulty(where: str, message: str) -> HttpProblem:
    """The problem of one field."""
    return HttpProblem("invalid", f"{where}: {message}", errors=[FaultyField(where=where, message=message)])

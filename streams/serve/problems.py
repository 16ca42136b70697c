"""Problem details (RFC 9457): the one form of every answer that is an error."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import Response

from streams.errors import (
    ConfigurationError,
    DataError,
    DefinitionsRefused,
    JournalTruncated,
    LeadstreamError,
    Unavailable,
    UsageError,
)

MEDIA_TYPE = "application/problem+json"
RETRY_SECONDS = 2
"""How long a client should wait when Redis or Kafka is away."""


@dataclass(frozen=True, slots=True)
class ProblemKind:
    """A kind of problem: the status it is answered with, and its title."""

    status: int
    title: str


PROBLEM_KINDS: Mapping[str, ProblemKind] = {
    "bad-request": ProblemKind(400, "The request makes no sense"),
    "unauthorized": ProblemKind(401, "A token is needed"),
    "forbidden": ProblemKind(403, "The token does not allow it"),
    "foreign-origin": ProblemKind(403, "Pages of other sites may not ask"),
    "not-found": ProblemKind(404, "There is no such thing"),
    "method-not-allowed": ProblemKind(405, "The resource has no such method"),
    "timeout": ProblemKind(408, "The request did not arrive in time"),
    "conflict": ProblemKind(409, "The definitions in force do not allow it"),
    "gone": ProblemKind(410, "What is asked for is deleted"),
    "too-large": ProblemKind(413, "The request is too large"),
    "unsupported-media-type": ProblemKind(415, "The body is no JSON"),
    "wrong-host": ProblemKind(421, "The server has another name"),
    "invalid": ProblemKind(422, "Something in the request is wrong"),
    "too-many-requests": ProblemKind(429, "Too many requests"),
    "internal": ProblemKind(500, "The server failed"),
    "unavailable": ProblemKind(503, "Something that is needed does not answer"),
    "busy": ProblemKind(503, "Too many long questions at a time"),
    "too-slow": ProblemKind(504, "The answer takes too long"),
}
"""The last part of `type` -> the kind."""

TYPE_PREFIX = "urn:leadstream:problem:"


class FaultyField(BaseModel):
    """One thing that is wrong in a request."""

    where: Annotated[str, Field(examples=["query.limit"])]
    """The path to it; in text such as a condition also the line."""
    message: str
    line: int | None = None
    """Counted from 1; only where it lies in a text."""


class ProblemDetails(BaseModel):
    """What went wrong, as RFC 9457 writes it."""

    model_config = ConfigDict(
        json_schema_extra={
            "example": {
                "type": f"{TYPE_PREFIX}not-found",
                "title": "There is no such thing",
                "status": 404,
                "detail": "there is no segment 'vpi' - did you mean vip?",
            }
        }
    )

    type: str
    """Names the kind of problem; the last part is for programs."""
    title: str
    status: int
    detail: str
    """What is wrong here, and what to do."""
    errors: list[FaultyField] | None = None
    """Where several things are wrong, each one."""


class HttpProblem(Exception):
    """Ends a request with a problem of a kind of `PROBLEM_KINDS`."""

    def __init__(
        self,
        kind: str,
        detail: str,
        *,
        errors: Sequence[FaultyField] = (),
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(detail)
        self.kind = kind
        self.detail = detail
        self.errors = list(errors)
        self.headers = dict(headers or {})

    @property
    def status(self) -> int:
        """The status of the answer."""
        return PROBLEM_KINDS[self.kind].status

    def response(self) -> Response:
        """The answer."""
        details = ProblemDetails(
            type=TYPE_PREFIX + self.kind,
            title=PROBLEM_KINDS[self.kind].title,
            status=self.status,
            detail=self.detail,
            errors=self.errors or None,
        )
        content = details.model_dump_json(exclude_none=True)
        return Response(content, self.status, self.headers, MEDIA_TYPE)


def problem_from_error(error: LeadstreamError) -> HttpProblem:
    """The problem that an error of the product is to a client."""
    retry = {"Retry-After": str(RETRY_SECONDS)}
    match error:
        case UsageError() | DataError():
            return HttpProblem("bad-request", str(error))
        case JournalTruncated():
            return HttpProblem("gone", str(error))
        case DefinitionsRefused():
            return HttpProblem("invalid", str(error))
        case Unavailable():
            return HttpProblem("unavailable", str(error), headers=retry)
        case ConfigurationError():
            # An operator has to mend it: no client can, and none needs to ask often until then.
            return HttpProblem("unavailable", str(error), headers={"Retry-After": "30"})
        case _:
            return HttpProblem("unavailable", str(error), headers=retry)

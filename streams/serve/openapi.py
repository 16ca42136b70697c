"""The OpenAPI document of the API, with examples, all errors, and what the models say of their fields."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from pydantic import BaseModel

from schemas.field_docs import field_docs
from schemas.views.base import ViewModel
from streams.serve.answers.commands import ManualDecision
from streams.serve.answers.dead_letters import LetterRetry
from streams.serve.answers.questions import DraftDefinitions, SearchQuestion
from streams.serve.examples import ANSWERS
from streams.serve.live.event_stream import MEDIA_TYPE as STREAM_TYPE
from streams.serve.problems import MEDIA_TYPE, PROBLEM_KINDS, TYPE_PREFIX, FaultyField, ProblemDetails

TITLE = "Leadstream"
PATH = Path("schemas") / "openapi.json"
"""The committed document, relative to the project."""

_INTRODUCTION = """Read models of a deployment, questions about it, and commands to it.

Everything is of one account: `account`, by default `default`. Instants are RFC 3339 in UTC with milliseconds. Every
error is a problem (RFC 9457) as `application/problem+json`. Pages go on: `next` of one is the `cursor` of the next.
Answers to GET have an `ETag`: sent back as `If-None-Match`, it saves the answer. HEAD is answered as GET, without the
body. On loopback no token is needed; elsewhere one is sent as `Authorization: Bearer TOKEN`.
"""

_EVERYWHERE = ("bad-request", "unauthorized", "forbidden", "not-found", "too-large", "wrong-host", "invalid")
_LATER = ("too-many-requests", "unavailable")
_WITH_BODY = ("timeout", "unsupported-media-type")
_SCANS = ("gone", "too-slow")
_SCANNING_PATHS = ("/why", "/search", "/plan", "/history", "/workers", "/dead-letters")
_CONFLICTS = ("/segments/add", "/segments/remove", "/retry")
_RETRY_HEADER = {"description": "Seconds to wait before the next try.", "schema": {"type": "integer", "minimum": 0}}
_TAG_HEADER = {"description": "For `If-None-Match`.", "schema": {"type": "string"}}


def openapi_document(api: FastAPI) -> dict[str, Any]:
    """The document of the API's routes."""
    document = get_openapi(
        title=TITLE, version="1", openapi_version="3.1.0", description=_INTRODUCTION, routes=api.routes
    )
    components = document.setdefault("components", {})
    schemas = components.setdefault("schemas", {})
    for name in ("HTTPValidationError", "ValidationError"):
        schemas.pop(name, None)
    _add_problem_schemas(schemas)
    _describe_fields(schemas)
    components["securitySchemes"] = {
        "bearer": {"type": "http", "scheme": "bearer", "description": "One of LEADSTREAM_SERVE_TOKENS."}
    }
    components["responses"] = {name: _problem_response(name) for name in PROBLEM_KINDS if name != "internal"}
    document["security"] = [{}, {"bearer": []}]
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            _complete(path, method, operation)
    return document


def openapi_text(api: FastAPI) -> str:
    """The document as text that the repository has."""
    return json.dumps(openapi_document(api), indent=2, ensure_ascii=False, sort_keys=True) + "\n"


def _complete(path: str, method: str, operation: dict[str, Any]) -> None:
    responses = operation["responses"]
    responses.pop("422", None)
    is_stream = path.endswith("/stream")
    if method == "get" and not is_stream:
        operation.setdefault("parameters", []).append(_IF_NONE_MATCH)
        responses["200"]["headers"] = {"ETag": _TAG_HEADER}
        responses["304"] = {
            "description": "The client has this answer already.",
            "headers": {"ETag": _TAG_HEADER},
        }
    if is_stream:
        responses["200"] = {
            "description": "Events without an end.",
            "content": {STREAM_TYPE: {"schema": {"type": "string"}, "example": ANSWERS[path, method]}},
        }
    else:
        code = "202" if "202" in responses else "200"
        responses[code]["content"]["application/json"]["example"] = ANSWERS[path, method]
    kinds = [*_EVERYWHERE, *_LATER]
    if "requestBody" in operation:
        kinds += _WITH_BODY
    if path.endswith(_CONFLICTS):
        kinds.append("conflict")
    if any(part in path for part in _SCANNING_PATHS):
        kinds += _SCANS
    for kind in kinds:
        responses[str(PROBLEM_KINDS[kind].status)] = {"$ref": f"#/components/responses/{kind}"}


_IF_NONE_MATCH = {
    "name": "If-None-Match",
    "in": "header",
    "required": False,
    "description": "The `ETag` of an answer that the client has.",
    "schema": {"type": "string"},
}


def _problem_response(name: str) -> dict[str, Any]:
    kind = PROBLEM_KINDS[name]
    response: dict[str, Any] = {
        "description": kind.title + ".",
        "content": {
            MEDIA_TYPE: {
                "schema": {"$ref": "#/components/schemas/ProblemDetails"},
                "example": {
                    "type": TYPE_PREFIX + name,
                    "title": kind.title,
                    "status": kind.status,
                    "detail": _EXAMPLE_DETAILS.get(name, "what is wrong here, and what to do"),
                },
            }
        },
    }
    if name in ("too-many-requests", "unavailable", "busy"):
        response["headers"] = {"Retry-After": _RETRY_HEADER}
    return response


_EXAMPLE_DETAILS: Mapping[str, str] = {
    "bad-request": "'xyz' is no cursor of a page; take `next` of the page before, or leave it out",
    "not-found": "there is no segment 'vpi' - did you mean vip?",
    "invalid": "query.limit: Input should be less than or equal to 1000",
    "unavailable": "no Redis answers at 127.0.0.1:6379; start it, or set LEADSTREAM_REDIS_URL",
    "too-many-requests": "at most 50 requests a second from one address",
}


def _add_problem_schemas(schemas: dict[str, Any]) -> None:
    schema = ProblemDetails.model_json_schema(ref_template="#/components/schemas/{model}")
    schemas.update(schema.pop("$defs", {}))
    schemas["ProblemDetails"] = schema


def _describe_fields(schemas: dict[str, Any]) -> None:
    """Adds the text that stands under a field of a model as its description."""
    bases = (ViewModel, ManualDecision, SearchQuestion, DraftDefinitions, LetterRetry, ProblemDetails, FaultyField)
    for model in (each for base in bases for each in _with_subclasses(base)):
        properties = schemas.get(model.__name__, {}).get("properties", {})
        for name, text in field_docs(model).items():
            if name in properties:
                properties[name]["description"] = text


def _with_subclasses(model: type[BaseModel]) -> list[type[BaseModel]]:
    return [model, *(each for child in model.__subclasses__() for each in _with_subclasses(child))]

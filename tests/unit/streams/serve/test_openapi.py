"""The OpenAPI document is current, complete, and its examples are what the routes answer."""

from __future__ import annotations

from typing import Any

import pytest
from jsonschema import Draft202012Validator

from streams.serve.app import create_api
from streams.serve.examples import ANSWERS
from streams.serve.openapi import PATH, openapi_document, openapi_text
from tests.harness.project_files import PROJECT_ROOT

API = create_api()
DOCUMENT = openapi_document(API)
OPERATIONS = [
    (path, method, operation) for path, methods in DOCUMENT["paths"].items() for method, operation in methods.items()
]
JSON = "application/json"


def ids(value: Any) -> str:
    return value if isinstance(value, str) else ""


def errors(schema: dict[str, Any], value: Any) -> list[str]:
    whole = {**schema, "components": DOCUMENT["components"]}
    return [error.message for error in Draft202012Validator(whole).iter_errors(value)]


def test_the_committed_document_is_current() -> None:
    """To renew it: `python -m streams.serve.generate`."""
    assert (PROJECT_ROOT / PATH).read_text() == openapi_text(create_api())


def test_every_route_has_an_example_and_no_other() -> None:
    assert {(path, method) for path, method, _ in OPERATIONS} == set(ANSWERS)
    assert len(OPERATIONS) > 25


@pytest.mark.parametrize(("path", "method", "operation"), OPERATIONS, ids=ids)
def test_the_example_of_an_answer_fits_its_schema(path: str, method: str, operation: dict[str, Any]) -> None:
    success = operation["responses"].get("202") or operation["responses"]["200"]
    (content,) = success["content"].values()
    assert errors(content["schema"], content["example"]) == [], (path, method)


@pytest.mark.parametrize(("path", "method", "operation"), OPERATIONS, ids=ids)
def test_the_examples_of_a_request_fit_their_schemas(path: str, method: str, operation: dict[str, Any]) -> None:
    schemas = [each["schema"] for each in operation.get("parameters", ())]
    if "requestBody" in operation:
        schemas.append(operation["requestBody"]["content"][JSON]["schema"])
    for schema in schemas:
        for example in schema.get("examples", ()):
            assert errors(schema, example) == [], (path, method)


@pytest.mark.parametrize(("path", "method", "operation"), OPERATIONS, ids=ids)
def test_every_error_is_documented_as_a_problem(path: str, method: str, operation: dict[str, Any]) -> None:
    responses = operation["responses"]
    expected = {"400", "401", "403", "404", "413", "421", "422", "429", "503"}
    assert expected <= responses.keys(), (path, method)
    for status, response in responses.items():
        if status >= "400":
            name = response["$ref"].removeprefix("#/components/responses/")
            assert DOCUMENT["components"]["responses"][name]["content"].keys() == {"application/problem+json"}


def test_every_operation_and_parameter_says_what_it_is() -> None:
    for path, method, operation in OPERATIONS:
        assert operation["summary"], (path, method)
        assert operation["description"], (path, method)
        for parameter in operation.get("parameters", ()):
            assert parameter.get("description"), (path, parameter["name"])


def test_what_only_reads_by_post_is_marked_by_no_command() -> None:
    posts = {path for path, method, _ in OPERATIONS if method == "post"}
    assert len(posts) == 10

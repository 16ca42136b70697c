"""Each error of the product is a problem with a status that says who can mend it."""

from __future__ import annotations

import json

import pytest

from streams import errors
from streams.serve.problems import PROBLEM_KINDS, FaultyField, HttpProblem, problem_from_error


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (errors.UsageError("x"), 400),
        (errors.JournalTruncated("x"), 410),
        (errors.DefinitionsRefused("x"), 422),
        (errors.BrokerUnavailable("x"), 503),
        (errors.RedisUnavailable("x"), 503),
        (errors.ViewsNotReady("x"), 503),
        (errors.TopicsMissing("x"), 503),
        (errors.RedisRefused("x"), 503),
        (errors.Internal("x"), 503),
    ],
)
def test_an_error_has_its_status(error: errors.LeadstreamError, status: int) -> None:
    problem = problem_from_error(error)
    assert problem.status == status
    assert ("Retry-After" in problem.headers) == (status == 503)


def test_the_answer_is_a_problem_of_rfc_9457() -> None:
    problem = HttpProblem("invalid", "two things", errors=[FaultyField(where="query.limit", message="too large")])
    response = problem.response()
    assert response.media_type == "application/problem+json"
    assert response.status_code == 422
    assert json.loads(bytes(response.body)) == {
        "type": "urn:leadstream:problem:invalid",
        "title": "Something in the request is wrong",
        "status": 422,
        "detail": "two things",
        "errors": [{"where": "query.limit", "message": "too large"}],
    }


def test_every_error_class_of_the_product_becomes_some_problem() -> None:
    kinds = [each for each in vars(errors).values() if isinstance(each, type)]
    for kind in kinds:
        assert problem_from_error(kind("x")).kind in PROBLEM_KINDS
    assert len(kinds) > 15

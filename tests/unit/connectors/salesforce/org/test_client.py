"""Answers of something in between, such as a proxy, and answers that quote the request."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import requests
from requests.adapters import BaseAdapter

from connectors.salesforce.org import client as client_module
from connectors.salesforce.org.auth import AccessToken
from connectors.salesforce.org.client import OrgClient
from connectors.salesforce.org.connection import Connection
from connectors.salesforce.org.errors import RequestRefused, SetupRefused, TransientFailure

CONNECTION = Connection("acme.my", "id", "secret")


class OneAnswer(BaseAdapter):
    """Answers every request with the same status and body."""

    def __init__(self, status: int, body: str, headers: Mapping[str, str]) -> None:
        super().__init__()
        self._status, self._body, self._headers = status, body, headers

    def send(self, request: requests.PreparedRequest, *_: Any, **__: Any) -> requests.Response:
        answer = requests.Response()
        answer.status_code = self._status
        answer._content = self._body.encode()
        answer.headers.update(self._headers)
        answer.url, answer.request = str(request.url), request
        return answer

    def close(self) -> None:
        return


class LoggedIn:
    """A login that holds."""

    def current(self) -> AccessToken:
        return AccessToken("token", "https://acme.my.salesforce.com")

    def mark_accepted(self, _token: AccessToken) -> None:
        return


def org_that_answers(monkeypatch: pytest.MonkeyPatch, status: int, body: str, **headers: str) -> OrgClient:
    def create_session(_: Any, hook: Any) -> requests.Session:
        session = requests.Session()
        session.mount("https://", OneAnswer(status, body, headers))
        session.hooks["response"].append(lambda response, *_, **__: hook(response))
        return session

    monkeypatch.setattr(client_module, "create_session", create_session)
    tokens: Any = LoggedIn()
    return OrgClient(CONNECTION, tokens)


@pytest.mark.parametrize("status", [403, 404, 407, 408, 420, 429, 502])
def test_a_page_of_a_proxy_is_no_refusal_of_a_record(monkeypatch: pytest.MonkeyPatch, status: int) -> None:
    org = org_that_answers(monkeypatch, status, "<html>Blocked</html>")
    with pytest.raises(TransientFailure, match=f"HTTP_{status}: an answer without an error code"):
        org.write_collection("PATCH", "composite/sobjects", [{"id": "00Q"}])


@pytest.mark.parametrize("status", [400, 413, 414, 431])
def test_a_request_that_is_too_large_is_refused_and_may_be_halved(
    monkeypatch: pytest.MonkeyPatch, status: int
) -> None:
    org = org_that_answers(monkeypatch, status, "<html>Too large</html>")
    with pytest.raises(RequestRefused, match=f"HTTP_{status}"):
        org.write_collection("PATCH", "composite/sobjects", [{"id": "00Q"}])


def test_what_the_org_says_of_a_query_tells_nothing_of_the_people_in_it(monkeypatch: pytest.MonkeyPatch) -> None:
    message = (
        "\nSELECT Id,Plan__c FROM Lead WHERE Email IN ('ada@example.com')\n          ^\n"
        "ERROR at Row:1:Column:11\nNo such column 'Plan__c' on entity 'Lead'."
    )
    body = json.dumps([{"message": message, "errorCode": "INVALID_FIELD"}])
    org = org_that_answers(monkeypatch, 400, body)
    with pytest.raises(SetupRefused) as refused:
        org.query_all("SELECT Id FROM Lead")
    assert "INVALID_FIELD: No such column 'Plan__c' on entity 'Lead'." in str(refused.value)
    assert "ada@example.com" not in str(refused.value)
    assert "\n" not in str(refused.value)


def test_a_query_that_cannot_be_parsed_is_told_without_its_words(monkeypatch: pytest.MonkeyPatch) -> None:
    body = json.dumps([{"message": "unexpected token: 'ada@example.com'", "errorCode": "MALFORMED_QUERY"}])
    org = org_that_answers(monkeypatch, 400, body)
    with pytest.raises(SetupRefused) as refused:
        org.query_all("SELECT Id FROM Lead")
    assert "MALFORMED_QUERY" in str(refused.value)
    assert "ada@example.com" not in str(refused.value)


@pytest.mark.parametrize("date", ["", "today", "32 Foo 2026"])
def test_a_date_that_is_none_is_passed_over(monkeypatch: pytest.MonkeyPatch, date: str) -> None:
    org = org_that_answers(monkeypatch, 200, '{"records": [], "done": true}', Date=date)
    assert org.query_all("SELECT Id FROM Lead") == []
    assert abs(datetime.now(UTC) - org.server_time()) < timedelta(minutes=1)


def test_a_date_without_a_zone_is_in_utc(monkeypatch: pytest.MonkeyPatch) -> None:
    org = org_that_answers(monkeypatch, 200, '{"records": [], "done": true}', Date="Sun, 01 Mar 2026 10:00:00 -0000")
    org.query_all("SELECT Id FROM Lead")
    assert org.server_time() == datetime(2026, 3, 1, 10, tzinfo=UTC)


def parts(**answers: tuple[int, Any]) -> str:
    return json.dumps(
        {
            "compositeResponse": [
                {"referenceId": name, "httpStatusCode": status, "body": body, "httpHeaders": {}}
                for name, (status, body) in answers.items()
            ]
        }
    )


def refusal(code: str) -> list[dict[str, str]]:
    return [{"errorCode": code, "message": "told"}]


def test_objects_that_are_not_there_are_told_from_those_that_are(monkeypatch: pytest.MonkeyPatch) -> None:
    org = org_that_answers(
        monkeypatch, 200, parts(Lead=(200, {"fields": []}), Opportunity=(404, refusal("NOT_FOUND")))
    )
    assert org.describe_visible(["Lead", "Opportunity"]) == {"Lead": {"fields": []}, "Opportunity": None}


def test_an_object_that_cannot_be_described_now_is_not_taken_for_one_that_is_not_there(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    answers = parts(Lead=(200, {"fields": []}), Contact=(500, refusal("UNKNOWN_EXCEPTION")))
    org = org_that_answers(monkeypatch, 200, answers)
    with pytest.raises(TransientFailure, match="UNKNOWN_EXCEPTION"):
        org.describe_visible(["Lead", "Contact"])


def test_a_composite_answer_without_a_part_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    org = org_that_answers(monkeypatch, 200, parts(Lead=(200, {"fields": []})))
    with pytest.raises(TransientFailure, match="other parts"):
        org.describe_visible(["Lead", "Contact"])

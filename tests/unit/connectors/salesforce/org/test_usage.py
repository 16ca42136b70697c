"""Calls of Salesforce's API are counted by outcome, and its daily limit is read from its answers."""

from __future__ import annotations

import pytest
import requests

from connectors.salesforce.org.usage import OUTCOMES, ApiUsage


def answer(status: int, limit: str | None = None) -> requests.Response:
    response = requests.Response()
    response.status_code = status
    if limit is not None:
        response.headers["Sforce-Limit-Info"] = limit
    return response


@pytest.mark.parametrize(("status", "outcome"), [(200, "ok"), (204, "ok"), (403, "refused"), (503, "error")])
def test_an_answer_counts_by_its_status(status: int, outcome: str) -> None:
    usage = ApiUsage()
    usage.count_answer(answer(status))
    assert +usage.calls == {outcome: 1}
    assert set(usage.calls) == set(OUTCOMES), "each outcome is counted from nought on"


def test_a_call_without_an_answer_counts_too() -> None:
    usage = ApiUsage()
    usage.count_no_answer()
    assert +usage.calls == {"no_answer": 1}


def test_the_limit_is_that_of_the_last_answer_that_says_it() -> None:
    usage = ApiUsage()
    assert (usage.used, usage.limit) == (None, None)
    usage.count_answer(answer(200, "api-usage=18/5000"))
    usage.count_answer(answer(200, "api-usage=73/15000; per-app-api-usage=17/250(appName=sample)"))
    usage.count_answer(answer(200))
    assert (usage.used, usage.limit) == (73, 15_000)


def test_what_is_left_is_known_since_the_last_answer_that_says_it() -> None:
    now = [100.0]
    usage = ApiUsage(lambda: now[0])
    assert (usage.remaining, usage.share(), usage.known_at) == (None, 0.0, None)
    usage.set_limit(3_000, 15_000)
    assert (usage.remaining, usage.share(), usage.known_at) == (12_000, 0.2, 100.0)
    now[0] = 160.0
    usage.count_answer(answer(200))
    assert usage.known_at == 100.0
    usage.count_answer(answer(503, "api-usage=14999/15000"))
    assert (usage.remaining, usage.known_at) == (1, 160.0), "an error says it, too"


def test_an_org_may_be_over_its_limit() -> None:
    usage = ApiUsage()
    usage.set_limit(15_700, 15_000)
    assert (usage.remaining, usage.share()) == (0, 1.0)

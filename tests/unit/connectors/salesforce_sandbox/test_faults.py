"""Orders of faults: for which requests and records, how often, and by chance."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from connectors.salesforce_sandbox.faults import FaultInjector
from connectors.salesforce_sandbox.request_meter import RequestMeter


def test_an_order_lets_some_requests_pass_and_fails_the_next() -> None:
    faults = FaultInjector()
    faults.add({"kind": "drop", "path": "/query", "skip": 1, "times": 2})
    paths = ["/limits", "/query", "/query", "/query", "/query"]
    assert [faults.trigger_for_request("GET", path) is not None for path in paths] == [
        False,
        False,
        True,
        True,
        False,
    ]


def test_an_order_chooses_requests_by_their_query() -> None:
    faults = FaultInjector()
    faults.add({"kind": "drop", "path": "/queryAll", "query": "FROM Lead"})
    queries = ["", "SELECT Id FROM Opportunity", "SELECT Id FROM Lead WHERE IsConverted = true"]
    assert [faults.trigger_for_request("GET", "/queryAll", each) is not None for each in queries] == [
        False,
        False,
        True,
    ]


def test_a_fault_of_a_record_hits_the_one_with_its_value_and_no_request() -> None:
    faults = FaultInjector()
    faults.add({"kind": "lock_record", "key": "a", "times": -1})
    assert faults.trigger_for_request("PATCH", "/") is None
    hits = [faults.trigger_for_record("lock_record", "PATCH", "/", keys) is not None for keys in (["b"], ["c", "a"])]
    assert hits == [False, True]


def test_chance_is_the_same_again_for_the_same_seed() -> None:
    def run(seed: int) -> list[bool]:
        faults = FaultInjector()
        faults.add({"kind": "drop", "times": -1, "probability": 0.1, "seed": seed})
        return [faults.trigger_for_request("GET", "/") is not None for _ in range(1_000)]

    assert run(1) == run(1) != run(2)
    assert 60 < sum(run(1)) < 140


def test_an_unknown_kind_or_part_is_refused() -> None:
    for body in ({"kind": "earthquake"}, {"kind": "drop", "often": 3}):
        with pytest.raises(ValueError, match=r"earthquake|often"):
            FaultInjector().add(body)


def test_requests_count_for_24_hours() -> None:
    meter = RequestMeter()
    for hour in (0, 12, 23):
        meter.count(datetime(2026, 3, 1, hour, tzinfo=UTC))
    assert meter.usage(datetime(2026, 3, 1, 23, tzinfo=UTC)) == 3
    assert meter.usage(datetime(2026, 3, 2, 0, tzinfo=UTC)) == 2
    assert meter.usage(datetime(2026, 3, 2, 13, tzinfo=UTC)) == 1

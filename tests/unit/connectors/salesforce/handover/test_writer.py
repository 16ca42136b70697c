"""Requests that are too much for the org's own triggers go again in smaller ones."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from connectors.salesforce.handover.writer import CollectionWriter
from connectors.salesforce.org.errors import CrmError

TRIGGER = "LeadTrigger: execution of BeforeInsert caused by: System.LimitException: Apex CPU time limit exceeded"


class OrgWithTriggers:
    """Takes so many records at once as `can_take` allows; of others none is written, as triggers roll back."""

    def __init__(self, can_take: Callable[[Sequence[Mapping[str, Any]]], bool]) -> None:
        self.can_take = can_take
        self.sizes: list[int] = []
        """How many records each request had."""
        self.written: list[str] = []

    def write_collection(
        self, method: str, path: str, records: Sequence[Mapping[str, Any]], headers: Mapping[str, str] | None = None
    ) -> list[dict[str, Any]]:
        """The results, in the order of the records."""
        del method, path, headers
        self.sizes.append(len(records))
        if not self.can_take(records):
            error = {"statusCode": "CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY", "message": TRIGGER, "fields": []}
            return [{"success": False, "errors": [error]} for _ in records]
        self.written += [each["Name"] for each in records]
        return [{"id": f"id-{each['Name']}", "success": True, "errors": []} for each in records]


def create(org: OrgWithTriggers, count: int) -> list[Any]:
    records = [{"Name": str(number)} for number in range(count)]
    return list(CollectionWriter(org).create("Lead", records))  # type: ignore[arg-type]


def test_a_request_that_is_too_much_for_a_trigger_goes_again_in_halves_and_each_record_is_written_once() -> None:
    org = OrgWithTriggers(lambda records: len(records) <= 60)
    assert create(org, 200) == [f"id-{number}" for number in range(200)]
    assert org.written == [str(number) for number in range(200)]
    assert org.sizes == [200, 100, 50, 50, 100, 50, 50]


def test_a_record_that_is_too_much_alone_is_refused_and_the_others_are_written() -> None:
    org = OrgWithTriggers(lambda records: all(each["Name"] != "3" for each in records))
    results = create(org, 8)
    assert [result for at, result in enumerate(results) if at != 3] == [f"id-{at}" for at in range(8) if at != 3]
    assert results[3] == CrmError("CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY", TRIGGER)
    assert sorted(org.written) == [str(at) for at in range(8) if at != 3]


def test_an_org_whose_triggers_take_nothing_costs_a_bounded_number_of_requests() -> None:
    org = OrgWithTriggers(lambda _: False)
    results = create(org, 200)
    assert all(isinstance(result, CrmError) and result.is_of_transaction for result in results)
    assert len(org.sizes) < 30

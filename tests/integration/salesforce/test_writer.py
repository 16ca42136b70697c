"""A request that Salesforce cannot read is bisected until the faulty record is alone."""

from __future__ import annotations

import pytest

from connectors.salesforce.handover.writer import CollectionWriter
from connectors.salesforce.org.client import OrgClient
from connectors.salesforce.org.errors import CrmError
from tests.harness.salesforce.sandbox import SandboxClient


def test_one_unreadable_record_fails_alone(sandbox: SandboxClient, client: OrgClient) -> None:
    names: list[object] = [f"a{number}" for number in range(20)]
    names[13] = {"first": "a", "last": "b"}
    results = CollectionWriter(client).create("Account", [{"Name": name} for name in names])
    assert [index for index, result in enumerate(results) if isinstance(result, CrmError)] == [13]
    assert sorted(row["Name"] for row in sandbox.live_records("Account")) == sorted(
        each for each in names if isinstance(each, str)
    )


def test_a_collection_of_more_than_200_is_never_sent(sandbox: SandboxClient, client: OrgClient) -> None:
    record = {"attributes": {"type": "Account"}, "Name": "a"}
    with pytest.raises(ValueError, match="201 records"):
        client.write_collection("POST", "composite/sobjects", [record] * 201)
    assert sandbox.requests("composite") == []


def test_assignment_rules_do_not_run_and_duplicate_rules_do_not_block(
    sandbox: SandboxClient, client: OrgClient
) -> None:
    sandbox.post("settings", duplicate_rule=True)
    same = {"LastName": "x", "Company": "y", "Email": "office@example.com"}
    results = CollectionWriter(client).create("Lead", [same, same])
    assert all(isinstance(result, str) for result in results)
    [entry] = sandbox.requests("composite")
    assert entry["headers"]["Sforce-Auto-Assign"] == "FALSE"

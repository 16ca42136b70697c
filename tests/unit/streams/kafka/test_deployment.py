"""The record of a deployment: what it fixes, and what one of an earlier version means."""

from __future__ import annotations

import msgspec
import pytest

from streams.errors import TopicsMismatch
from streams.kafka.deployment import DeploymentRecord
from streams.settings import Settings


def test_a_record_of_an_earlier_version_keeps_ids_as_they_are() -> None:
    earlier = b'{"clock":"wall","partitions":4}'
    record = msgspec.json.decode(earlier, type=DeploymentRecord)
    record.require(Settings())
    assert record.contact_id(" Ada ") == " Ada "
    assert msgspec.json.encode(record) == earlier
    with pytest.raises(TopicsMismatch, match="normalize_ids=false and is asked for normalize_ids=true"):
        record.require(Settings(normalize_ids=True))


def test_a_deployment_that_normalizes_ids_knows_every_spelling() -> None:
    record = DeploymentRecord.from_settings(Settings(normalize_ids=True))
    assert msgspec.json.decode(msgspec.json.encode(record), type=DeploymentRecord) == record
    assert {record.contact_id(each) for each in ("ada", " ADA", "Ada\n")} == {"ada"}

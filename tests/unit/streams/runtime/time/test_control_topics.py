"""What a worker has read of the topics that every slot must see."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from streams.errors import BrokerUnavailable
from streams.runtime.time import control_topics
from streams.runtime.time.control_topics import ControlTopicReader
from streams.settings import Settings
from tests.harness.runtime.counting_program import counting_spec


def reader(**settings: Any) -> ControlTopicReader:
    """A reader that was never started."""
    return ControlTopicReader(Settings(**settings), counting_spec(2), lambda: None, lambda: None)


async def test_a_topic_that_a_broker_does_not_show_any_more_is_looked_for_by_the_next_start(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def fetch_partition_counts(_consumer: Any, _topics: Any) -> Mapping[str, int]:
        return {"web-visits": 4, "contact-changes": 0}

    monkeypatch.setattr(control_topics, "fetch_partition_counts", fetch_partition_counts)
    broker_reader = reader()
    broker_reader._consumer = object()  # type: ignore[assignment]  # only asked for counts, by the function above
    with pytest.raises(BrokerUnavailable, match="there before: contact-changes"):
        await broker_reader.partition_counts(["web-visits", "contact-changes"])

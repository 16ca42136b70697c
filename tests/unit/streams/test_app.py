"""A worker's roles write to every out-topic of theirs."""

from __future__ import annotations

from schemas.topics import ALL_TOPICS
from streams.app import PIPELINE_OUT


def test_the_pipeline_writes_to_every_out_topic_that_has_a_partition_for_each_slot() -> None:
    assert {topic.name for topic in PIPELINE_OUT} == {
        topic.name for topic in ALL_TOPICS if topic.direction == "out" and topic.partitioning == "slots"
    }

"""The registry of topics is complete: every topic describes its values, every event type has one in-topic."""

from __future__ import annotations

from collections import Counter

import pytest
from pydantic import BaseModel

from schemas.topics import ALL_TOPICS, LEDGER_IN, PIPELINE_IN, NoModel, Topic
from streams.engine.journal.event_types import EVENT_TYPES

BY_NAME = {topic.name: topic for topic in ALL_TOPICS}


def type_names(topic: Topic) -> list[str]:
    """Returns the values that `type` may have on a topic."""
    assert not isinstance(topic.models, NoModel)
    return [name for model in topic.models for name in model.model_fields["type"].annotation.__args__]  # type: ignore[union-attr]


def test_every_topic_is_listed_once() -> None:
    assert len(BY_NAME) == len(ALL_TOPICS)


@pytest.mark.parametrize("topic", ALL_TOPICS, ids=lambda topic: topic.name)
def test_every_topic_has_models_or_a_reason_for_none(topic: Topic) -> None:
    if isinstance(topic.models, NoModel):
        assert topic.models.value
    else:
        assert topic.models
        assert all(issubclass(model, BaseModel) for model in topic.models)


def test_every_topic_that_others_write_or_read_has_models() -> None:
    without = {topic for topic in BY_NAME if isinstance(BY_NAME[topic].models, NoModel)}
    assert {name for name in without if BY_NAME[name].direction != "internal"} == {"dead-letters"}


def test_every_event_type_has_exactly_one_in_topic() -> None:
    names = Counter(name for topic in (*PIPELINE_IN, *LEDGER_IN) for name in type_names(topic))
    assert names == Counter(list(EVENT_TYPES))
    for name, event_type in EVENT_TYPES.items():
        assert name in type_names(BY_NAME[event_type.topic])

"""The AsyncAPI 3 description of the topics that others read or write, from the same models as the JSON Schemas."""

from __future__ import annotations

import json
from collections.abc import Iterator
from inspect import cleandoc
from pathlib import Path
from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from schemas.field_docs import DescribedJsonSchema
from schemas.topics import ALL_TOPICS, NoModel, Topic

PATH = Path(__file__).parent / "asyncapi.json"
ASYNCAPI_VERSION = "3.0.0"
KAFKA_BINDING_VERSION = "0.5.0"

_SCHEMAS = "#/components/schemas/"
_JSON = "application/json"
_TITLE = "Leadstream"
_DESCRIPTION = (
    "Topics of a Leadstream deployment. Every record of an in-topic is an event; every record of an out-topic was"
    " written in the transaction that decided it, so read with `isolation.level=read_committed`. A table (compacted"
    " topic) has an empty value where a row was deleted. Readers pass over fields that they do not know."
    " Internal topics (`journal`, `claims`, changelogs and the like) are left out: Leadstream alone reads and writes"
    " them, and their form may change from one version to the next."
)
_PREFIX = {"description": "The deployment's prefix of all topic names (LEADSTREAM_PREFIX).", "default": ""}

OPEN_TOPICS: tuple[Topic, ...] = tuple(topic for topic in ALL_TOPICS if topic.direction != "internal")
"""The topics that are an interface, in the order of the registry."""


def asyncapi_document() -> dict[str, Any]:
    """The whole document, as JSON values. Operations are told from Leadstream's side: it receives in-topics."""
    return {
        "asyncapi": ASYNCAPI_VERSION,
        "info": {"title": _TITLE, "version": "1", "description": _DESCRIPTION},
        "defaultContentType": _JSON,
        "servers": {
            "local": {
                "host": "127.0.0.1:9092",
                "protocol": "kafka",
                "description": "A broker as `leadstream broker start` runs it; LEADSTREAM_BOOTSTRAP names another.",
            }
        },
        "channels": {topic.name: _channel(topic) for topic in OPEN_TOPICS},
        "operations": dict(map(_operation, OPEN_TOPICS)),
        "components": {"schemas": _component_schemas()},
    }


def asyncapi_text() -> str:
    """The text of the committed file."""
    return json.dumps(asyncapi_document(), indent=2, ensure_ascii=False) + "\n"


def _channel(topic: Topic) -> dict[str, Any]:
    return {
        "address": "{prefix}" + topic.name,
        "description": _channel_description(topic),
        "parameters": {"prefix": _PREFIX},
        "messages": dict(_messages(topic)),
        "tags": [{"name": topic.direction}, *([{"name": "table"}] if _is_table(topic) else [])],
        "bindings": {
            "kafka": {
                "topicConfiguration": _topic_configuration(topic),
                "bindingVersion": KAFKA_BINDING_VERSION,
            }
        },
    }


def _channel_description(topic: Topic) -> str:
    partitions = {
        "in": "as many as LEADSTREAM_IN_PARTITIONS says",
        "slots": "as many as LEADSTREAM_PARTITIONS says",
        "one": "one",
    }[topic.partitioning]
    return f"Key: {topic.key}. Partitions: {partitions}."


def _is_table(topic: Topic) -> bool:
    return topic.policy.get("cleanup.policy") == "compact"


def _topic_configuration(topic: Topic) -> dict[str, Any]:
    """The configuration in the binding's types: lists and numbers where Kafka has text."""
    configuration: dict[str, Any] = {"cleanup.policy": [topic.policy.get("cleanup.policy", "delete")]}
    if "retention.ms" in topic.policy:
        configuration["retention.ms"] = int(topic.policy["retention.ms"])
    return configuration


def _messages(topic: Topic) -> Iterator[tuple[str, dict[str, Any]]]:
    binding = {
        "kafka": {"key": {"type": "string", "description": topic.key}, "bindingVersion": KAFKA_BINDING_VERSION}
    }
    headers = {"headers": {"$ref": _SCHEMAS + topic.headers.__name__}} if topic.headers is not None else {}
    if isinstance(topic.models, NoModel):
        yield topic.name, {"summary": f"Value: {topic.models.value}.", **headers, "bindings": binding}
        return
    for model in topic.models:
        name = message_type(model)
        yield (
            name,
            {
                "name": name,
                "title": model.__name__,
                "summary": cleandoc(model.__doc__ or ""),
                "contentType": _JSON,
                **headers,
                "payload": {"$ref": _SCHEMAS + model.__name__},
                "bindings": binding,
            },
        )


def message_type(model: type[BaseModel]) -> str:
    """The value of the field `type` that tells records of this model; of several, the first."""
    names: tuple[str, ...] = getattr(model.model_fields["type"].annotation, "__args__", ())
    return names[0]


def _operation(topic: Topic) -> tuple[str, dict[str, Any]]:
    action = "receive" if topic.direction == "in" else "send"
    return f"{action}-{topic.name}", {
        "action": action,
        "channel": {"$ref": f"#/channels/{topic.name}"},
        "summary": f"Leadstream {'reads' if action == 'receive' else 'writes'} `{topic.name}`.",
    }


def _component_schemas() -> dict[str, Any]:
    models = [model for topic in OPEN_TOPICS for model in _models(topic)]
    # The schemas of a document share one place, so they point there and not into themselves.
    _, definitions = models_json_schema(
        [(model, "validation") for model in models],
        by_alias=True,
        ref_template=_SCHEMAS + "{model}",
        schema_generator=DescribedJsonSchema,
    )
    schemas: dict[str, Any] = definitions["$defs"]
    return dict(sorted(schemas.items()))


def _models(topic: Topic) -> tuple[type[BaseModel], ...]:
    models = () if isinstance(topic.models, NoModel) else topic.models
    return models if topic.headers is None else (*models, topic.headers)

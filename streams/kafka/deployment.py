"""Reads and writes what is fixed when a deployment's topics are created: clock, slots, settings that decide."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

import msgspec
from aiokafka import TopicPartition

from schemas.topics import DEPLOYMENT
from schemas.values import normalize_contact_id
from streams.environment import value_text
from streams.errors import TopicsMismatch, TopicsMissing
from streams.kafka.clients import open_producer
from streams.kafka.partitions import PartitionKey, journal_partition
from streams.kafka.reader import open_consumer, read_to_end
from streams.settings import Clock, Settings, variable_name

_T = TypeVar("_T")

DEPLOYMENT_KEY = b"deployment"
DECISIONS_KEY = b"settings"
"""A record of its own: it can be added to an older deployment without making it another one (`read_deployment_id`),
and engines that do not know it pass over it.
"""

DECIDING_SETTINGS: Mapping[str, Any] = {
    "lateness_ms": None,
    "repeat_ms": None,
    "repeat_ids": None,
    "grace_ms": None,
    "normalize_ids": False,
}
"""The settings that decide outputs -> what holds in a deployment whose record does not name them: None is what its
workers are set to, which the first worker of the pipeline then records.
"""


class DeploymentRecord(msgspec.Struct, frozen=True):
    """The records on the topic `deployment`; `partitions` is the number of journal partitions.

    `decisions` are the settings that decide and are recorded, by name. A record of an earlier engine names no
    `partition_key` and means the whole key; new deployments have `contact`.
    """

    clock: Clock
    partitions: int
    decisions: dict[str, Any] = {}
    partition_key: PartitionKey = "record"

    @classmethod
    def from_settings(cls, settings: Settings) -> DeploymentRecord:
        """The record of a deployment created with these settings."""
        return cls(settings.clock, settings.partitions, _decisions(settings), "contact")

    def journal_partition(self, key: bytes) -> int:
        """The journal partition of a contact by its key, `account/contact`."""
        return journal_partition(key, self.partitions, self.partition_key)

    @property
    def normalize_ids(self) -> bool:
        """Whether contact ids are trimmed and lowered in case."""
        return bool(self._known_decisions()["normalize_ids"])

    def contact_id(self, text: str) -> str:
        """The id that the journal has for a contact whose id was written so."""
        return normalize_contact_id(text) if self.normalize_ids else text

    def contact_prefix(self, text: str) -> str:
        """What ids in the journal begin with whose contacts' ids were written with this beginning."""
        # A blank at its end may be one within an id.
        return text.lstrip().lower() if self.normalize_ids else text

    @property
    def is_complete(self) -> bool:
        """Whether every setting that decides is recorded; in a deployment of an earlier engine none may be."""
        return self.decisions.keys() >= DECIDING_SETTINGS.keys()

    def complete(self, settings: Settings) -> DeploymentRecord:
        """The record with what a worker with these settings adds to it."""
        return msgspec.structs.replace(self, decisions={**_decisions(settings), **self._known_decisions()})

    def require(self, settings: Settings) -> None:
        """Raises TopicsMismatch when `settings` differ from the record."""
        recorded = {"clock": self.clock, "partitions": self.partitions, **self._known_decisions()}
        for name, value in recorded.items():
            _require_same(name, value, getattr(settings, name))

    def settings_of_reader(self, settings: Settings) -> Settings:
        """The settings by which a reader repeats what the workers decided: the record's where it was not given any.

        Raises TopicsMismatch when it was given others.
        """
        recorded = self._known_decisions()
        for name, value in recorded.items():
            if name in settings.model_fields_set:
                _require_same(name, value, getattr(settings, name))
        return settings.model_copy(update=recorded)

    def _known_decisions(self) -> dict[str, Any]:
        """The decisions of this engine's settings; a later engine may have recorded more."""
        values = {name: self.decisions.get(name, former) for name, former in DECIDING_SETTINGS.items()}
        return {name: value for name, value in values.items() if value is not None}


def _decisions(settings: Settings) -> dict[str, Any]:
    return {name: getattr(settings, name) for name in DECIDING_SETTINGS}


def _require_same(name: str, recorded: Any, requested: Any) -> None:
    if recorded != requested:
        text = value_text(recorded)
        raise TopicsMismatch(
            f"this deployment was created with {name}={text} and is asked for {name}={value_text(requested)}; set"
            f" {variable_name(name)}={text}, or create topics under another prefix"
        )


async def read_deployment(settings: Settings) -> DeploymentRecord | None:
    """The latest record; None when none was written, or the topic is missing.

    Raises BrokerUnavailable, and TopicsMismatch when the record cannot be read.
    """
    partition = TopicPartition(settings.prefix + DEPLOYMENT.name, 0)
    latest: dict[bytes | None, bytes | None] = {}
    async with open_consumer(settings.bootstrap, "leadstream-reader") as consumer:
        if partition.topic not in await consumer.topics():
            return None
        async for record in read_to_end(consumer, [partition]):
            latest[record.key] = record.value
    deployment = latest.get(DEPLOYMENT_KEY)
    if deployment is None:
        return None
    decisions = _decode(latest.get(DECISIONS_KEY) or b"{}", dict[str, Any], partition.topic)
    return msgspec.structs.replace(_decode(deployment, DeploymentRecord, partition.topic), decisions=decisions)


async def read_deployment_id(settings: Settings) -> str:
    """Tells a deployment from an earlier one with the same topic names: when and where its record was written.

    Raises BrokerUnavailable, and TopicsMissing when there is none.
    """
    partition = TopicPartition(settings.prefix + DEPLOYMENT.name, 0)
    latest = ""
    async with open_consumer(settings.bootstrap, "leadstream-reader") as consumer:
        if partition.topic in await consumer.topics():
            async for record in read_to_end(consumer, [partition]):
                latest = f"{record.timestamp}-{record.offset}" if record.key == DEPLOYMENT_KEY else latest
    if not latest:
        raise _topics_missing()
    return latest


async def require_deployment(settings: Settings) -> DeploymentRecord:
    """The deployment's record. Raises BrokerUnavailable, TopicsMismatch, and TopicsMissing when there is none."""
    deployment = await read_deployment(settings)
    if deployment is None:
        raise _topics_missing()
    return deployment


def _topics_missing() -> TopicsMissing:
    return TopicsMissing("there is no deployment with this prefix; `leadstream topics create` makes its topics")


async def write_deployment(settings: Settings, deployment: DeploymentRecord) -> None:
    """Writes the record. Raises BrokerUnavailable."""
    # What makes the deployment comes last: where a write fails, `topics create` writes everything again.
    await write_records(
        settings,
        {
            DECISIONS_KEY: deployment.decisions,
            DEPLOYMENT_KEY: {
                "clock": deployment.clock,
                "partitions": deployment.partitions,
                "partition_key": deployment.partition_key,
            },
        },
    )


async def complete_deployment(settings: Settings, deployment: DeploymentRecord) -> DeploymentRecord:
    """Records the settings that decide where the deployment has no record of them; returns what is recorded.

    Raises TopicsMismatch when a worker that is set otherwise was faster, BrokerUnavailable.
    """
    if deployment.is_complete:
        return deployment
    await write_records(settings, {DECISIONS_KEY: deployment.complete(settings).decisions})
    completed = await require_deployment(settings)
    completed.require(settings)
    return completed


async def write_records(settings: Settings, values: Mapping[bytes, Any]) -> None:
    """Writes records of the topic by key. Raises BrokerUnavailable."""
    async with open_producer(settings.bootstrap) as producer:
        for key, value in values.items():
            await producer.send_and_wait(settings.prefix + DEPLOYMENT.name, msgspec.json.encode(value), key)


def _decode(value: bytes, kind: type[_T], topic: str) -> _T:
    try:
        return msgspec.json.decode(value, type=kind)
    except msgspec.MsgspecError as error:
        raise TopicsMismatch(f"the record on {topic} is not one of this version's: {error}") from error

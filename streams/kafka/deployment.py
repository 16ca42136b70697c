"""Reads and writes what is fixed when a deployment's topics are created: its clock, slots and form of ids."""

from __future__ import annotations

import msgspec
from aiokafka import AIOKafkaProducer, TopicPartition

from schemas.topics import DEPLOYMENT
from schemas.values import normalize_contact_id
from streams.errors import TopicsMismatch, TopicsMissing
from streams.kafka.clients import broker_errors
from streams.kafka.protocols import Producer
from streams.kafka.reader import open_consumer, read_to_end
from streams.settings import Clock, Settings

DEPLOYMENT_KEY = b"deployment"


class DeploymentRecord(msgspec.Struct, frozen=True, omit_defaults=True):
    """The record on the topic `deployment`; `partitions` is the number of journal partitions."""

    clock: Clock
    partitions: int
    normalize_ids: bool = False
    """Whether contact ids are trimmed and lowered in case; deployments without this field keep them as they are."""

    @classmethod
    def from_settings(cls, settings: Settings) -> DeploymentRecord:
        """The record of a deployment created with these settings."""
        return cls(settings.clock, settings.partitions, settings.normalize_ids)

    def contact_id(self, text: str) -> str:
        """The id that the journal has for a contact whose id was written so."""
        return normalize_contact_id(text) if self.normalize_ids else text

    def require(self, settings: Settings) -> None:
        """Raises TopicsMismatch when `settings` differ from the record."""
        for name, fixed, requested in (
            ("clock", self.clock, settings.clock),
            ("partitions", self.partitions, settings.partitions),
            ("normalize_ids", self.normalize_ids, settings.normalize_ids),
        ):
            if fixed != requested:
                text = _setting_text(fixed)
                raise TopicsMismatch(
                    f"this deployment was created with {name}={text} and is asked for"
                    f" {name}={_setting_text(requested)}; set LEADSTREAM_{name.upper()}={text}, or create topics"
                    " under another prefix"
                )


def _setting_text(value: object) -> str:
    """Returns a value as it is written in the environment."""
    return str(value).lower() if isinstance(value, bool) else str(value)


async def read_deployment(settings: Settings) -> DeploymentRecord | None:
    """The latest record; None when none was written, or the topic is missing.

    Raises BrokerUnavailable, and TopicsMismatch when the record cannot be read.
    """
    partition = TopicPartition(settings.prefix + DEPLOYMENT.name, 0)
    latest: bytes | None = None
    async with open_consumer(settings.bootstrap, "leadstream-reader") as consumer:
        if partition.topic not in await consumer.topics():
            return None
        async for record in read_to_end(consumer, [partition]):
            latest = record.value if record.key == DEPLOYMENT_KEY else latest
    return None if latest is None else _decode(latest, partition.topic)


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
    return TopicsMissing("these topics were not made by Leadstream; `leadstream topics create` makes them")


async def write_deployment(settings: Settings, deployment: DeploymentRecord) -> None:
    """Writes the record. Raises BrokerUnavailable."""
    with broker_errors(settings.bootstrap):
        producer: Producer = AIOKafkaProducer(
            bootstrap_servers=settings.bootstrap, acks="all", enable_idempotence=True
        )
        try:
            await producer.start()
            value = msgspec.json.encode(deployment)
            await producer.send_and_wait(settings.prefix + DEPLOYMENT.name, value, DEPLOYMENT_KEY)
        finally:
            await producer.stop()


def _decode(value: bytes, topic: str) -> DeploymentRecord:
    try:
        return msgspec.json.decode(value, type=DeploymentRecord)
    except msgspec.MsgspecError as error:
        raise TopicsMismatch(f"the record on {topic} is not one of this version's: {error}") from error

"""What is fixed when a deployment's topics are created: its clock and its number of slots."""

from __future__ import annotations

import msgspec
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition

from schemas.topics import DEPLOYMENT
from streams.errors import TopicsMismatch
from streams.kafka.clients import broker_errors
from streams.settings import Clock, Settings

DEPLOYMENT_KEY = b"deployment"


class DeploymentRecord(msgspec.Struct, frozen=True):
    """The record on the topic `deployment`; `partitions` counts the journal's."""

    clock: Clock
    partitions: int

    @classmethod
    def from_settings(cls, settings: Settings) -> DeploymentRecord:
        """What these settings would fix."""
        return cls(settings.clock, settings.partitions)

    def require(self, settings: Settings) -> None:
        """Raises TopicsMismatch when `settings` differ from what was fixed."""
        for name, fixed, given in (
            ("clock", self.clock, settings.clock),
            ("partitions", self.partitions, settings.partitions),
        ):
            if fixed != given:
                raise TopicsMismatch(
                    f"this deployment was created with {name}={fixed} and is asked for {name}={given}; set"
                    f" LEADSTREAM_{name.upper()}={fixed}, or create topics under another prefix"
                )


async def read_deployment(bootstrap: str, prefix: str) -> DeploymentRecord | None:
    """The record as it stands; None when none was written, or the topic is missing.

    Raises BrokerUnavailable, and TopicsMismatch when the record cannot be read.
    """
    partition = TopicPartition(prefix + DEPLOYMENT.name, 0)
    latest: bytes | None = None
    with broker_errors(bootstrap):
        consumer = AIOKafkaConsumer(bootstrap_servers=bootstrap, enable_auto_commit=False)
        try:
            await consumer.start()
            if partition.topic not in await consumer.topics():
                return None
            consumer.assign([partition])
            await consumer.seek_to_beginning(partition)
            end = (await consumer.end_offsets([partition]))[partition]
            while await consumer.position(partition) < end:
                fetched = await consumer.getmany(partition, timeout_ms=200)
                for record in fetched.get(partition, []):
                    latest = record.value if record.key == DEPLOYMENT_KEY else latest
        finally:
            await consumer.stop()
    return None if latest is None else _decode(latest, partition.topic)


async def write_deployment(bootstrap: str, prefix: str, deployment: DeploymentRecord) -> None:
    """Writes the record. Raises BrokerUnavailable."""
    with broker_errors(bootstrap):
        producer = AIOKafkaProducer(bootstrap_servers=bootstrap, acks="all", enable_idempotence=True)
        try:
            await producer.start()
            value = msgspec.json.encode(deployment)
            await producer.send_and_wait(prefix + DEPLOYMENT.name, value, key=DEPLOYMENT_KEY)
        finally:
            await producer.stop()


def _decode(value: bytes, topic: str) -> DeploymentRecord:
    try:
        return msgspec.json.decode(value, type=DeploymentRecord)
    except msgspec.MsgspecError as error:
        raise TopicsMismatch(f"the record on {topic} is not one of this version's: {error}") from error

"""The topic `crm-commands` as the table it is: retries that are asked for, and pauses."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from contextlib import AsyncExitStack
from types import TracebackType
from typing import Any, Self

import msgspec
from aiokafka import TopicPartition

from schemas.topics import CRM_COMMANDS
from streams.kafka.clients import fetch_partitions
from streams.kafka.protocols import ConsumedRecord, Consumer
from streams.kafka.reader import FOLLOW_WAIT_MS, follow, open_consumer, read_to_end
from streams.settings import Settings

CLIENT = "leadstream-crm-commands"

_PAUSE = "pause"


class RetryRequest(msgspec.Struct, frozen=True, omit_defaults=True, tag_field="type", tag="crm.retry_requested"):
    """A hand-over that is to be tried again: `hand_over` is the event, `partition` the one of `qualified-leads`.

    `update` says that it is asked for what became of an update: one of the hand-over may stand beside it. Up to
    `looked_to`, an offset of the partition, the contact's consent was looked at.
    """

    account: str
    contact: str
    campaign: str
    retry: int
    partition: int
    hand_over: dict[str, Any]
    at: str
    by: str | None = None
    update: bool = False
    looked_to: int = 0

    @property
    def key(self) -> str:
        """The key of its record."""
        return retry_key(self.account, self.contact, self.campaign, is_update=self.update)


class HandOverPause(msgspec.Struct, frozen=True, tag_field="type", tag="crm.paused"):
    """Hand-overs wait, those of one account or all, since `at` (text)."""

    at: str
    account: str | None = None
    by: str | None = None

    @property
    def key(self) -> str:
        """The key of its record."""
        return pause_key(self.account)

    def __str__(self) -> str:
        whose = "" if self.account is None else f" of {self.account}"
        return f"hand-overs{whose} are paused since {self.at}{f' by {self.by}' if self.by else ''}"


_decode = msgspec.json.Decoder(RetryRequest | HandOverPause).decode
encode_command = msgspec.json.Encoder().encode


def retry_key(account: str, contact: str, campaign: str, *, is_update: bool = False) -> str:
    """The key of a retry's record; the parts of a contact's own slashes stay readable, for no reader parses it."""
    return f"{'retry-update' if is_update else 'retry'}/{account}/{contact}/{campaign}"


def pause_key(account: str | None) -> str:
    """The key of a pause's record."""
    return _PAUSE if account is None else f"{_PAUSE}/{account}"


class CrmCommands:
    """The commands that stand."""

    def __init__(self) -> None:
        self._retries: dict[str, RetryRequest] = {}
        self._pauses: dict[str, HandOverPause] = {}

    @property
    def retries(self) -> Mapping[str, RetryRequest]:
        """The retries that are not answered, by key."""
        return self._retries

    @property
    def pause(self) -> HandOverPause | None:
        """The pause of all hand-overs; None while they go on."""
        return self._pauses.get(_PAUSE)

    @property
    def account_pauses(self) -> Mapping[str, HandOverPause]:
        """The pauses of single accounts, by account."""
        return {each.account: each for each in self._pauses.values() if each.account is not None}

    def add(self, key: bytes | None, value: bytes | None) -> None:
        """Adds a record; one that no Leadstream wrote changes nothing."""
        name = (key or b"").decode(errors="replace")
        if value is None:
            self._retries.pop(name, None)
            self._pauses.pop(name, None)
            return
        try:
            command = _decode(value)
        except msgspec.DecodeError:
            return
        if command.key != name:
            return
        if isinstance(command, RetryRequest):
            self._retries[name] = command
        else:
            self._pauses[name] = command


async def read_commands(settings: Settings, consumer: Consumer) -> CrmCommands:
    """The commands that stand now. Assigns `consumer`. Raises TopicsMissing, BrokerUnavailable."""
    commands = CrmCommands()
    async for record in read_to_end(consumer, [await _partition(settings)]):
        commands.add(record.key, record.value)
    return commands


class CommandFollower:
    """Knows the commands while `follow` runs. An async context manager; entering it reads all that stand.

    Entering raises BrokerUnavailable, TopicsMissing.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self.commands = CrmCommands()
        self.changed = asyncio.Event()
        """Set at every new command; who waits for one clears it."""
        self._stack = AsyncExitStack()
        self._consumer: Consumer | None = None

    async def __aenter__(self) -> Self:
        async with AsyncExitStack() as stack:
            consumer = open_consumer(self._settings.bootstrap, CLIENT, fetch_wait_ms=FOLLOW_WAIT_MS)
            self._consumer = await stack.enter_async_context(consumer)
            async for record in read_to_end(self._consumer, [await _partition(self._settings)]):
                self._add(record)
            self._stack = stack.pop_all()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._stack.aclose()

    async def follow(self) -> None:
        """Reads new commands until it is cancelled. Raises KafkaError."""
        assert self._consumer is not None, "enter the follower first"
        async for batches in follow(self._consumer):
            for batch in batches.values():
                for record in batch:
                    self._add(record)

    def _add(self, record: ConsumedRecord) -> None:
        self.commands.add(record.key, record.value)
        self.changed.set()


async def _partition(settings: Settings) -> TopicPartition:
    topic = settings.prefix + CRM_COMMANDS.name
    return (await fetch_partitions(settings.bootstrap, [topic]))[topic][0]

"""`leadstream tail`: shows outputs as they come."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import Annotated

import typer

from schemas.topics import ALL_TOPICS, LEAD_CHANGES, NOTIFICATIONS, QUALIFIED_LEADS, SEGMENT_CHANGES, Topic
from streams.cli.console import require_reader, write_lines_now, write_note
from streams.cli.options import BootstrapOption, JsonOption, PrefixOption, parse_account, settings_from
from streams.errors import BrokerUnavailable, UsageError
from streams.hints import suggestion
from streams.kafka.clients import fetch_partitions
from streams.kafka.deployment import require_deployment
from streams.kafka.protocols import ConsumedRecord
from streams.kafka.reader import FOLLOW_WAIT_MS, fetch_end_offsets, open_consumer
from streams.settings import Settings
from streams.store.outputs.feed import follow_in_order, read_last, read_merged
from streams.store.outputs.lines import human_line, is_about, machine_line

EVENT_OUTPUTS = (SEGMENT_CHANGES, LEAD_CHANGES, QUALIFIED_LEADS, NOTIFICATIONS)
"""The topics that are shown where none is named."""

SILENCE_SECONDS = 5.0
"""After so long without a record it is asked whether Kafka is there."""

OUTPUTS: Mapping[str, Topic] = {topic.name: topic for topic in ALL_TOPICS if topic.direction == "out"}


class TailStart(StrEnum):
    """Where the reading begins."""

    BEGINNING = "beginning"
    END = "end"


TopicArgument = Annotated[
    str | None,
    typer.Argument(
        metavar="[TOPIC]", help="An output topic; without it the four of changes, hand-overs and notices."
    ),
]
FromOption = Annotated[TailStart, typer.Option("--from", help="Show all that is kept, or only what comes.")]
LastOption = Annotated[
    int, typer.Option("--last", min=0, metavar="N", help="Show the last N before what comes; with --contact scans.")
]
TailContactOption = Annotated[str | None, typer.Option("--contact", help="Only what is about this contact.")]
TailAccountOption = Annotated[str | None, typer.Option("--account", help="Only what is about this account.")]


def tail(
    topic: TopicArgument = None,
    *,
    start: FromOption = TailStart.END,
    last: LastOption = 0,
    contact: TailContactOption = None,
    account: TailAccountOption = None,
    bootstrap: BootstrapOption = None,
    prefix: PrefixOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show outputs as they come, until Ctrl-C: one line each with instant, contact, what changed and its cause.

    Shown is what is committed, as any application should read it. With --json each line is the record's value as it
    is.
    """
    if start is TailStart.BEGINNING and last:
        raise UsageError("--from beginning shows everything; leave --last out")
    topics = EVENT_OUTPUTS if topic is None else (_find_topic(topic),)
    if account is not None:
        parse_account(account)
    settings = settings_from(bootstrap=bootstrap, prefix=prefix)
    view = _View(settings, topics, account, contact, as_json=as_json)
    try:
        asyncio.run(view.show(start, last))
    except KeyboardInterrupt:
        return


class _View:
    """The topics that are shown, which of their records, and in which form."""

    def __init__(
        self,
        settings: Settings,
        topics: tuple[Topic, ...],
        account: str | None,
        contact: str | None,
        *,
        as_json: bool,
    ) -> None:
        self._settings = settings
        self._topics = {settings.prefix + topic.name: topic for topic in topics}
        self._account = account
        self._contact = contact
        self._line = machine_line if as_json else human_line
        self._is_away = False

    async def show(self, start: TailStart, last: int) -> None:
        """Writes the lines; returns only by an error or a cancellation."""
        bootstrap = self._settings.bootstrap
        if self._contact is not None:
            self._contact = (await require_deployment(self._settings)).contact_id(self._contact)
        by_topic = await fetch_partitions(bootstrap, self._topics)
        partitions = [partition for each in by_topic.values() for partition in each]
        async with open_consumer(bootstrap, "leadstream-tail", fetch_wait_ms=FOLLOW_WAIT_MS) as consumer:
            ends = await fetch_end_offsets(consumer, partitions)
            if start is TailStart.BEGINNING:
                starts = await consumer.beginning_offsets(partitions)
                async for record in read_merged(consumer, partitions, starts=starts, ends=ends):
                    self._write([record])
            elif last:
                self._write(await read_last(consumer, partitions, last, self._is_wanted))
            else:
                for partition, end in ends.items():
                    consumer.seek(partition, end)
            heard_at = time.monotonic()
            async for records in follow_in_order(consumer):
                self._write(records)
                if records:
                    heard_at = time.monotonic()
                elif time.monotonic() - heard_at > SILENCE_SECONDS:
                    await self._tell_outage()
                    heard_at = time.monotonic()

    async def _tell_outage(self) -> None:
        """Says once that Kafka does not answer, and once that it does again: the client waits without a word."""
        bootstrap = self._settings.bootstrap
        try:
            await fetch_partitions(bootstrap, self._topics)
        except BrokerUnavailable:
            if not self._is_away:
                write_note(f"leadstream: no Kafka answers at {bootstrap}; what comes is shown once it does again")
            self._is_away = True
        else:
            if self._is_away:
                write_note(f"leadstream: Kafka answers at {bootstrap} again")
            self._is_away = False

    def _write(self, records: Sequence[ConsumedRecord]) -> None:
        lines = [self._line(self._topics[each.topic], each) for each in records if self._is_wanted(each)]
        if lines:
            write_lines_now(lines)
        else:
            require_reader()

    def _is_wanted(self, record: ConsumedRecord) -> bool:
        return is_about(self._topics[record.topic], record, self._account, self._contact)


def _find_topic(name: str) -> Topic:
    if name not in OUTPUTS:
        raise UsageError(f"there is no output topic {name!r}{suggestion(name, OUTPUTS)}")
    return OUTPUTS[name]

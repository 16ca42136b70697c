"""The switch of hand-overs: pauses them, all or one account's, and resumes them."""

from __future__ import annotations

from schemas.topics import CRM_COMMANDS
from schemas.values import instant_text
from streams.clock import now_ms
from streams.kafka.clients import open_producer
from streams.kafka.reader import open_consumer
from streams.settings import Settings
from streams.store.handovers.commands import (
    CLIENT,
    CrmCommands,
    HandOverPause,
    encode_command,
    pause_key,
    read_commands,
)


async def pause_hand_overs(settings: Settings, account: str | None, by: str) -> HandOverPause | None:
    """Pauses hand-overs of an account, or all; returns the pause that stands already, None where there was none.

    Raises TopicsMissing, BrokerUnavailable.
    """
    before = _pause_of(await _read(settings), account)
    if before is None:
        pause = HandOverPause(instant_text(now_ms()), account, by)
        await _write(settings, pause.key, encode_command(pause))
    return before


async def resume_hand_overs(settings: Settings, account: str | None) -> HandOverPause | None:
    """Ends the pause of an account, or of all; returns what it was, None where there was none.

    A pause of all does not end those of accounts. Raises TopicsMissing, BrokerUnavailable.
    """
    before = _pause_of(await _read(settings), account)
    if before is not None:
        await _write(settings, pause_key(account), None)
    return before


def _pause_of(commands: CrmCommands, account: str | None) -> HandOverPause | None:
    return commands.pause if account is None else commands.account_pauses.get(account)


async def _read(settings: Settings) -> CrmCommands:
    async with open_consumer(settings.bootstrap, CLIENT) as consumer:
        return await read_commands(settings, consumer)


async def _write(settings: Settings, key: str, value: bytes | None) -> None:
    async with open_producer(settings.bootstrap) as producer:
        await producer.send_and_wait(settings.prefix + CRM_COMMANDS.name, value, key.encode())

"""Sends manual decisions about leads and lists as events, one for each contact."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from pydantic import TypeAdapter, ValidationError

from schemas.definitions import Definitions
from schemas.values import ContactId, instant_text
from streams.clock import now_ms
from streams.errors import DataError, UsageError
from streams.hints import suggestion
from streams.kafka.deployment import DeploymentRecord, require_deployment
from streams.kafka.events_clock import current_event_time
from streams.publish.lines import EventLine, RefusedLine, line_from_event, read_lines
from streams.publish.producer import EventProducer
from streams.publish.publisher import BATCH_SIZE
from streams.settings import Settings

DefinitionsCheck = Callable[[Definitions], None]
"""Raises UsageError where the definitions in force do not allow the command."""

_contact_id_adapter = TypeAdapter(ContactId)


def collect_contacts(arguments: Sequence[str], file: str | None) -> list[str]:
    """Returns the contacts named on the command line and in a file (one a line), each once, in order.

    Raises UsageError when there is none, DataError for a line that is no contact id.
    """
    located_contacts = [("the command line", contact) for contact in arguments]
    if file is not None:
        located_contacts += [
            (line.location, _decode_line(line.location, line.text)) for line in read_lines([file], lambda _: None)
        ]
    if not located_contacts:
        raise UsageError("name the contacts, give a --file with one contact on each line, or --search for them")
    for location, name in located_contacts:
        try:
            _contact_id_adapter.validate_python(name)
        except ValidationError as error:
            raise DataError(f"{location}: {name[:40]!r} is not a contact id: {error.errors()[0]['msg']}") from error
    return list(dict.fromkeys(contact for _location, contact in located_contacts))


def _decode_line(location: str, line: bytes) -> str:
    try:
        return line.decode()
    except UnicodeDecodeError as error:
        raise DataError(f"{location}: not UTF-8 text") from error


def campaign_check(campaign: str) -> DefinitionsCheck:
    """Returns a check that the campaign is defined."""

    def check(definitions: Definitions) -> None:
        names = [each.id for each in definitions.campaigns]
        if campaign not in names:
            raise UsageError(f"there is no campaign {campaign!r}{suggestion(campaign, names)}")

    return check


def static_segment_check(segment: str) -> DefinitionsCheck:
    """Returns a check that the segment is defined and static."""

    def check(definitions: Definitions) -> None:
        by_name = {each.id: each for each in definitions.segments}
        if segment not in by_name:
            raise UsageError(f"there is no segment {segment!r}{suggestion(segment, by_name)}")
        if by_name[segment].dynamic:
            raise UsageError(
                f"segment {segment!r} is dynamic: its members are the contacts for whom its condition holds;"
                " only static segments are lists kept by hand"
            )

    return check


async def send_commands(
    settings: Settings,
    account: str,
    contacts: Iterable[str],
    *,
    fields: dict[str, Any],
    check: DefinitionsCheck,
    at: int | None,
) -> int:
    """Sends one command per contact, each with an id of its own; returns how many.

    `fields` are the same in every command. `at` is in ms; None means now, on the events clock the account's latest
    time. Raises UsageError when `check` does, or when the account has no time yet.
    """
    async with EventProducer(settings) as producer:
        from streams.store.releases import ReleaseRepository  # noqa: PLC0415 - validation is slow to import

        deployment = await require_deployment(settings)
        release = await ReleaseRepository(settings, deployment.clock).latest(account)
        if release is None:
            raise UsageError(f"account {account!r} has no definitions yet; `leadstream definitions apply` makes some")
        check(release.definitions)
        instant = instant_text(await command_instant(settings, deployment, account, at))
        events = [build_command(account, contact, instant, fields) for contact in contacts]
        for start in range(0, len(events), BATCH_SIZE):
            await producer.send([event.event for event in events[start : start + BATCH_SIZE]])
        return len(events)


async def command_instant(settings: Settings, deployment: DeploymentRecord, account: str, at: int | None) -> int:
    """The instant (ms) of a command: `at`, else now, on the events clock the account's latest time.

    Raises UsageError for the future on the wall clock, and where the account has no time yet.
    """
    now = now_ms()
    if at is not None:
        if deployment.clock == "wall" and at > now + settings.future_ms:
            raise UsageError(f"{instant_text(at)} is in the future; on the wall clock a worker refuses such commands")
        return at
    if deployment.clock == "wall":
        return now
    latest = await current_event_time(settings, account)
    if latest is None:
        raise UsageError(f"on the events clock nobody has told account {account!r} the time yet; give --at")
    return latest


def build_command(
    account: str, contact: str, at: str, fields: Mapping[str, Any], event_id: str | None = None
) -> EventLine:
    """The event that says one command; without `event_id` under an id of its own. Raises UsageError."""
    event = {"id": event_id or str(uuid.uuid4()), "at": at, "account": account, "contact": contact, **fields}
    line = line_from_event(event, contact)
    if isinstance(line, RefusedLine):
        raise UsageError(line.reason)
    assert isinstance(line, EventLine)
    return line

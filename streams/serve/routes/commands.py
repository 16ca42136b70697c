"""Commands: manual decisions and events, written to the in-topics as every other producer does."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping
from typing import Annotated, Any

from fastapi import APIRouter, Body, Header

from schemas.events.base import DEFAULT_ACCOUNT
from schemas.values import instant_text
from streams.clock import now_ms
from streams.engine.journal.effects import Refusal, SourceRecord
from streams.engine.journal.validate import EventValidator
from streams.kafka.batches import Headers
from streams.publish.commands import build_command, command_instant
from streams.publish.lines import EventLine, RefusedLine, line_from_event
from streams.serve.answers.commands import EventBody, EventPosition, LeadDecision, ListDecision, WrittenEvents
from streams.serve.context import Context, ServeContext
from streams.serve.parameters import TraceParam, faulty
from streams.serve.problems import HttpProblem

router = APIRouter(tags=["commands"])

KEY_PATTERN = r"^[!-~]{1,255}$"

IdempotencyKey = Annotated[
    str | None,
    Header(
        alias="Idempotency-Key",
        pattern=KEY_PATTERN,
        description=(
            "Becomes the id of the events: the same key again changes nothing for 24 hours, as any repeated event id."
        ),
        examples=["b4c0f6a2-qualify-ada"],
    ),
]
EventBodyParam = Annotated[
    EventBody,
    Body(
        description="`id` may be left out for an Idempotency-Key, and `at` for now.",
        examples=[
            {"type": "contact.changed", "contact": "ada", "properties": {"country": "DE"}},
            {"type": "web.visited", "contact": "ada", "url": "https://example.com/pricing"},
        ],
    ),
]


def _lead_route(verb: str, event_type: str, text: str) -> Callable[..., Any]:
    async def command(
        context: Context, decision: LeadDecision, trace: TraceParam, idempotency_key: IdempotencyKey = None
    ) -> WrittenEvents:
        await context.definitions.campaign(decision.account, decision.campaign)
        fields = {"type": event_type, "campaign": decision.campaign}
        return await _decide(context, decision, fields, idempotency_key, trace)

    command.__doc__ = text
    router.post(
        f"/leads/{verb}", status_code=202, summary=f"{verb.capitalize()} leads", operation_id=f"{verb}_leads"
    )(command)
    return command


def _list_route(verb: str, event_type: str, text: str) -> Callable[..., Any]:
    async def command(
        context: Context, decision: ListDecision, trace: TraceParam, idempotency_key: IdempotencyKey = None
    ) -> WrittenEvents:
        segment = await context.definitions.segment(decision.account, decision.segment)
        if segment.dynamic:
            raise HttpProblem(
                "conflict",
                f"segment {segment.id!r} is dynamic: its members are the contacts for whom its condition holds; only"
                " static segments are lists kept by hand",
            )
        fields = {"type": event_type, "segment": decision.segment}
        return await _decide(context, decision, fields, idempotency_key, trace)

    command.__doc__ = text
    router.post(
        f"/segments/{verb}",
        status_code=202,
        summary=f"{verb.capitalize()} contacts to or from a static segment",
        operation_id=f"{verb}_members",
    )(command)
    return command


qualify_leads = _lead_route("qualify", "lead.qualified", "Active, duplicate and rejected ones become qualified.")
reject_leads = _lead_route("reject", "lead.rejected", "Any but deleted ones become rejected.")
remove_leads = _lead_route("remove", "lead.removed", "They leave the campaign: they become deleted.")
add_leads = _lead_route("add", "lead.added", "The contacts become leads of a campaign that runs.")
reactivate_leads = _lead_route(
    "reactivate", "lead.reactivated", "They become active; a removed one begins at 0 points."
)
add_members = _list_route("add", "segment.member_added", "The contacts are listed.")
remove_members = _list_route("remove", "segment.member_removed", "The contacts are listed no more.")


@router.post("/events", status_code=202, summary="Publish an event")
async def publish_event(
    context: Context, event: EventBodyParam, trace: TraceParam, idempotency_key: IdempotencyKey = None
) -> WrittenEvents:
    """Of any type that the in-topics take. What a worker would refuse at the door is refused here already."""
    event = _with_id(event, idempotency_key)
    account = event.get("account")
    deployment = await context.definitions.deployment()
    if "at" not in event:
        name = account if isinstance(account, str) else DEFAULT_ACCOUNT
        event["at"] = instant_text(await command_instant(context.settings, deployment, name, None))
    line = line_from_event(event, "the event")
    if isinstance(line, RefusedLine):
        raise faulty("body", line.reason)
    if not isinstance(line, EventLine):
        raise faulty("body.type", "not an event: definitions are applied, and time is told, by commands of their own")
    outgoing = line.event
    validate = EventValidator(deployment.clock, context.settings.future_ms, normalize_ids=deployment.normalize_ids)
    now = now_ms()
    record = SourceRecord(outgoing.topic, 0, 0, now, outgoing.key, outgoing.value, (), now)
    result = validate.validate(record)
    if isinstance(result, Refusal):
        raise faulty("body", f"{result.message} ({result.code})")
    [position] = await context.writer.write([line], normalize_ids=deployment.normalize_ids, trace=trace)
    contact = event.get("contact")
    return WrittenEvents(
        id=event["id"],
        type=event["type"],
        events=[
            EventPosition(
                contact=contact if isinstance(contact, str) else None,
                topic=position.topic,
                partition=position.partition,
                offset=position.offset,
            )
        ],
    )


def _with_id(event: Mapping[str, Any], key: str | None) -> dict[str, Any]:
    """The event with an id. Raises HttpProblem for two different ones."""
    given = event.get("id")
    if given is not None and key is not None and given != key:
        raise faulty("body.id", "differs from the Idempotency-Key: give one of them")
    return {**event, "id": given if given is not None else key or str(uuid.uuid4())}


async def _decide(
    context: ServeContext,
    decision: LeadDecision | ListDecision,
    fields: dict[str, Any],
    key: str | None,
    trace: Headers,
) -> WrittenEvents:
    deployment = await context.definitions.deployment()
    instant = instant_text(await command_instant(context.settings, deployment, decision.account, None))
    event_id = key or str(uuid.uuid4())
    if decision.by is not None:
        fields["by"] = decision.by
    contacts = list(dict.fromkeys(decision.contacts))
    lines = [build_command(decision.account, contact, instant, fields, event_id) for contact in contacts]
    positions = await context.writer.write(lines, normalize_ids=deployment.normalize_ids, trace=trace)
    events = [
        EventPosition(contact=contact, topic=each.topic, partition=each.partition, offset=each.offset)
        for contact, each in zip(contacts, positions, strict=True)
    ]
    return WrittenEvents(id=event_id, type=fields["type"], events=events)

"""Writes outputs as lines: for people with instant, contact, what changed and its cause; for machines as they are."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from schemas.events.base import DEFAULT_ACCOUNT
from schemas.topics import DEAD_LETTERS, Topic
from schemas.values import instant_text
from streams.kafka.dead_letters import REASON_HEADERS
from streams.kafka.protocols import ConsumedRecord

OutputFields = Mapping[str, Any]

_decode = msgspec.json.Decoder().decode
_encode = msgspec.json.Encoder().encode


def is_about(topic: Topic, record: ConsumedRecord, account: str | None, contact: str | None) -> bool:
    """Whether a record is about this account and contact; None is any."""
    if account is None and contact is None:
        return True
    names = _names(topic, record)
    return account in (None, names.get("account")) and contact in (None, names.get("contact"))


def machine_line(topic: Topic, record: ConsumedRecord) -> str:
    """The value as it is. A deleted row is its key with null, a dead letter an object: they have no value of JSON."""
    if topic is DEAD_LETTERS:
        letter = {**_headers(record), "key": _text(record.key), "value": _text(record.value)}
        return _encode(letter).decode()
    if record.value is None:
        return _encode({"key": _text(record.key), "value": None}).decode()
    return record.value.decode(errors="replace")


def human_line(topic: Topic, record: ConsumedRecord) -> str:
    """One line of text. Of a record that no Leadstream wrote it says so."""
    if topic is DEAD_LETTERS:
        return _printable(_dead_letter_line(topic, record))
    fields = _fields(record)
    if record.value is None:
        names = _names(topic, record)
        subject = names.get("segment") or names.get("campaign")
        what = "row deleted" if subject is None else f"row of {subject} deleted"
        return _printable(f"{_write_time(record)}  {_owner(names)}  {what}")
    describe = _DESCRIPTIONS.get(str(fields.get("type")))
    try:
        what = f"{describe(fields)}  [{_cause_text(fields['cause'])}]" if describe else "a record of an unknown type"
    except (KeyError, TypeError, ValueError, AttributeError):
        what = "a record that no Leadstream wrote"
    return _printable(f"{fields.get('at', _write_time(record))}  {_owner(_names(topic, record))}  {what}")


def _dead_letter_line(topic: Topic, record: ConsumedRecord) -> str:
    headers = _headers(record)
    source = f"{headers.get('source-topic')}:{headers.get('source-partition')} offset {headers.get('source-offset')}"
    what = f"dead letter {headers.get('error-code')}: {headers.get('error-message')}  [{source}]"
    return f"{_write_time(record)}  {_owner(_names(topic, record))}  {what}"


def _segment_text(verb: str) -> Callable[[OutputFields], str]:
    return lambda fields: f"{verb} {fields['segment']}"


def _status_text(fields: OutputFields) -> str:
    step = f"made, {fields['to']}" if fields["from"] is None else f"{fields['from']} -> {fields['to']}"
    return f"lead in {fields['campaign']}: {step}, {_points(fields)}"


def _points_text(fields: OutputFields) -> str:
    return f"lead in {fields['campaign']}: {fields['added']:+.6g}, now {_points(fields)}"


def _handover_text(fields: OutputFields) -> str:
    kept_back = ", kept back by do_not_sync" if fields.get("do_not_sync") else ""
    return f"lead in {fields['campaign']['id']}: handed over with {_points(fields)}{kept_back}"


def _update_text(fields: OutputFields) -> str:
    kept_back = ", kept back by do_not_sync" if fields.get("do_not_sync") else ""
    opted_out = ", opted out" if fields.get("opted_out") else ""
    told = ", ".join(fields["occasions"]) or "consent"
    return f"lead in {fields['campaign']['id']}: {fields['lead']['status']}, told of {told}{kept_back}{opted_out}"


def _notice_text(fields: OutputFields) -> str:
    return f"lead in {fields['campaign']['id']}: notice {fields['notice']}"


def _member_text(fields: OutputFields) -> str:
    return f"member of {fields['segment']} since {fields['since']}"


def _lead_text(fields: OutputFields) -> str:
    return f"lead in {fields['campaign']}: {fields['status']}, {_points(fields)}"


def _contact_text(fields: OutputFields) -> str:
    count = len(fields["properties"])
    properties = "1 property" if count == 1 else f"{count} properties"
    return f"contact: {fields['status']}, score {fields['score']:.10g}, {properties}"


def _revenue_text(fields: OutputFields) -> str:
    sums = ", ".join(f"{name} {fields[name]['amount']} ({fields[name]['count']})" for name in ("won", "lost", "open"))
    return f"revenue of {fields['campaign']} in {fields['currency']}: {sums}"


_DESCRIPTIONS: Mapping[str, Callable[[OutputFields], str]] = {
    "segment.entered": _segment_text("entered"),
    "segment.exited": _segment_text("left"),
    "lead.status_changed": _status_text,
    "lead.points_changed": _points_text,
    "lead.handed_over": _handover_text,
    "lead.updated": _update_text,
    "automation.notified": _notice_text,
    "segment.member": _member_text,
    "lead": _lead_text,
    "contact": _contact_text,
    "campaign.revenue": _revenue_text,
}


def _points(fields: OutputFields) -> str:
    points = round(fields["points"], 6)
    return "1 point" if points == 1 else f"{points:.10g} points"


def _cause_text(cause: OutputFields) -> str:
    """The kind of the cause and what is known of it: `automation, rule hot, event v-1`."""
    parts = [str(cause["kind"])]
    parts += [f"{name} {cause[name]}" for name in ("rule", "by", "event", "release") if cause.get(name) is not None]
    if cause.get("late"):
        parts.append("late")
    return ", ".join(parts)


def _owner(names: OutputFields) -> str:
    """The contact, with its account where that is another than the default; - where there is none, as of revenue."""
    account, contact = names.get("account"), names.get("contact")
    if contact is None:
        return "-" if account in (None, DEFAULT_ACCOUNT) else str(account)
    return str(contact) if account in (None, DEFAULT_ACCOUNT) else f"{account}/{contact}"


def _names(topic: Topic, record: ConsumedRecord) -> OutputFields:
    """What the key says of whom the record is about, by the words of the topic's key; of a dead letter its event."""
    key = _text(record.key)
    if topic is DEAD_LETTERS:
        event = _fields(record)
        return {"account": event.get("account", DEFAULT_ACCOUNT), "contact": event.get("contact", key)}
    words = topic.key.split("/")
    return dict(zip(words, (key or "").split("/", len(words) - 1), strict=False))


def _headers(record: ConsumedRecord) -> dict[str, str]:
    """The headers of a dead letter that Leadstream added: those of the record as received come before them."""
    return {name: value.decode(errors="replace") for name, value in record.headers if name in REASON_HEADERS}


def _fields(record: ConsumedRecord) -> OutputFields:
    """The value as an object; empty where it is none."""
    try:
        value = _decode(record.value or b"{}")
    except msgspec.DecodeError:
        return {}
    return value if isinstance(value, dict) else {}


def _write_time(record: ConsumedRecord) -> str:
    return instant_text(max(record.timestamp, 0))


def _text(value: bytes | None) -> str | None:
    return None if value is None else value.decode(errors="replace")


def _printable(line: str) -> str:
    return line if line.isprintable() else "".join(each if each.isprintable() else "?" for each in line)

"""Turns lines of a web server's access log (common or combined format) into `web.visited` events. Pure."""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from datetime import UTC, datetime, timedelta, timezone
from typing import Any, Literal

from schemas.values import instant_text

OwnerType = Literal["contact", "visitor"]

_QUOTED = r'"((?:[^"\\]|\\.)*)'
# The last quote may be missing, since servers cut off long lines; more fields may follow it.
_LINE = re.compile(
    r"(\S+) \S+ .*?\[([^\]]+)\] "
    + (_QUOTED + r'" (\d{3}) (\d+|-)')
    + ("(?: " + _QUOTED + '" ' + _QUOTED + r'(?:"(?:\s.*)?)?)?\s*')
)
_TIME = re.compile(r"(\d\d)/([A-Z][a-z]{2})/(\d{4}):(\d\d):(\d\d):(\d\d) ([+-])(\d\d)(\d\d)")
_REQUEST = re.compile(r"([A-Za-z]+) (\S+)(?: HTTP/[\d.]+)?")
_ESCAPE = re.compile(r"\\(x[0-9A-Fa-f]{2}|.)")
# Logs use English names, whatever the locale of the machine that reads them.
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_ESCAPE_CHARACTERS = {"n": "\n", "r": "\r", "t": "\t", "v": "\v", "b": "\b", "f": "\f"}


class AccessLogParser:
    """Turns lines into events; one object for all lines of a run.

    An event's id depends on the line's content and on how many equal lines came before it: two equal lines are
    two visits, and the same log published again has the same ids. For each line 8 bytes of hash stay in memory.
    """

    def __init__(self, owner_type: OwnerType = "contact", account: str = "default") -> None:
        self._owner_type = owner_type
        self._account = account
        self._content_counts: Counter[bytes] = Counter()

    def parse_visit(self, line: str) -> dict[str, Any]:
        """Returns the event of one line. Raises ValueError with what is wrong with the line."""
        match = _LINE.fullmatch(line)
        if match is None:
            raise ValueError("not a line of an access log in the common or combined format")
        address, time, request, status, size, referrer, agent = match.groups()
        at = _parse_instant(time)
        method, url = _parse_request(request)
        properties: dict[str, Any] = {"method": method, "status": int(status), "bytes": _parse_size(size)}
        _set_if_logged(properties, "agent", agent)
        event: dict[str, Any] = {"id": self._next_event_id(line), "type": "web.visited", "at": at, "contact": address}
        if self._owner_type == "visitor":
            event["visitor"] = True
        if self._account != "default":
            event["account"] = self._account
        event["url"] = url
        _set_if_logged(event, "referrer", referrer)
        return event | {"properties": properties}

    def _next_event_id(self, line: str) -> str:
        content = line.strip().encode()
        digest = hashlib.blake2b(content, digest_size=8).digest()
        self._content_counts[digest] += 1
        return "log-" + hashlib.sha256(content + b"#%d" % self._content_counts[digest]).hexdigest()[:32]


def _parse_instant(text: str) -> str:
    match = _TIME.fullmatch(text)
    if match is None or match[2] not in _MONTHS:
        raise ValueError(f"{text!r} is not a time such as 17/May/2015:10:05:03 +0000")
    day, month, year, hour, minute, second, sign, zone_hours, zone_minutes = match.groups()
    offset = timedelta(hours=int(zone_hours), minutes=int(zone_minutes))
    zone = timezone(offset if sign == "+" else -offset)
    month_number = _MONTHS.index(month) + 1
    instant = datetime(int(year), month_number, int(day), int(hour), int(minute), int(second), tzinfo=zone)
    return instant_text((instant - _EPOCH) // timedelta(milliseconds=1))


def _parse_request(request: str) -> tuple[str, str]:
    match = _REQUEST.fullmatch(_unescape(request))
    if match is None:
        raise ValueError(f"the request {request[:60]!r} names no address that was visited")
    return match[1].upper(), match[2]


def _parse_size(text: str) -> int:
    return 0 if text == "-" else int(text)


def _set_if_logged(target: dict[str, Any], name: str, text: str | None) -> None:
    """Sets the field unless the log has a dash, its sign for no value."""
    if text and text != "-":
        target[name] = _unescape(text)


def _unescape(text: str) -> str:
    return _ESCAPE.sub(_escape_character, text)


def _escape_character(match: re.Match[str]) -> str:
    escape = match[1]
    if len(escape) == 3:
        return chr(int(escape[1:], 16))
    return _ESCAPE_CHARACTERS.get(escape, escape)

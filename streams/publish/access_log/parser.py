"""Turns lines of a web server's access log into `web.visited` events."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Mapping
from typing import Any, Literal

from schemas.values import instant_text
from streams.publish.access_log.combined import CombinedLog
from streams.publish.access_log.entry import LogEntry
from streams.publish.access_log.json_line import JsonLog, unwrap_docker_line
from streams.publish.access_log.log_format import FormatLog
from streams.publish.access_log.prefixes import strip_prefixes
from streams.publish.access_log.roles import FieldRole, require_one_client

OwnerType = Literal["contact", "visitor"]

_MAX_ADDRESS_LENGTH = 20_000


class AccessLogParser:
    """Turns lines into events; one object for all lines of a run.

    An event's id depends on the line's content and on how many equal lines came before it: two equal lines are
    two visits, and the same log published again has the same ids. For each line 8 bytes of hash stay in memory.

    `log_format` is in the notation of nginx or Apache; without one a line is in the common or combined format, with
    a virtual host in front or not, or it is a JSON object. `field_names` names the fields that play a role in a
    visit, where they are not those that servers write. Raises UsageError for a format or name that makes no sense.
    """

    def __init__(
        self,
        owner_type: OwnerType = "contact",
        account: str = "default",
        *,
        log_format: str | None = None,
        field_names: Mapping[FieldRole, str] | None = None,
    ) -> None:
        names = field_names or {}
        require_one_client(names.get("client", ""))
        self._owner_type = owner_type
        self._account = account
        self._format = None if log_format is None else FormatLog(log_format, names)
        self._combined = CombinedLog(names)
        self._json = JsonLog(names)
        self._content_counts: Counter[bytes] = Counter()

    def parse_visit(self, line: str) -> dict[str, Any]:
        """Returns the event of one line. Raises ValueError with what is wrong with the line."""
        entry = self._read_entry(line.strip())
        event: dict[str, Any] = {
            "id": self._next_event_id(line),
            "type": "web.visited",
            "at": instant_text(entry.at),
            "contact": entry.client,
        }
        if self._owner_type == "visitor":
            event["visitor"] = True
        if self._account != "default":
            event["account"] = self._account
        event["url"] = entry.url
        if entry.referrer is not None:
            event["referrer"] = entry.referrer
        properties = {"method": entry.method, "status": entry.status, "bytes": entry.size, "agent": entry.agent}
        event["properties"] = {name: value for name, value in properties.items() if value is not None}
        return event

    def _read_entry(self, line: str) -> LogEntry:
        entry = self._read_format(line) if self._format is not None else self._read_common_form(line)
        for address in (entry.url, entry.referrer or ""):
            if len(address) > _MAX_ADDRESS_LENGTH:
                raise ValueError(f"an address of {len(address):,} characters is longer than a visit may have")
        return entry

    def _read_common_form(self, line: str) -> LogEntry:
        text = strip_prefixes(line)
        if not text.startswith("{"):
            return self._combined.read_entry(text)
        inner_line = unwrap_docker_line(text)
        if inner_line is None:
            return self._json.read_entry(text)
        if inner_line.startswith("{"):
            return self._json.read_entry(inner_line)
        return self._combined.read_entry(inner_line)

    def _read_format(self, line: str) -> LogEntry:
        """Reads a line by the format, also where a log collector put something before it."""
        assert self._format is not None
        try:
            return self._format.read_entry(line)
        except ValueError:
            text = strip_prefixes(line)
            text = unwrap_docker_line(text) or text
            if text == line:
                raise
        return self._format.read_entry(text)

    def _next_event_id(self, line: str) -> str:
        content = line.strip().encode()
        digest = hashlib.blake2b(content, digest_size=8).digest()
        self._content_counts[digest] += 1
        return "log-" + hashlib.sha256(content + b"#%d" % self._content_counts[digest]).hexdigest()[:32]

"""Lines in the common or combined format, with or without the name of a virtual host in front."""

from __future__ import annotations

import re
from collections.abc import Mapping

from streams.publish.access_log.clients import NO_CLIENT, is_address, is_client, is_host_name, parse_id, split_port
from streams.publish.access_log.entry import LogEntry, absolute_url, parse_request, parse_size
from streams.publish.access_log.escapes import unescape
from streams.publish.access_log.roles import FieldRole
from streams.publish.access_log.server_fields import normalize_field_name
from streams.publish.access_log.times import parse_time

# Each character can be read in one way only, so that the time to read a line grows with its length and not faster.
_QUOTED = r'"([^"\\]*(?:\\.[^"\\]*)*)'
_REQUEST = re.compile(_QUOTED + r'" ([0-9]{3}) ([0-9]{1,15}|-)(?=\s|$)')
# The last quote may be missing, since servers cut off long lines; more fields may follow it.
_PAGES = re.compile(" " + _QUOTED + '"(?: ' + _QUOTED + r')?(?:"(?=\s|$)|\\?$)')
_CUT_REFERRER = re.compile(r'(?: "[^"]*)?$')

_UNKNOWN_FORM = (
    "not a line of an access log in a form that is known (common, combined, a virtual host before them, JSON);"
    " --log-format says what its fields are"
)
_UNCLEAR_CLIENT = (
    "what stands before the time does not say clearly who the client is;"
    " --log-format does, such as '$http_x_forwarded_for - $remote_user [$time_local] \"$request\" $status'"
)


class CombinedLog:
    """Reads lines in the formats that servers write without being configured; the client may be the user too."""

    def __init__(self, overrides: Mapping[FieldRole, str]) -> None:
        client = normalize_field_name(overrides.get("client", "remote_addr"))
        self._is_user_the_client = client == "remote_user"
        is_known = client in ("remote_addr", "remote_host", "remote_user")
        self._missing_fields = [name for role, name in overrides.items() if role != "client" or not is_known]

    def read_entry(self, line: str) -> LogEntry:
        """Returns what a line says. Raises ValueError."""
        head, bracket, rest = line.partition(" [")
        time, end, rest = rest.partition("] ")
        match = _REQUEST.match(rest) if bracket and end else None
        if match is None:
            raise ValueError(_UNKNOWN_FORM)
        if self._missing_fields:
            name = self._missing_fields[0]
            raise ValueError(f"the line has no field that is known as {name}; --log-format says what its fields are")
        client, user, host = split_head(head)
        method, url = parse_request(match[1])
        url = unescape(url)
        referrer, agent = _split_pages(rest, match.end())
        return LogEntry(
            client=parse_id(unescape(user)) if self._is_user_the_client else client,
            at=parse_time(time),
            method=method,
            url=url if host is None else absolute_url(url, host),
            status=int(match[2]),
            size=parse_size(match[3]),
            referrer=referrer,
            agent=agent,
        )


def split_head(head: str) -> tuple[str, str, str | None]:
    """Returns client, user and virtual host of what stands before the time.

    Servers write `client ident user` or `host client ident user`. Raises ValueError for anything else, where the
    first word may be a proxy or the site itself: as a contact it would have the visits of everybody.
    """
    words = head.split()
    if words and words[0] == "-":
        raise ValueError(NO_CLIENT)
    if len(words) < 3 or any(is_address(word) for word in words[2:]):
        raise ValueError(_UNCLEAR_CLIENT)
    first, second, *others = words
    # A user's name may have spaces; then the ident before it is a dash, as nearly always.
    has_user_with_spaces = second == "-" and others[0] != "-"
    if is_client(first) and not is_client(second) and (len(words) == 3 or has_user_with_spaces):
        return first, " ".join(others), None
    if _is_virtual_host(first) and is_client(second) and (len(others) == 2 or (len(others) > 2 and others[0] == "-")):
        return second, " ".join(others[1:]), first
    raise ValueError(_UNCLEAR_CLIENT)


def _is_virtual_host(word: str) -> bool:
    """Whether the word is a site's name, with its port or not; an address without a port may be a proxy's."""
    name, port = split_port(word)
    return is_host_name(name) or (port is not None and is_address(name))


def _split_pages(rest: str, start: int) -> tuple[str | None, str | None]:
    """Returns referrer and agent, each None where the line has none. Raises ValueError where quotes do not fit."""
    if not rest.startswith(' "', start):
        return None, None
    match = _PAGES.match(rest, start)
    if match is not None:
        return _text(match[1]), _text(match[2])
    if _CUT_REFERRER.match(rest, start):
        return None, None
    raise ValueError("the quotes around referrer and agent do not fit")


def _text(value: str | None) -> str | None:
    """A dash is the log's sign for no value."""
    return None if value in (None, "", "-") else unescape(value or "")

"""One line of a log, read: who asked for what, and when, before it becomes an event."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from streams.publish.access_log.clients import NO_CLIENT, is_host_name, parse_client, parse_id, split_port
from streams.publish.access_log.escapes import unescape
from streams.publish.access_log.roles import RoleNames, find_value, is_address_field
from streams.publish.access_log.times import parse_time

_REQUEST = re.compile(r"([A-Za-z][A-Za-z_-]*) (\S+)(?: HTTP/[0-9.]+)?")
_DEFAULT_PORTS = {"80": "http", "443": "https"}


@dataclass(frozen=True, slots=True)
class LogEntry:
    """A request; `at` is in ms, and what the line does not say is None."""

    client: str
    at: int
    method: str | None
    url: str
    status: int | None = None
    size: int | None = None
    referrer: str | None = None
    agent: str | None = None


class LogFields:
    """What is common to the lines of one form: the role that each field plays.

    With `has_escapes` a text is as the server escaped it, `-` for nothing.
    """

    def __init__(self, names: RoleNames) -> None:
        self._names = names
        self._is_address = {name: is_address_field(name) for name in names["client"]}

    def build_entry(self, find: Callable[[str], Any], *, has_escapes: bool) -> LogEntry:
        """Returns the entry of the fields that `find` returns by their names. Raises ValueError."""
        name, client = self._find(find, "client")
        if client is None:
            raise ValueError(NO_CLIENT)
        if not isinstance(client, str):
            raise ValueError(f"the field {name} is no text with a client")  # noqa: TRY004 - a value, no type of ours
        text = unescape(client) if has_escapes else client
        time = self._value(find, "time")
        if time is None:
            raise ValueError("the line has no time; --log-field time=FIELD names the field that has it")
        method, url = self._request(find)
        read = _unescape_value if has_escapes else _plain_value
        url = read(url) or ""
        host = read(self._value(find, "host"))
        return LogEntry(
            client=parse_client(text) if self._is_address[name] else parse_id(text),
            at=parse_time(time),
            method=method,
            url=absolute_url(url, host, read(self._value(find, "scheme"))) if host else url,
            status=_parse_count("status", self._value(find, "status")),
            size=parse_size(self._value(find, "bytes")),
            referrer=read(self._value(find, "referrer")),
            agent=read(self._value(find, "agent")),
        )

    def _find(self, find: Callable[[str], Any], role: Any) -> tuple[str, Any]:
        return find_value(find, self._names[role])

    def _value(self, find: Callable[[str], Any], role: Any) -> Any:
        return find_value(find, self._names[role])[1]

    def _request(self, find: Callable[[str], Any]) -> tuple[str | None, str]:
        request = self._value(find, "request")
        if isinstance(request, str):
            # Some logs call the address alone a request.
            return (self._method(find), request) if request.startswith("/") else parse_request(request)
        url = self._value(find, "url")
        if url is None:
            raise ValueError(
                "the line names no address that was visited; --log-field url=FIELD names the field of it"
            )
        if not isinstance(url, str) or url in ("", "-") or " " in url:
            raise ValueError("the line names no address that was visited")
        query = self._value(find, "query")
        if isinstance(query, str) and query not in ("", "-") and "?" not in url:
            url += "?" + query.removeprefix("?")
        return self._method(find), url

    def _method(self, find: Callable[[str], Any]) -> str | None:
        method = self._value(find, "method")
        return method.upper() if isinstance(method, str) and method not in ("", "-") else None


def parse_request(request: str) -> tuple[str, str]:
    """Returns method and URL of a request line, still with the server's escapes. Raises ValueError."""
    match = _REQUEST.fullmatch(request)
    if match is None:
        raise ValueError(f"the request {request[:60]!r} names no address that was visited")
    return match[1].upper(), match[2]


def parse_size(value: object) -> int | None:
    """Returns a number of bytes; a dash stands for none. Raises ValueError."""
    return 0 if value == "-" else _parse_count("number of bytes", value)


def absolute_url(url: str, host: str, scheme: str | None = None) -> str:
    """Returns an address with its virtual host; one that has a host already, or a host that cannot be one, as it is.

    `scheme` may be the server's port instead. Where neither says http or https, it is `//host/path`.
    """
    name, port = split_port(host)
    if not url.startswith("/") or not (is_host_name(name) or port is not None):
        return url
    scheme = _DEFAULT_PORTS.get(scheme or port or "", scheme)
    if scheme not in ("http", "https"):
        scheme = None
    origin = f"[{name}]" if ":" in name else name
    if port is not None and _DEFAULT_PORTS.get(port, "") != scheme:
        origin = f"{origin}:{port}"
    return f"{scheme}://{origin}{url}" if scheme else f"//{origin}{url}"


def _parse_count(what: str, value: object) -> int | None:
    """Returns a whole number that a log has as a number or as text; None where it has none. Raises ValueError."""
    if value is None or value in ("", "-"):
        return None
    if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 10**15:
        return value
    if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) <= 15:
        return int(value)
    raise ValueError(f"{str(value)[:40]!r} is no {what}")


def _plain_value(value: object) -> str | None:
    return value if isinstance(value, str) and value not in ("", "-") else None


def _unescape_value(value: object) -> str | None:
    return unescape(value) if isinstance(value, str) and value not in ("", "-") else None

"""The roles that fields of a log play in a visit, and the names that servers give these fields."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, Literal, get_args

from streams.errors import UsageError
from streams.hints import suggestion
from streams.publish.access_log.server_fields import normalize_field_name

FieldRole = Literal[
    "client", "time", "request", "method", "url", "query", "status", "bytes", "referrer", "agent", "host", "scheme"
]
"""What a field says; `request` is a line such as `GET / HTTP/1.1`, `query` what follows the `?` of the URL."""

RoleNames = Mapping[FieldRole, tuple[str, ...]]
"""FieldRole -> the names of fields that may play it; the first that a line has does."""

ROLE_NAMES: RoleNames = {
    "client": (
        *("remote_addr", "remote_host", "request.client_ip", "request.remote_ip", "request.remote_addr"),
        *("ClientHost", "ClientAddr", "remote_ip", "client_ip", "clientip", "http_x_forwarded_for"),
        *("proxy_add_x_forwarded_for", "http_x_real_ip", "http_cf_connecting_ip", "http_true_client_ip"),
        "proxy_protocol_addr",
    ),
    "time": ("time_iso8601", "time_local", "msec", "StartUTC", "ts", "timestamp", "@timestamp", "time"),
    "request": ("request",),
    "method": ("request_method", "request.method", "RequestMethod", "method", "verb"),
    "url": ("request_uri", "request.uri", "RequestPath", "uri", "url", "path"),
    "query": ("args", "query_string"),
    "status": ("status", "DownstreamStatus", "status_code", "response"),
    "bytes": ("body_bytes_sent", "bytes_sent", "size", "DownstreamContentSize", "bytes"),
    "referrer": (
        "http_referer",
        "http_referrer",
        "request.headers.Referer",
        "request_Referer",
        "referer",
        "referrer",
    ),
    "agent": ("http_user_agent", "request.headers.User-Agent", "request_User-Agent", "user_agent", "agent"),
    "host": ("host", "http_host", "server_name", "request.host", "RequestHost"),
    "scheme": ("scheme", "RequestScheme", "server_port"),
}

_ADDRESS_FIELDS = frozenset(
    {
        *("remote_addr", "remote_ip", "remote_host", "realip_remote_addr", "client_ip", "clientip", "client_addr"),
        *("clienthost", "clientaddr", "x_forwarded_for", "proxy_add_x_forwarded_for", "x_real_ip", "xff"),
        *(
            "cf_connecting_ip",
            "true_client_ip",
            "x_client_ip",
            "fastly_client_ip",
            "ip",
            "ip_address",
            "proxy_protocol_addr",
        ),
    }
)


def role_names(overrides: Mapping[FieldRole, str]) -> RoleNames:
    """Returns the names of fields by role, where those of `overrides` stand for all others of their role."""
    return {**ROLE_NAMES, **{role: _spellings(name) for role, name in overrides.items()}}


def parse_role_pairs(pairs: Iterable[str]) -> dict[FieldRole, str]:
    """Returns role -> field of pairs such as `time=when`. Raises UsageError."""
    roles: dict[str, FieldRole] = {role: role for role in get_args(FieldRole)}
    overrides: dict[FieldRole, str] = {}
    for pair in pairs:
        role, equals, name = (part.strip() for part in pair.partition("="))
        if not equals or not name:
            raise UsageError(f"--log-field: {pair!r} is not ROLE=FIELD, such as time=when")
        if role not in roles:
            raise UsageError(f"--log-field: no part of a visit is called {role!r}{suggestion(role, roles)}")
        if roles[role] in overrides:
            raise UsageError(f"--log-field: two fields are named for {role}")
        overrides[roles[role]] = name
    return overrides


def is_address_field(name: str) -> bool:
    """Whether a field of that name has addresses of clients; the values of all others are ids as they stand."""
    last = name.rpartition(".")[2].lower().replace("-", "_")
    return last.removeprefix("http_").removeprefix("request_") in _ADDRESS_FIELDS


def require_one_client(name: str) -> None:
    """Raises UsageError for a header that does not have the client alone, in a form that is not read."""
    if name.lower().removeprefix("http_") == "forwarded":
        raise UsageError(
            "--client-field: Forwarded has more than addresses; X-Forwarded-For is read, or an own field"
        )


def find_value(find: Callable[[str], Any], names: tuple[str, ...]) -> tuple[str, Any]:
    """Returns the first of these fields that a line has, and its value; the last name and None without any."""
    for name in names:
        value = find(name)
        if value is not None:
            return name, value
    return names[-1], None


def _spellings(name: str) -> tuple[str, ...]:
    """The names under which servers have a field that was named by a user: a header has several."""
    header = name.lower().replace("-", "_")
    known_name = normalize_field_name(name)
    names = (
        name,
        known_name,
        f"http_{header}",
        f"request.headers.{name}",
        f"request_{name}",
        f"cookie_{name}",
        f"custom_{name}",
    )
    return tuple(dict.fromkeys(names))

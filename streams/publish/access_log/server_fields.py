"""The fields that a log format of nginx or Apache can name; Apache's have the names that nginx gives the same."""

from __future__ import annotations

import re

from streams.hints import suggestion

NGINX_FAMILIES = (
    # These end in a name that the server's user chose: of a header, a cookie, a parameter, a variable of its own.
    *("http_", "sent_http_", "sent_trailer_", "cookie_", "arg_", "custom_"),
    # These are of modules, and nothing in a visit comes from them.
    *("upstream_", "ssl_", "geoip_", "tcpinfo_", "proxy_protocol_", "connections_", "fastcgi_", "limit_"),
)
"""How the names of variables begin that are not listed one by one."""

NGINX_VARIABLES = frozenset(
    {
        *("args", "body_bytes_sent", "bytes_received", "bytes_sent", "connection", "connection_requests"),
        *("connection_time", "content_length", "content_type", "date_gmt", "date_local", "document_root"),
        *("document_uri", "gzip_ratio", "host", "hostname", "http2", "http3", "https", "is_args", "msec"),
        *("nginx_version", "pid", "pipe", "protocol", "proxy_add_x_forwarded_for", "proxy_host", "proxy_port"),
        *("query_string", "realip_remote_addr", "realip_remote_port", "realpath_root", "remote_addr"),
        *("remote_port", "remote_user", "request", "request_body", "request_completion", "request_filename"),
        *("request_id", "request_length", "request_method", "request_time", "request_uri", "scheme"),
        *("server_addr", "server_name", "server_port", "server_protocol", "session_time", "status"),
        *("time_iso8601", "time_local", "uid_got", "uid_set", "uri"),
    }
)

APACHE_FIELDS = {
    "a": "remote_addr",
    "A": "server_addr",
    "B": "body_bytes_sent",
    "b": "body_bytes_sent",
    "D": "request_time",
    "f": "request_filename",
    "h": "remote_host",
    "H": "server_protocol",
    "I": "bytes_received",
    "k": "connection_requests",
    "l": "remote_ident",
    "L": "request_id",
    "m": "request_method",
    "O": "bytes_sent",
    "p": "server_port",
    "P": "pid",
    "q": "args",
    "r": "request",
    "R": "handler",
    "s": "status",
    "S": "bytes_transferred",
    "t": "time_local",
    "T": "request_time",
    "u": "remote_user",
    "U": "uri",
    "v": "server_name",
    "V": "server_name",
    "X": "connection_status",
}
"""Apache's letters -> nginx's names, or names in their style where nginx has no such variable."""

_APACHE_NAMED = {"C": "cookie_", "e": "env_", "i": "http_", "n": "note_", "o": "sent_http_"}
_APACHE_NAMED |= {"^ti": "trailer_", "^to": "sent_trailer_"}
_APACHE_WITH_KIND = {"a", "h", "p", "P", "T"}
"""Letters that take a word in braces: `%{c}a`, `%{local}p`, `%{tid}P`, `%{ms}T`."""
_APACHE_TIMES = {
    **dict.fromkeys(("sec", "msec", "usec"), "msec"),
    **dict.fromkeys(("%Y-%m-%dT%H:%M:%S%z", "%FT%T%z", "%d/%b/%Y:%H:%M:%S %z", "%d/%b/%Y:%T %z"), "time_local"),
}
APACHE_DIRECTIVE = re.compile(
    r"%(?:!?[0-9]{3}(?:,[0-9]{3})*)?[<>]?(?:\{(?P<argument>[^{}]*)\})?(?P<letter>\^t[io]|[A-Za-z])"
)
NGINX_VARIABLE = re.compile(r"\$(?:\{[A-Za-z0-9_]+\}|[A-Za-z0-9_]+)")


def nginx_field(name: str) -> str:
    """Returns the name of a variable of nginx. Raises ValueError for one that there is not."""
    if name in NGINX_VARIABLES or name.startswith(NGINX_FAMILIES):
        return name
    hint = suggestion(name, sorted(NGINX_VARIABLES))
    hint = hint if "did you mean" in hint else "; write a variable of your own configuration as $custom_NAME"
    raise ValueError(f"nginx has no variable ${name}{hint}")


def apache_field(text: str, argument: str | None, letter: str) -> str:
    """Returns the name of the field of a directive `%{argument}letter`. Raises ValueError for an unknown one."""
    if argument is None and letter in APACHE_FIELDS:
        return APACHE_FIELDS[letter]
    if argument and letter in _APACHE_NAMED:
        name = argument.lower().replace("-", "_") if letter in ("i", "o") else argument
        return _APACHE_NAMED[letter] + name
    if argument and letter == "t":
        time_form = argument.removeprefix("begin:")
        if time_form in _APACHE_TIMES:
            return _APACHE_TIMES[time_form]
        raise ValueError(f"times as {text} writes them are not read; there are {', '.join(_APACHE_TIMES)}")
    if argument and letter in _APACHE_WITH_KIND:
        return "connection_peer" if letter in ("a", "h") else APACHE_FIELDS[letter]
    raise ValueError(f"Apache has no part {text}")


def normalize_field_name(text: str) -> str:
    """Returns nginx's name of a field that is written as `$name`, as a directive of Apache, or by its name alone."""
    directive = APACHE_DIRECTIVE.fullmatch(text)
    try:
        return apache_field(text, directive["argument"], directive["letter"]) if directive else text.removeprefix("$")
    except ValueError:
        return text

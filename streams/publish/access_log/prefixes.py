"""Takes off what syslog, Docker and Kubernetes put before a line of a server's log."""

from __future__ import annotations

import re

_ISO_TIME = r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(?:[.,][0-9]{1,9})?(?:Z|[+-][0-9]{2}:?[0-9]{2})"
_BSD_TIME = r"[A-Z][a-z]{2} [ 0-3]?[0-9] [0-9]{2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]{1,9})?"
_PRIORITY = r"<[0-9]{1,3}>"
_PROGRAM = r"[^\s:\[\]\"]{1,64}(?:\[[^\s\[\]]{1,32}\])?: "
_STRUCTURED_DATA = r'(?:-|(?:\[(?:[^\]"\\]|\\.|"(?:[^"\\]|\\.)*")*\])+)'
_COLOUR = r"(?:\x1b\[[0-9;]{0,16}m)?"

_PREFIX = re.compile(
    "|".join(
        (
            # Kubernetes: 2026-03-01T09:30:00.123456789Z stdout F ...
            rf"{_ISO_TIME} (?:stdout|stderr) [FP] ",
            # syslog, RFC 5424: <190>1 2026-03-01T09:30:00Z web1 nginx 123 - - ...
            rf"{_PRIORITY}1 (?:{_ISO_TIME}|-) (?:\S{{1,255}} ){{4}}{_STRUCTURED_DATA} \ufeff?",
            # syslog, RFC 3164, and the files of syslog daemons: <190>Mar  1 09:30:00 web1 nginx[12]: ...
            rf"(?:{_PRIORITY})?(?:{_BSD_TIME}|{_ISO_TIME}) (?:\S{{1,255}} )?{_PROGRAM}",
            # docker logs --timestamps: 2026-03-01T09:30:00.123456789Z ...
            rf"{_ISO_TIME} ",
            # kubectl logs --prefix: [pod/web-1/nginx] ...
            r"\[pod/[^\s\[\]]{1,255}\] ",
            # docker compose logs, in colour or not, and docker service logs: web-1  | ..., web.1.abc@node1    | ...
            rf"{_COLOUR}[A-Za-z0-9][A-Za-z0-9_.@-]{{0,127}} {{1,64}}\|{_COLOUR} {_COLOUR}",
        )
    )
)
_MAX_PREFIXES = 3
"""Docker Compose may put its own before a time, and that before what syslog wrote."""


def strip_prefixes(line: str) -> str:
    """Returns the line without what log collectors put before it; a line without a prefix as it is."""
    start = 0
    for _ in range(_MAX_PREFIXES):
        match = _PREFIX.match(line, start)
        if match is None:
            break
        start = match.end()
    return line[start:]

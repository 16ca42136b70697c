"""The options of `publish --format access-log`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Literal

import typer

from streams.errors import UsageError
from streams.publish.access_log.parser import AccessLogParser
from streams.publish.access_log.roles import parse_role_pairs

LogFormatOption = Annotated[
    str | None,
    typer.Option(
        "--log-format", metavar="FORMAT", help="Access log: its format, as in nginx's or Apache's settings."
    ),
]
ClientFieldOption = Annotated[
    str | None,
    typer.Option("--client-field", metavar="FIELD", help="Access log: who the contact is, such as X-Forwarded-For."),
]
LogFieldOption = Annotated[
    list[str] | None,
    typer.Option("--log-field", metavar="ROLE=FIELD", help="Access log: a field such as time=when; repeatable."),
]


@dataclass(frozen=True, slots=True)
class LogOptions:
    """The options that are for access logs only."""

    log_format: str | None
    client_field: str | None
    field_pairs: list[str] | None

    def parser(self, owner_type: Literal["contact", "visitor"], account: str) -> AccessLogParser:
        """Returns what turns lines into visits. Raises UsageError."""
        names = parse_role_pairs(self.field_pairs or ())
        if self.client_field is not None:
            if names.setdefault("client", self.client_field) != self.client_field:
                raise UsageError("--client-field and --log-field client=... name two fields")
            if not self.client_field.strip():
                raise UsageError("--client-field: name a field, such as X-Forwarded-For")
        return AccessLogParser(owner_type, account, log_format=self.log_format, field_names=names)

    def require_unused(self) -> None:
        """Raises UsageError when any of them is set, for the other formats."""
        if self.log_format is not None or self.client_field is not None or self.field_pairs:
            raise UsageError("--log-format, --client-field and --log-field are for --format access-log")

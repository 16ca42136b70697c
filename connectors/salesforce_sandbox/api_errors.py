"""An error of the stand-in org, in the three shapes in which Salesforce shows one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from aiohttp import web


class ApiError(Exception):
    """A refused request or record: Salesforce's code, its message, the fields it names, the HTTP status."""

    def __init__(self, code: str, message: str, fields: Sequence[str] | None = (), *, status: int = 400) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message
        self.fields = fields
        self.status = status

    def to_response(self) -> web.Response:
        """The answer to a whole request: a list of one `errorCode`; `fields` is left out where it is None."""
        body: dict[str, Any] = {"message": self.message, "errorCode": self.code}
        if self.fields is not None:
            body["fields"] = list(self.fields)
        return web.json_response([body], status=self.status)

    def to_record_result(self) -> dict[str, Any]:
        """The result of one record inside a collection: `statusCode`, and no `id`."""
        error = {"statusCode": self.code, "message": self.message, "fields": list(self.fields or ())}
        return {"success": False, "errors": [error]}

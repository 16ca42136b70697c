"""Errors of the sandbox: the response to a whole request, and the result of one record."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from aiohttp import web


class ApiError(Exception):
    """A refused request or record: Salesforce's code, its message, the fields it names, the HTTP status."""

    def __init__(
        self,
        code: str,
        message: str,
        fields: Sequence[str] | None = (),
        *,
        status: int = 400,
        duplicate_result: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message
        self.fields = fields
        self.status = status
        self.duplicate_result = duplicate_result

    def to_body(self) -> list[dict[str, Any]]:
        """Returns the body of the response to a whole request: a list of one `errorCode`.

        `fields` is left out if it is None or if a duplicate rule refuses the record, as the real service does.
        """
        if self.duplicate_result is not None:
            return [{"duplicateResult": self.duplicate_result, "errorCode": self.code, "message": self.message}]
        body: dict[str, Any] = {"message": self.message, "errorCode": self.code}
        if self.fields is not None:
            body["fields"] = list(self.fields)
        return [body]

    def to_response(self) -> web.Response:
        """Returns the response to a whole request."""
        return web.json_response(self.to_body(), status=self.status)

    def to_record_result(self) -> dict[str, Any]:
        """Returns the result of one record in a collection: an error with `statusCode`, and no `id`."""
        error = {"statusCode": self.code, "message": self.message, "fields": list(self.fields or ())}
        return {"success": False, "errors": [error]}

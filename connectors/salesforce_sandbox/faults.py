"""Faults that a test orders: what fails, for which requests, how often.

| kind | what the client sees |
|---|---|
| `drop` | the connection ends before the write |
| `drop_after_commit` | the write is made, then the connection ends |
| `error_after_commit` | the write is made, then a 500 with UNKNOWN_EXCEPTION |
| `slow_after_commit` | the write is made, the answer comes `seconds` later |
| `truncated` | the write is made, the 200 ends in the middle of its JSON |
| `html_503` | a 503 with a page of HTML |
| `invalid_session` | a 401 although the token is good |
| `daily_limit`, `concurrent_limit` | a 403 with REQUEST_LIMIT_EXCEEDED |
| `row_lock` | a 500 with UNABLE_TO_LOCK_ROW for the whole request |
| `request_error` | `status` with `code` and `message` for the whole request |
| `lock_record` | UNABLE_TO_LOCK_ROW for one record |
| `record_error` | `code` with `message` for one record |
| `race` | another client creates the same new record first |
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import asdict, dataclass
from random import Random
from typing import Any, Literal, get_args

FaultKind = Literal[
    "drop",
    "drop_after_commit",
    "error_after_commit",
    "slow_after_commit",
    "truncated",
    "html_503",
    "invalid_session",
    "daily_limit",
    "concurrent_limit",
    "row_lock",
    "request_error",
    "lock_record",
    "record_error",
    "race",
]
RECORD_FAULTS = ("lock_record", "record_error", "race")
UNLIMITED = -1


@dataclass(slots=True)
class Fault:
    """One order: of the requests by `method` whose path contains `path`, `skip` pass, then `times` fail.

    `query` is a part of the SOQL of a request; `times` of -1 is unlimited; `seconds` is the delay of
    `slow_after_commit`; `key` is a value that the record has: its external id, its id or that of the person of a
    membership. With a `probability` below 1 each of these requests or records fails by chance, the same ones again
    for the same `seed`.
    """

    kind: FaultKind
    method: str = ""
    path: str = ""
    query: str = ""
    times: int = 1
    skip: int = 0
    seconds: float = 1.0
    key: str = ""
    code: str = "UNKNOWN_EXCEPTION"
    message: str = "An unexpected error occurred. Please include this ErrorId if you contact support"
    status: int = 400
    probability: float = 1.0
    seed: int = 0

    def matches(self, method: str, path: str, soql: str = "") -> bool:
        """Whether the order concerns such a request."""
        return self.times != 0 and self.path in path and self.query in soql and self.method in ("", method)

    def trigger(self, chance: float) -> bool:
        """Counts one request or record that matches and returns whether it fails; `chance` lies between 0 and 1."""
        if self.skip:
            self.skip -= 1
            return False
        if chance >= self.probability:
            return False
        if self.times != UNLIMITED:
            self.times -= 1
        return True


class FaultInjector:
    """Holds the orders, oldest first, and applies them."""

    def __init__(self) -> None:
        self._faults: list[tuple[Fault, Random]] = []

    def add(self, body: dict[str, Any]) -> None:
        """Adds an order, given as the fields of `Fault`. Raises ValueError for an unknown kind or field."""
        if body.get("kind") not in get_args(FaultKind):
            raise ValueError(f"unknown kind of fault {body.get('kind')!r}: one of {', '.join(get_args(FaultKind))}")
        try:
            fault = Fault(**body)
        except TypeError as error:
            raise ValueError(str(error)) from error
        self._faults.append((fault, Random(fault.seed)))

    def clear(self) -> None:
        """Removes all orders."""
        self._faults.clear()

    def to_dicts(self) -> list[dict[str, Any]]:
        """Returns the orders with their present counts."""
        return [asdict(fault) for fault, _ in self._faults]

    def trigger_for_request(self, method: str, path: str, soql: str = "") -> Fault | None:
        """Returns the fault that hits this whole request, which may ask `soql`; None when none does."""
        for fault, random in self._faults:
            if fault.kind in RECORD_FAULTS or not fault.matches(method, path, soql):
                continue
            if fault.trigger(random.random()):
                return fault
        return None

    def trigger_for_record(self, kind: FaultKind, method: str, path: str, keys: Collection[Any]) -> Fault | None:
        """Returns the fault of this kind that hits the record with these values; None when none does."""
        for fault, random in self._faults:
            if fault.kind != kind or not fault.matches(method, path):
                continue
            if (not fault.key or fault.key in keys) and fault.trigger(random.random()):
                return fault
        return None

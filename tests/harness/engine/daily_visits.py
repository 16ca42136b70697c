"""Contacts that come every day."""

from __future__ import annotations

from typing import Any

from schemas.values import instant_text
from tests.harness.engine.engine_driver import day


def visits(first: int, last: int, *contacts: str) -> list[dict[str, Any]]:
    """A visit of each contact on every day from `first` to before `last`, in the order of time."""
    return [
        {
            "id": f"{number}-{name}",
            "type": "web.visited",
            "contact": name,
            "at": instant_text(day(number)),
            "url": "/",
        }
        for number in range(first, last)
        for name in contacts
    ]

"""Time zones: the names of the `tzdata` package and its rules, whatever zone files a machine has of its own."""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from zoneinfo import ZoneInfo

_PACKAGE = "tzdata"
_PLACEHOLDER = "Factory"  # in the list, but it says itself that no zone was set


@cache
def zone_names() -> frozenset[str]:
    """Every name that is a time zone, in exactly these letters."""
    listed = files(_PACKAGE).joinpath("zones").read_text("utf-8").split()
    return frozenset(listed) - {_PLACEHOLDER}


@cache
def _load_zone(name: str) -> ZoneInfo:
    data = files(_PACKAGE).joinpath("zoneinfo", *name.split("/"))
    with data.open("rb") as file:
        return ZoneInfo.from_file(file, key=name)


def find_zone(name: str) -> ZoneInfo | None:
    """The time zone of that name, always the same object; None when there is none."""
    return _load_zone(name) if name in zone_names() else None


def require_zone(name: str) -> ZoneInfo:
    """The time zone of a name that was checked before. Raises KeyError."""
    zone = find_zone(name)
    if zone is None:
        raise KeyError(f"{name!r} is not a time zone")
    return zone


UTC = _load_zone("UTC")
"""As a zone among the others."""

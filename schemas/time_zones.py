"""Time zones: names and rules of the `tzdata` package, whatever zone files the machine has."""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from zoneinfo import ZoneInfo

_PACKAGE = "tzdata"
_PLACEHOLDER = "Factory"  # in the list, but it means that no zone was set


@cache
def zone_names() -> frozenset[str]:
    """Returns the name of every time zone; upper and lower case matter."""
    names = files(_PACKAGE).joinpath("zones").read_text("utf-8").split()
    return frozenset(names) - {_PLACEHOLDER}


@cache
def _load_zone(name: str) -> ZoneInfo:
    data = files(_PACKAGE).joinpath("zoneinfo", *name.split("/"))
    with data.open("rb") as file:
        return ZoneInfo.from_file(file, key=name)


def find_zone(name: str) -> ZoneInfo | None:
    """Returns the time zone of this name, always the same object; None when there is none."""
    return _load_zone(name) if name in zone_names() else None


def require_zone(name: str) -> ZoneInfo:
    """Returns the time zone of a name that was checked before. Raises KeyError when there is none."""
    zone = find_zone(name)
    if zone is None:
        raise KeyError(f"{name!r} is not a time zone")
    return zone


UTC = _load_zone("UTC")
"""UTC as one of these zones."""

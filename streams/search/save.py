"""A search that stays: as a dynamic segment of the definitions, or as the list of a static one."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from io import StringIO
from typing import Any

from ruamel.yaml import YAML

from streams.definitions import Account
from streams.definitions.apply import Applier
from streams.definitions.deployment_plan import Planned, Tell, plan_all
from streams.definitions.document import Part
from streams.engine.releases.release_log import Release, Void
from streams.engine.validation import check, path_text
from streams.errors import DefinitionsRefused, UsageError
from streams.search.condition import with_segment
from streams.search.match import Hit
from streams.settings import Clock, Settings
from streams.store.releases import Releases

Advance = Callable[[str, int, int], None]


def segment_of(name: str, condition: Part) -> dict[str, Any]:
    """The dynamic segment as definitions write it."""
    return {"id": name, "dynamic": True, "when": condition.values}


def fragment(segment: Mapping[str, Any]) -> str:
    """What is to be added to a file of definitions."""
    text = StringIO()
    YAML().dump({"segments": [dict(segment)]}, text)
    return text.getvalue()


def extended(release: Release, segment: Mapping[str, Any]) -> Account:
    """The account's definitions in force with the segment. Raises UsageError where they would be refused."""
    if any(each.id == segment["id"] for each in release.content.segments):
        raise UsageError(f"there is a segment {segment['id']!r} already; give another name")
    document = with_segment(release.document, segment)
    found = check(document)
    if found.definitions is None:
        first = found.problems[0]
        raise UsageError(f"{path_text(first.path)}: {first.message}")
    return Account(release.account, document, found.definitions, tuple(warning.message for warning in found.warnings))


async def planned(settings: Settings, account: Account, tell: Tell, advance: Advance) -> Planned:
    """What applying would change, and who would enter and leave: as `definitions plan` tells it."""
    (found,) = await plan_all(settings, {account.name: account}, quick=False, tell=tell, advance=advance)
    return found


async def apply(settings: Settings, clock: Clock, release: Release, account: Account, advance: Advance) -> int:
    """Makes the next release and returns its number. Raises DefinitionsRefused when another one came meanwhile."""
    applier = Applier(settings, Releases(settings, clock))
    made = (await applier.apply(account, release.number, None, advance)).made
    if isinstance(made, Void):
        raise DefinitionsRefused(f"account {made.account}: the release is void, {made.reason}; search again")
    return made.number


def to_be_listed(hits: Iterable[Hit], segment: str) -> list[str]:
    """Who is found and not in the list yet."""
    return [hit.contact for hit in hits if segment not in hit.listed]

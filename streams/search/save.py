"""Saves a search as a dynamic segment, or its hits as the list of a static segment."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from io import StringIO
from typing import Any

from streams.definitions import AccountDefinitions
from streams.definitions.apply import ReleaseApplier
from streams.definitions.deployment_plan import MessageCallback, PlanResult, plan_accounts
from streams.definitions.document import Document
from streams.engine.releases.release_log import Release, VoidRelease
from streams.engine.validation import path_text, validate_definitions
from streams.errors import DefinitionsRefused, UsageError
from streams.progress import ProgressCallback
from streams.search.condition import with_segment
from streams.search.match import Hit
from streams.settings import Clock, Settings
from streams.store.releases import ReleaseRepository


def segment_definition(name: str, condition_document: Document) -> dict[str, Any]:
    """Returns the dynamic segment as JSON, as definitions hold it."""
    return {"id": name, "dynamic": True, "when": condition_document.values}


def to_yaml_fragment(segment: Mapping[str, Any]) -> str:
    """Returns YAML to add to a file of definitions."""
    from ruamel.yaml import YAML  # noqa: PLC0415 - slow to import, and few searches are saved

    text = StringIO()
    YAML().dump({"segments": [dict(segment)]}, text)
    return text.getvalue()


def extend_definitions(release: Release, segment: Mapping[str, Any]) -> AccountDefinitions:
    """Returns the release's definitions with the segment added. Raises UsageError where they are not valid."""
    if any(each.id == segment["id"] for each in release.definitions.segments):
        raise UsageError(f"there is a segment {segment['id']!r} already; give another name")
    document = with_segment(release.versioned_document, segment)
    result = validate_definitions(document)
    if result.definitions is None:
        first = result.problems[0]
        raise UsageError(f"{path_text(first.path)}: {first.message}")
    return AccountDefinitions(
        release.account, document, result.definitions, tuple(warning.message for warning in result.warnings)
    )


async def plan_segment(
    settings: Settings, account: AccountDefinitions, on_message: MessageCallback, on_progress: ProgressCallback
) -> PlanResult:
    """Returns what applying would change, and who would enter and leave, like `definitions plan`."""
    (plan,) = await plan_accounts(
        settings, {account.name: account}, quick=False, on_message=on_message, on_progress=on_progress
    )
    return plan


async def apply_segment(
    settings: Settings, clock: Clock, release: Release, account: AccountDefinitions, on_progress: ProgressCallback
) -> int:
    """Writes the next release and returns its number. Raises DefinitionsRefused when another one came first."""
    applier = ReleaseApplier(settings, ReleaseRepository(settings, clock))
    result = (await applier.apply(account, release.number, None, on_progress)).release
    if isinstance(result, VoidRelease):
        raise DefinitionsRefused(f"account {result.account}: the release is void, {result.reason}; search again")
    return result.number


def unlisted_contacts(hits: Iterable[Hit], segment: str) -> list[str]:
    """Returns the hits that the list of `segment` does not have yet."""
    return [hit.contact for hit in hits if segment not in hit.static_segments]

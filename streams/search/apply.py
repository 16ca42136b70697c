"""Builds a search from the options of a command, and puts its result into a static or a dynamic segment.

What publishes and plans is imported by the functions that use it: few results go into a segment.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from streams.engine.releases.release_log import Release
from streams.errors import UsageError
from streams.kafka.deployment import require_deployment
from streams.progress import ProgressCallback
from streams.search.condition import read_condition
from streams.search.free_text import FreeTextQuery
from streams.search.search import SearchRequest, SearchResult
from streams.settings import Settings


@dataclass(frozen=True, slots=True)
class ResultTarget:
    """Where the result of a search goes: into at most one segment."""

    freeze: str | None = None
    """The static segment whose list gets the hits."""
    save: str | None = None
    """The dynamic segment that gets the condition."""
    apply: bool = False
    """Whether the saved segment becomes a new release."""

    def require_possible(self, free_text: str | None) -> None:
        """Raises UsageError for a combination that makes no sense; `free_text` holds the words, if any."""
        if self.freeze is not None and self.save is not None:
            raise UsageError(
                "--freeze lists contacts in a static segment, --save makes a dynamic one; give one of them"
            )
        if self.save is not None and free_text is not None:
            raise UsageError("free text is no condition and cannot be saved; --freeze keeps who is found now")
        if self.apply and self.save is None:
            raise UsageError("--apply goes with --save SEGMENT")

    def check(self, request: SearchRequest, release: Release) -> None:
        """Raises UsageError, before the scan, where the release does not allow to save or freeze the result."""
        if self.freeze is not None:
            _require_static_segment(self.freeze, release)
        if self.save is not None and request.condition is not None:
            from streams.search.save import extend_definitions, segment_definition  # noqa: PLC0415 - see the module

            extend_definitions(release, segment_definition(self.save, request.condition))


@dataclass(frozen=True, slots=True)
class FrozenResult:
    """How many hits were added to the list of `segment`, and how many it listed before."""

    segment: str
    published: int
    listed_before: int


@dataclass(frozen=True, slots=True)
class SavedSegment:
    """The dynamic segment made from a condition."""

    segment: str
    would_enter: int
    would_leave: int
    notes: tuple[str, ...]
    fragment: str
    """YAML to add to a file of definitions."""
    release: int | None
    """The number of the new release; None where none was applied."""

    def to_dict(self) -> dict[str, Any]:
        """Returns it as JSON for a machine."""
        result: dict[str, Any] = {"segment": self.segment, "applied": self.release is not None}
        result |= {"would_enter": self.would_enter, "would_leave": self.would_leave}
        result |= {"notes": list(self.notes), "fragment": self.fragment}
        return result if self.release is None else result | {"release": self.release}


def build_search_request(
    account: str, condition: str | None, text: str | None, sample_size: int = 0
) -> SearchRequest:
    """Returns the search that the options describe. Raises UsageError for no option, or one that cannot be read."""
    if condition is None and text is None:
        raise UsageError("say what to search for: a condition such as '{property: country, eq: DE}', or --text WORDS")
    document = None if condition is None else read_condition(condition)
    return SearchRequest(account, document, None if text is None else FreeTextQuery(text), sample_size)


async def freeze_result(
    settings: Settings, account: str, result: SearchResult, segment: str, by: str
) -> FrozenResult:
    """Sends, in the name of `by`, a command for each hit that the list does not have yet."""
    from streams.publish.commands import send_commands, static_segment_check  # noqa: PLC0415 - see the module
    from streams.search.save import unlisted_contacts  # noqa: PLC0415

    contacts = unlisted_contacts(result.hits.sorted_entries(), segment)
    fields = {"type": "segment.member_added", "segment": segment, "by": by}
    if contacts:
        await send_commands(settings, account, contacts, fields=fields, check=static_segment_check(segment), at=None)
    return FrozenResult(segment, len(contacts), len(result.hits.entries) - len(contacts))


async def save_condition(
    settings: Settings,
    request: SearchRequest,
    result: SearchResult,
    name: str,
    *,
    apply: bool,
    on_progress: ProgressCallback,
) -> SavedSegment:
    """Plans the condition as the dynamic segment `name` and, with `apply`, makes it a release.

    Raises DefinitionsRefused when another release was written meanwhile.
    """
    from streams.search.save import (  # noqa: PLC0415 - see the module's docstring
        apply_segment,
        extend_definitions,
        plan_segment,
        segment_definition,
        to_yaml_fragment,
    )

    assert request.condition is not None
    segment = segment_definition(name, request.condition)
    account = extend_definitions(result.release, segment)
    plan = await plan_segment(settings, account, _ignore_message, on_progress)
    assert plan.preview_report is not None, "a segment more is a difference"
    preview = plan.preview_report.membership_preview(name)
    release = None
    if apply:
        deployment = await require_deployment(settings)
        release = await apply_segment(settings, deployment.clock, result.release, account, on_progress)
    return SavedSegment(
        name, preview.enter.count, preview.leave.count, tuple(plan.diff.notes), to_yaml_fragment(segment), release
    )


def _require_static_segment(segment: str, release: Release) -> None:
    """Raises UsageError when there is no such list; a new list has to be defined first."""
    from streams.publish.commands import static_segment_check  # noqa: PLC0415 - see the module's docstring

    try:
        static_segment_check(segment)(release.definitions)
    except UsageError as error:
        if any(each.id == segment for each in release.definitions.segments):
            raise
        hint = f"define it first: `segments: [{{id: {segment}}}]` applied with `leadstream definitions apply`"
        raise UsageError(f"{error}; {hint}") from error


def _ignore_message(_text: str) -> None:
    """Does nothing: the search has already reported what is scanned."""

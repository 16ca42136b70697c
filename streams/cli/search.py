"""`leadstream search`: a condition or words, once over all contacts; the result may stay as a segment."""

from __future__ import annotations

import asyncio
import getpass
from typing import Annotated, Any

import typer

from streams.cli.common import (
    BootstrapOption,
    JsonOption,
    PrefixOption,
    plural,
    progress_bar,
    settings_from,
    stderr_console,
    write_json,
    write_line,
)
from streams.engine.releases.release_log import Release
from streams.errors import TopicsMissing, UsageError
from streams.kafka.deployment import read_deployment
from streams.progress import ProgressCallback
from streams.publish.commands import send_commands, static_segment_check
from streams.search.condition import condition_warnings, read_condition
from streams.search.free_text import FreeTextQuery
from streams.search.save import (
    apply_segment,
    extend_definitions,
    plan_segment,
    segment_definition,
    to_yaml_fragment,
    unlisted_contacts,
)
from streams.search.search import ReleaseCheck, SearchRequest, SearchResult, search
from streams.settings import Settings

ConditionArgument = Annotated[
    str | None,
    typer.Argument(metavar="CONDITION", help="In YAML or JSON, as in definitions; @FILE reads it from a file."),
]
TextOption = Annotated[
    str | None, typer.Option("--text", metavar="WORDS", help="Words in text properties; * and ? inside.")
]
SearchAccountOption = Annotated[str, typer.Option("--account", help="Whose contacts.")]
CountOption = Annotated[bool, typer.Option("--count", help="Only how many, also beside --list.")]
SearchSampleOption = Annotated[int, typer.Option("--sample", min=0, metavar="N", help="How many of them to show.")]
ListOption = Annotated[bool, typer.Option("--list", help="The ids of all, one a line.")]
FreezeOption = Annotated[
    str | None, typer.Option("--freeze", metavar="SEGMENT", help="List all that are found in a static segment.")
]
SaveOption = Annotated[
    str | None, typer.Option("--save", metavar="SEGMENT", help="Show the dynamic segment, and who would enter.")
]
ApplyOption = Annotated[bool, typer.Option("--apply", help="With --save: apply the segment as a new release.")]


def register(app: typer.Typer) -> None:
    """Adds the command `search`."""
    app.command("search")(search_contacts)


def search_contacts(
    condition: ConditionArgument = None,
    *,
    text: TextOption = None,
    account: SearchAccountOption = "default",
    count: CountOption = False,
    sample: SearchSampleOption = 10,
    list_all: ListOption = False,
    freeze: FreezeOption = None,
    save: SaveOption = None,
    apply_now: ApplyOption = False,
    bootstrap: BootstrapOption = None,
    prefix: PrefixOption = None,
    as_json: JsonOption = False,
) -> None:
    """Find contacts by a condition or by words: scans all contacts of the account, and for activity the journal.

    Deleted contacts are passed over unless the condition speaks of `status`.
    """
    _require_compatible_options(text, freeze, save, apply_now)
    settings = settings_from(bootstrap=bootstrap, prefix=prefix)
    asked = build_search_request(account, condition, text, 0 if count or list_all else sample)
    with progress_bar(quiet=as_json) as advance:
        result = asyncio.run(search(settings, asked, advance, _build_release_check(asked, freeze, save)))
        told = _result_to_dict(result, asked, count, list_all)
        if freeze is not None:
            told["frozen"] = asyncio.run(_freeze(settings, asked.account, result, freeze))
        if save is not None:
            told["saved"] = asyncio.run(
                _save(settings, asked, result, save, apply_now=apply_now, on_progress=advance)
            )
    warned = [] if asked.condition is None else condition_warnings(asked.condition, result.release.document)
    for each in warned:
        stderr_console().print(f"warning: {each}", markup=False, soft_wrap=True)
    if as_json:
        write_json({**told, "warnings": warned})
    else:
        _write_result(told, freeze)


def build_search_request(
    account: str, condition: str | None, text: str | None, sample_size: int = 0
) -> SearchRequest:
    """What the options ask for. Raises UsageError when that is nothing, or cannot be read."""
    if condition is None and text is None:
        raise UsageError("say what to search for: a condition such as '{property: country, eq: DE}', or --text WORDS")
    part = None if condition is None else read_condition(condition)
    return SearchRequest(account, part, None if text is None else FreeTextQuery(text), sample_size)


def _require_compatible_options(text: str | None, freeze: str | None, save: str | None, apply_now: bool) -> None:
    if freeze is not None and save is not None:
        raise UsageError("--freeze lists contacts in a static segment, --save makes a dynamic one; give one of them")
    if save is not None and text is not None:
        raise UsageError("free text is no condition and cannot be saved; --freeze keeps who is found now")
    if apply_now and save is None:
        raise UsageError("--apply goes with --save SEGMENT")


def _build_release_check(request: SearchRequest, freeze: str | None, save: str | None) -> ReleaseCheck:
    """What follows the search must be possible; better to know before everything is scanned."""

    def check(release: Release) -> None:
        if freeze is not None:
            _require_static_segment(freeze, release)
        if save is not None and request.condition is not None:
            extend_definitions(release, segment_definition(save, request.condition))

    return check


def _require_static_segment(freeze: str, release: Release) -> None:
    """Raises UsageError when there is no such list; one that is new has to be defined first."""
    try:
        static_segment_check(freeze)(release.definitions)
    except UsageError as error:
        if any(segment.id == freeze for segment in release.definitions.segments):
            raise
        first = f"define it first: `segments: [{{id: {freeze}}}]` applied with `leadstream definitions apply`"
        raise UsageError(f"{error}; {first}") from error


def _result_to_dict(result: SearchResult, request: SearchRequest, count: bool, list_all: bool) -> dict[str, Any]:
    found = result.hits
    told: dict[str, Any] = {
        "account": request.account,
        "release": result.release.number,
        "scanned": found.scanned_count,
        "journal_scanned": result.is_journal_scanned,
        "count": len(found.entries),
        "by_status": found.counts_by_status(),
    }
    if count:
        return told
    if list_all:
        told["contacts"] = [hit.to_dict() for hit in found.sorted_entries()]
    else:
        told["sample"] = list(found.sample_rows())
    return told


async def _freeze(settings: Settings, account: str, result: SearchResult, segment: str) -> dict[str, Any]:
    contacts = unlisted_contacts(result.hits.sorted_entries(), segment)
    fields = {"type": "segment.member_added", "segment": segment, "by": getpass.getuser()}
    if contacts:
        await send_commands(settings, account, contacts, fields=fields, check=static_segment_check(segment), at=None)
    listed = len(result.hits.entries) - len(contacts)
    return {"segment": segment, "published": len(contacts), "listed_before": listed}


async def _save(
    settings: Settings,
    request: SearchRequest,
    result: SearchResult,
    name: str,
    *,
    apply_now: bool,
    on_progress: ProgressCallback,
) -> dict[str, Any]:
    assert request.condition is not None
    segment = segment_definition(name, request.condition)
    account = extend_definitions(result.release, segment)
    changes = await plan_segment(settings, account, _ignore_message, on_progress)
    assert changes.preview_report is not None, "a segment more is a difference"
    moves = changes.preview_report.membership_preview(name)
    told: dict[str, Any] = {"segment": name, "applied": apply_now}
    told |= {"would_enter": moves.enter.count, "would_leave": moves.leave.count}
    told |= {"notes": list(changes.diff.notes), "fragment": to_yaml_fragment(segment)}
    if apply_now:
        deployment = await read_deployment(settings.bootstrap, settings.prefix)
        if deployment is None:
            raise TopicsMissing("these topics were not made by Leadstream; `leadstream topics create` makes them")
        told["release"] = await apply_segment(settings, deployment.clock, result.release, account, on_progress)
    return told


def _ignore_message(_text: str) -> None:
    """The search has said what is scanned."""


def _write_result(result: dict[str, Any], freeze: str | None) -> None:
    stderr_console().print(_summary(result), markup=False)
    if "contacts" in result:
        for hit in result["contacts"]:
            write_line(hit["contact"])
    elif "sample" in result:
        for hit in result["sample"]:
            named = "  ".join(str(value) for key, value in hit.items() if key != "contact")
            write_line(f"{hit['contact']}  {named}")
    elif freeze is None and "saved" not in result:
        write_line(str(result["count"]))
    if "frozen" in result:
        frozen = result["frozen"]
        write_line(
            f"{plural(frozen['published'], 'contact')} to be listed in {frozen['segment']} published;"
            f" listed before: {frozen['listed_before']}"
        )
    if "saved" in result:
        _write_saved(result["saved"])


def _summary(result: dict[str, Any]) -> str:
    where = plural(result["scanned"], "contact") + (" and the journal" if result["journal_scanned"] else "")
    statuses = ", ".join(f"{count} {status}" for status, count in result["by_status"].items())
    found = f"{result['count']} found ({statuses})" if statuses else "nobody found"
    return f"{found} among {where} scanned, under release {result['release']}"


def _write_saved(result: dict[str, Any]) -> None:
    write_line(
        f"segment {result['segment']}: {plural(result['would_enter'], 'contact')} would enter, nobody would leave"
    )
    for note in result["notes"]:
        write_line(f"note: {note}")
    if result["applied"]:
        write_line(f"release {result['release']} applied")
    else:
        write_line("add this to the definitions, or search again with --apply:")
        write_line(result["fragment"].rstrip())

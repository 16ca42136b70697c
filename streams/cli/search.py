"""`leadstream search`: finds contacts by a condition or by words; the result can become a segment."""

from __future__ import annotations

import asyncio
import getpass
from dataclasses import asdict
from functools import partial
from typing import Annotated, Any

import typer

from streams.cli.console import plural, progress_bar, write_json, write_line, write_note
from streams.cli.options import BootstrapOption, JsonOption, PrefixOption, settings_from
from streams.search.apply import ResultTarget, build_search_request, freeze_result, save_condition
from streams.search.condition import condition_warnings
from streams.search.search import SearchRequest, SearchResult, search

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
    target = ResultTarget(freeze, save, apply_now)
    target.require_possible(text)
    settings = settings_from(bootstrap=bootstrap, prefix=prefix)
    request = build_search_request(account, condition, text, 0 if count or list_all else sample)
    with progress_bar(quiet=as_json) as advance:
        result = asyncio.run(search(settings, request, advance, partial(target.check, request)))
        output = _result_to_dict(result, request, count, list_all)
        if freeze is not None:
            frozen = asyncio.run(freeze_result(settings, account, result, freeze, getpass.getuser()))
            output["frozen"] = asdict(frozen)
        if save is not None:
            saved = save_condition(settings, request, result, save, apply=apply_now, on_progress=advance)
            output["saved"] = asyncio.run(saved).to_dict()
    warnings = (
        [] if request.condition is None else condition_warnings(request.condition, result.release.versioned_document)
    )
    for warning in warnings:
        write_note(f"warning: {warning}")
    for note in result.mismatches.notes():
        write_note(f"note: {note}")
    if as_json:
        write_json({**output, "warnings": warnings})
    else:
        _write_result(output, freeze)


def _result_to_dict(result: SearchResult, request: SearchRequest, count: bool, list_all: bool) -> dict[str, Any]:
    hits = result.hits
    output: dict[str, Any] = {
        "account": request.account,
        "release": result.release.number,
        "scanned": hits.scanned_count,
        "journal_scanned": result.is_journal_scanned,
        "count": len(hits.entries),
        "by_status": hits.counts_by_status(),
        "mismatches": result.mismatches.to_list(),
    }
    if count:
        return output
    if list_all:
        output["contacts"] = [hit.to_dict() for hit in hits.sorted_entries()]
    else:
        output["sample"] = list(hits.sample_rows())
    return output


def _write_result(result: dict[str, Any], freeze: str | None) -> None:
    write_note(_summary(result))
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

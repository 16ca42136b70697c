"""`leadstream search`: a condition or words, once over all contacts; the result may stay as a segment."""

from __future__ import annotations

import asyncio
import getpass
from typing import Annotated, Any

import typer

from streams.cli.common import (
    Advance,
    AsJson,
    Bootstrap,
    Prefix,
    counted,
    human,
    progress,
    settings_from,
    write_json,
    write_line,
)
from streams.engine.releases.release_log import Release
from streams.errors import TopicsMissing, UsageError
from streams.kafka.deployment import read_deployment
from streams.publish.commands import send_commands, static_segment
from streams.search.condition import read_condition, warnings
from streams.search.free_text import Words
from streams.search.save import apply, extended, fragment, planned, segment_of, to_be_listed
from streams.search.search import Asked, Check, Result, search
from streams.settings import Settings

ConditionArgument = Annotated[
    str | None,
    typer.Argument(metavar="CONDITION", help="In YAML or JSON, as in definitions; @FILE reads it from a file."),
]
Text = Annotated[
    str | None, typer.Option("--text", metavar="WORDS", help="Words in text properties; * and ? inside.")
]
AccountOption = Annotated[str, typer.Option("--account", help="Whose contacts.")]
Count = Annotated[bool, typer.Option("--count", help="Only how many, also beside --list.")]
Sample = Annotated[int, typer.Option("--sample", min=0, metavar="N", help="How many of them to show.")]
ListAll = Annotated[bool, typer.Option("--list", help="The ids of all, one a line.")]
Freeze = Annotated[
    str | None, typer.Option("--freeze", metavar="SEGMENT", help="List all that are found in a static segment.")
]
Save = Annotated[
    str | None, typer.Option("--save", metavar="SEGMENT", help="Show the dynamic segment, and who would enter.")
]
Apply = Annotated[bool, typer.Option("--apply", help="With --save: apply the segment as a new release.")]


def register(app: typer.Typer) -> None:
    """Adds the command `search`."""
    app.command("search")(search_contacts)


def search_contacts(
    condition: ConditionArgument = None,
    *,
    text: Text = None,
    account: AccountOption = "default",
    count: Count = False,
    sample: Sample = 10,
    list_all: ListAll = False,
    freeze: Freeze = None,
    save: Save = None,
    apply_now: Apply = False,
    bootstrap: Bootstrap = None,
    prefix: Prefix = None,
    as_json: AsJson = False,
) -> None:
    """Find contacts by a condition or by words: scans all contacts of the account, and for activity the journal.

    Deleted contacts are passed over unless the condition speaks of `status`.
    """
    _refuse_what_does_not_fit(text, freeze, save, apply_now)
    settings = settings_from(bootstrap=bootstrap, prefix=prefix)
    asked = asked_for(account, condition, text, 0 if count or list_all else sample)
    with progress(quiet=as_json) as advance:
        result = asyncio.run(search(settings, asked, advance, _check(asked, freeze, save)))
        told = _described(result, asked, count, list_all)
        if freeze is not None:
            told["frozen"] = asyncio.run(_freeze(settings, asked.account, result, freeze))
        if save is not None:
            told["saved"] = asyncio.run(_save(settings, asked, result, save, apply_now=apply_now, advance=advance))
    warned = [] if asked.condition is None else warnings(asked.condition, result.release.document)
    for each in warned:
        human().print(f"warning: {each}", markup=False, soft_wrap=True)
    if as_json:
        write_json({**told, "warnings": warned})
    else:
        _show(told, freeze)


def asked_for(account: str, condition: str | None, text: str | None, sample: int = 0) -> Asked:
    """What the options ask for. Raises UsageError when that is nothing, or cannot be read."""
    if condition is None and text is None:
        raise UsageError("say what to search for: a condition such as '{property: country, eq: DE}', or --text WORDS")
    part = None if condition is None else read_condition(condition)
    return Asked(account, part, None if text is None else Words(text), sample)


def _refuse_what_does_not_fit(text: str | None, freeze: str | None, save: str | None, apply_now: bool) -> None:
    if freeze is not None and save is not None:
        raise UsageError("--freeze lists contacts in a static segment, --save makes a dynamic one; give one of them")
    if save is not None and text is not None:
        raise UsageError("free text is no condition and cannot be saved; --freeze keeps who is found now")
    if apply_now and save is None:
        raise UsageError("--apply goes with --save SEGMENT")


def _check(asked: Asked, freeze: str | None, save: str | None) -> Check:
    """What follows the search must be possible; better to know before everything is scanned."""

    def check(release: Release) -> None:
        if freeze is not None:
            _to_be_frozen(freeze, release)
        if save is not None and asked.condition is not None:
            extended(release, segment_of(save, asked.condition))

    return check


def _to_be_frozen(freeze: str, release: Release) -> None:
    """Raises UsageError when there is no such list; one that is new has to be defined first."""
    try:
        static_segment(freeze)(release.content)
    except UsageError as error:
        if any(segment.id == freeze for segment in release.content.segments):
            raise
        first = f"define it first: `segments: [{{id: {freeze}}}]` applied with `leadstream definitions apply`"
        raise UsageError(f"{error}; {first}") from error


def _described(result: Result, asked: Asked, count: bool, list_all: bool) -> dict[str, Any]:
    found = result.found
    told: dict[str, Any] = {
        "account": asked.account,
        "release": result.release.number,
        "scanned": found.scanned,
        "journal_scanned": result.from_journal,
        "count": len(found.hits),
        "by_status": found.by_status(),
    }
    if count:
        return told
    if list_all:
        told["contacts"] = [hit.described() for hit in found.all()]
    else:
        told["sample"] = list(found.sample())
    return told


async def _freeze(settings: Settings, account: str, result: Result, segment: str) -> dict[str, Any]:
    contacts = to_be_listed(result.found.all(), segment)
    fields = {"type": "segment.member_added", "segment": segment, "by": getpass.getuser()}
    if contacts:
        await send_commands(settings, account, contacts, fields=fields, check=static_segment(segment), at=None)
    listed = len(result.found.hits) - len(contacts)
    return {"segment": segment, "published": len(contacts), "listed_before": listed}


async def _save(
    settings: Settings, asked: Asked, result: Result, name: str, *, apply_now: bool, advance: Advance
) -> dict[str, Any]:
    assert asked.condition is not None
    segment = segment_of(name, asked.condition)
    account = extended(result.release, segment)
    changes = await planned(settings, account, _quietly, advance)
    assert changes.tally is not None, "a segment more is a difference"
    moves = changes.tally.moves(name)
    told: dict[str, Any] = {"segment": name, "applied": apply_now}
    told |= {"would_enter": moves.enter.count, "would_leave": moves.leave.count}
    told |= {"notes": list(changes.plan.notes), "fragment": fragment(segment)}
    if apply_now:
        deployment = await read_deployment(settings.bootstrap, settings.prefix)
        if deployment is None:
            raise TopicsMissing("these topics were not made by Leadstream; `leadstream topics create` makes them")
        told["release"] = await apply(settings, deployment.clock, result.release, account, advance)
    return told


def _quietly(_text: str) -> None:
    """The search has said what is scanned."""


def _show(told: dict[str, Any], freeze: str | None) -> None:
    human().print(_summary(told), markup=False)
    if "contacts" in told:
        for hit in told["contacts"]:
            write_line(hit["contact"])
    elif "sample" in told:
        for hit in told["sample"]:
            named = "  ".join(str(value) for key, value in hit.items() if key != "contact")
            write_line(f"{hit['contact']}  {named}")
    elif freeze is None and "saved" not in told:
        write_line(str(told["count"]))
    if "frozen" in told:
        frozen = told["frozen"]
        write_line(
            f"{counted(frozen['published'], 'contact')} to be listed in {frozen['segment']} published;"
            f" listed before: {frozen['listed_before']}"
        )
    if "saved" in told:
        _show_saved(told["saved"])


def _summary(told: dict[str, Any]) -> str:
    where = counted(told["scanned"], "contact") + (" and the journal" if told["journal_scanned"] else "")
    statuses = ", ".join(f"{count} {status}" for status, count in told["by_status"].items())
    found = f"{told['count']} found ({statuses})" if statuses else "nobody found"
    return f"{found} among {where} scanned, under release {told['release']}"


def _show_saved(saved: dict[str, Any]) -> None:
    write_line(
        f"segment {saved['segment']}: {counted(saved['would_enter'], 'contact')} would enter, nobody would leave"
    )
    for note in saved["notes"]:
        write_line(f"note: {note}")
    if saved["applied"]:
        write_line(f"release {saved['release']} applied")
    else:
        write_line("add this to the definitions, or search again with --apply:")
        write_line(saved["fragment"].rstrip())

"""`leadstream segments list` and `members`: the segments and who is in them, from the table `segment-members`."""

from __future__ import annotations

import asyncio
from collections import Counter
from typing import Annotated

import typer

from streams.cli.console import progress_bar, write_columns, write_json
from streams.cli.options import BootstrapOption, JsonOption, PrefixOption, parse_account, settings_from
from streams.cli.outputs.pages import DEFAULT_LIMIT, LimitOption, SkipOption, page, write_count
from streams.settings import Settings
from streams.store.outputs.tables import read_members

MembersArgument = Annotated[str, typer.Argument(metavar="SEGMENT", help="A segment, static or dynamic.")]
SegmentsAccountOption = Annotated[str, typer.Option("--account", help="Whose segments.")]


def list_segments(
    *,
    limit: LimitOption = DEFAULT_LIMIT,
    skip: SkipOption = 0,
    account: SegmentsAccountOption = "default",
    bootstrap: BootstrapOption = None,
    prefix: PrefixOption = None,
    as_json: JsonOption = False,
) -> None:
    """List segments with how many members they have.

    In the order of the latest release; members are counted in the table `segment-members`, which is scanned.
    """
    account = parse_account(account)
    from streams.store.outputs.definitions import require_release  # noqa: PLC0415 - see `_require_segment`

    settings = settings_from(bootstrap=bootstrap, prefix=prefix)
    release = asyncio.run(require_release(settings, account))
    with progress_bar(quiet=as_json) as advance:
        counts = Counter(key.subject for key in asyncio.run(read_members(settings, account, None, advance)))
    segments = release.definitions.segments
    rows = page(segments, limit, skip)
    if as_json:
        shown = [
            {"segment": each.id, "name": each.name, "dynamic": each.dynamic, "members": counts[each.id]}
            for each in rows
        ]
        write_json({"account": account, "release": release.number, "count": len(segments), "segments": shown})
        return
    kinds = {True: "dynamic", False: "static"}
    write_columns([[each.id, kinds[each.dynamic], f"{counts[each.id]} in", each.name or ""] for each in rows])
    write_count(len(segments), "segment", limit, skip, f"release {release.number}")


def list_members(
    segment: MembersArgument,
    *,
    limit: LimitOption = DEFAULT_LIMIT,
    skip: SkipOption = 0,
    account: SegmentsAccountOption = "default",
    bootstrap: BootstrapOption = None,
    prefix: PrefixOption = None,
    as_json: JsonOption = False,
) -> None:
    """List a segment's members with the instant of their entry.

    By contact id, from the table `segment-members`, which is scanned.
    """
    account = parse_account(account)
    settings = settings_from(bootstrap=bootstrap, prefix=prefix)
    with progress_bar(quiet=as_json) as advance:
        members = asyncio.run(read_members(settings, account, segment, advance))
    if not members:
        _require_segment(settings, account, segment)
    rows = page(list(members.items()), limit, skip)
    if as_json:
        shown = [{"contact": key.contact, "since": member.since} for key, member in rows]
        write_json({"account": account, "segment": segment, "count": len(members), "members": shown})
        return
    write_columns([[key.contact, f"since {member.since}"] for key, member in rows])
    write_count(len(members), "member", limit, skip)


def _require_segment(settings: Settings, account: str, segment: str) -> None:
    """Where there are no members a name may be mistyped. Releases are slow to import and read: they come only then.

    Raises UsageError for an account without definitions, and for a segment that its release does not have.
    """
    from streams.store.outputs.definitions import require_release, require_segment  # noqa: PLC0415 - see above

    require_segment(asyncio.run(require_release(settings, account)), segment)

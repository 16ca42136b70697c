"""Where versions of what clients watch come from: Redis, the releases, the ends of topics, the status."""

from __future__ import annotations

import hashlib
from collections.abc import Awaitable, Callable, Collection, Sequence
from functools import partial

import msgspec

from streams.serve.context import ServeContext
from streams.serve.live.versions import Versions
from streams.views.topics import TABLES

_TABLE_NAMES = frozenset(topic.name for topic in TABLES)


def version_sources(
    context: ServeContext, account: str, watched: Collection[str]
) -> Sequence[Callable[[], Awaitable[Versions]]]:
    """The sources of an account for what is watched; what costs much is shared with all who ask."""
    sources: list[Callable[[], Awaitable[Versions]]] = []
    tables = _TABLE_NAMES.intersection(watched)
    if tables:
        sources.append(partial(_table_versions, context, account, tables))
    if "definitions" in watched:
        sources.append(partial(_definitions_version, context, account))
    if "dead-letters" in watched:
        sources.append(partial(_letters_version, context))
    if "workers" in watched:
        sources.append(partial(_workers_version, context))
    return sources


async def _table_versions(context: ServeContext, account: str, tables: Collection[str]) -> Versions:
    versions = await context.views.versions(account)
    return {name: versions.get(name, "") for name in tables}


async def _definitions_version(context: ServeContext, account: str) -> Versions:
    release = (await context.definitions.log()).latest(account)
    return {"definitions": str(release.number if release else 0)}


async def _letters_version(context: ServeContext) -> Versions:
    return {"dead-letters": await context.letter_ends.get()}


async def _workers_version(context: ServeContext) -> Versions:
    status = (await context.status.get()).to_dict()
    progress = await context.views.progress()
    content = msgspec.json.encode((status, progress.model_dump(mode="json")))
    return {"workers": hashlib.blake2b(content, digest_size=8).hexdigest()}

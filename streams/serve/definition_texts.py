"""The definitions in force as YAML, written once for each release."""

from __future__ import annotations

import asyncio
import io
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from streams.engine.releases.release_log import Release


class DefinitionTexts:
    """The text of each account's latest release.

    It is written in a thread: of thousands of segments that takes seconds, and the loop answers everybody else.
    """

    def __init__(self) -> None:
        self._texts: dict[str, tuple[int, asyncio.Task[str]]] = {}

    async def text(self, release: Release) -> str:
        """The document of a release as YAML; those who ask at once wait for the same writing."""
        offset, writing = self._texts.get(release.account, (None, None))
        if writing is None or offset != release.offset or _has_failed(writing):
            writing = asyncio.create_task(asyncio.to_thread(_yaml, release.document))
            self._texts[release.account] = release.offset, writing
        return await asyncio.shield(writing)  # one who goes ends it for nobody else


def _has_failed(writing: asyncio.Task[str]) -> bool:
    # A machine without room for a thread has room again later.
    return writing.done() and (writing.cancelled() or writing.exception() is not None)


def _yaml(document: Mapping[str, Any]) -> str:
    from ruamel.yaml import YAML  # noqa: PLC0415 - slow to import, and few requests need it

    text = io.StringIO()
    YAML().dump(dict(document), text)
    return text.getvalue()

"""Makes releases of `definitions.applied` lines."""

from __future__ import annotations

from typing import Any

from schemas.engine_versions import NEWEST_VERSION, EngineVersion
from streams.engine.releases.release_log import VoidRelease
from streams.engine.validation import lowered_version_problem, path_text, validate_definitions
from streams.errors import DefinitionsRefused, UsageError
from streams.publish.lines import DefinitionsLine
from streams.store.releases import ReleaseRepository


class ReleaseLineWriter:
    """Applies the definitions of a line to the account's latest release."""

    def __init__(self, releases: ReleaseRepository) -> None:
        self._releases = releases

    async def apply_line(self, line: DefinitionsLine) -> int:
        """Writes the release and returns its number. Raises DefinitionsRefused naming the line."""
        latest = await self._releases.latest(line.account)
        document = _validate_document(line, None if latest is None else latest.definitions.engine_version)
        try:
            self._releases.require_not_future(line.at)
        except UsageError as error:
            raise DefinitionsRefused(f"{line.location}: {error}") from error
        release = await self._releases.write_release(line.account, document, latest.number if latest else 0, line.at)
        if isinstance(release, VoidRelease):
            raise DefinitionsRefused(f"{line.location}: {release.reason}")
        return release.number


def _validate_document(line: DefinitionsLine, latest: EngineVersion | None) -> dict[str, Any]:
    """Returns the whole document; `latest` is the version of the account's latest release."""
    if not isinstance(line.definitions, dict):
        raise DefinitionsRefused(f"{line.location}: `definitions` must be an object")
    document = {"account": line.account, **line.definitions}
    lowered = None if latest is None else lowered_version_problem(document, latest)
    problems = [lowered] if lowered else validate_definitions(document, latest or NEWEST_VERSION).problems
    if problems:
        first = problems[0]
        raise DefinitionsRefused(f"{line.location}: {path_text(first.path)}: {first.message}")
    return document

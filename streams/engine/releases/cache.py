"""The compiled releases of one partition's accounts, compiled when first needed."""

from __future__ import annotations

from collections.abc import Callable

from schemas.definitions import Definitions
from streams.engine.releases.compile import compile_release
from streams.engine.releases.compiled import CompiledRelease, empty_release

DefinitionsLookup = Callable[[str, int], Definitions]
"""The definitions of an account's release by its number."""


class ReleaseCache:
    """Compiled releases by account and number. A release never changes, so no entry is ever outdated."""

    def __init__(self, lookup: DefinitionsLookup) -> None:
        self.lookup = lookup
        self._compiled: dict[tuple[str, int], CompiledRelease] = {}

    def get(self, account: str, number: int) -> CompiledRelease:
        """The compiled release; number 0 is the empty release."""
        release = self._compiled.get((account, number))
        if release is None:
            release = self._compile(account, number)
            self._compiled[account, number] = release
        return release

    def discard(self, account: str, number: int) -> None:
        """Drops one release, such as a proposed one that is given up."""
        self._compiled.pop((account, number), None)

    def discard_before(self, account: str, number: int) -> None:
        """Drops the account's releases with a lower number."""
        for key in [key for key in self._compiled if key[0] == account and key[1] < number]:
            del self._compiled[key]

    def _compile(self, account: str, number: int) -> CompiledRelease:
        return compile_release(self.lookup(account, number), number) if number else empty_release(account)

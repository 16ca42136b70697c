"""The compiled releases of partitions, compiled when first needed and once for all partitions of a process."""

from __future__ import annotations

from collections.abc import Callable
from threading import Lock
from weakref import WeakValueDictionary

from schemas.definitions import Definitions
from streams.engine.releases.compile import compile_release
from streams.engine.releases.compiled import CompiledRelease, empty_release

DefinitionsLookup = Callable[[str, int], Definitions]
"""The definitions of an account's release by its number."""


class ReleaseCompiler:
    """Compiles releases; one that any cache still holds is not compiled again. Threads may share it."""

    def __init__(self, lookup: DefinitionsLookup) -> None:
        self.lookup = lookup
        self._releases: WeakValueDictionary[tuple[str, int], CompiledRelease] = WeakValueDictionary()
        self._lock = Lock()

    def compile(self, account: str, number: int) -> CompiledRelease:
        """The compiled release; number 0 is the empty release."""
        with self._lock:
            release = self._releases.get((account, number))
            if release is None:
                release = compile_release(self.lookup(account, number), number) if number else empty_release(account)
                self._releases[account, number] = release
        return release


class ReleaseCache:
    """Compiled releases by account and number. A release never changes, so no entry is ever outdated."""

    def __init__(self, compiler: ReleaseCompiler) -> None:
        self._compiler = compiler
        self._compiled: dict[tuple[str, int], CompiledRelease] = {}

    @property
    def lookup(self) -> DefinitionsLookup:
        """Gives the definitions of a release."""
        return self._compiler.lookup

    def get(self, account: str, number: int) -> CompiledRelease:
        """The compiled release; number 0 is the empty release."""
        release = self._compiled.get((account, number))
        if release is None:
            release = self._compiled[account, number] = self._compiler.compile(account, number)
        return release

    def discard(self, account: str, number: int) -> None:
        """Drops one release, such as a proposed one that is given up."""
        self._compiled.pop((account, number), None)

    def discard_before(self, account: str, number: int) -> None:
        """Drops the account's releases with a lower number."""
        for key in [key for key in self._compiled if key[0] == account and key[1] < number]:
            del self._compiled[key]

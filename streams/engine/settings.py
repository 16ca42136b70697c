"""The settings that decide outputs: everything that the engine decides by besides journal and definitions.

The worker, both replays, `explain`, `search`, previews and `verify` take the same value: with it they say the same.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class DuplicateWindow:
    """How long (ms of the contact's clock, inclusive) and how many event ids are remembered per contact."""

    duration: int
    max_ids: int


@dataclass(frozen=True, slots=True)
class EngineSettings:
    """Built from `streams.settings.Settings` by its property `engine`."""

    lateness: int
    """`sequence`, `first` and `last` do not count an event that is later than this (ms), against the clock."""
    duplicate_window: DuplicateWindow


DEFAULT_ENGINE_SETTINGS = EngineSettings(
    lateness=86_400_000, duplicate_window=DuplicateWindow(duration=86_400_000, max_ids=256)
)
"""Those of SPEC sections 3 and 6, for a deployment whose environment sets nothing else."""

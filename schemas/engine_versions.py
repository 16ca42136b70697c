"""The numbers of the engine's versions: how a release is decided."""

from __future__ import annotations

from typing import Literal

EngineVersion = Literal[3, 4]
"""A version that this engine knows. A release keeps the version that it was applied with."""

OLDEST_VERSION: EngineVersion = 3
NEWEST_VERSION: EngineVersion = 4
"""Raised whenever the engine would decide the same journal and releases differently."""

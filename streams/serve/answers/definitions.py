"""Releases of definitions."""

from __future__ import annotations

from typing import Any

from pydantic import Field

from schemas.values import Slug
from schemas.views.base import InstantText, ViewModel


class AppliedRelease(ViewModel):
    """The latest release of an account."""

    account: Slug
    number: int
    hash: str
    arrival: InstantText
    """When it was applied."""
    engine_version: int
    definitions: dict[str, Any] = Field(examples=[{"segments": [{"id": "vip", "name": "VIPs"}]}])
    """The document as it was applied."""
    text: str
    """The same in YAML."""


class HistoryEntry(ViewModel):
    """One release."""

    number: int
    offset: int
    """Its place on the topic `definitions`."""
    id: str
    hash: str
    at: InstantText | None
    """From when on it decides; null for the account's last tick before it."""
    arrival: InstantText
    changes: list[str]
    """The differences to the one before, for people."""
    decides_in: int
    """Journal partitions where it decides."""
    counted_in: int
    """Journal partitions where its back-fill runs."""


class VoidEntry(ViewModel):
    """A record that became no release."""

    offset: int
    id: str
    reason: str


class HistoryAnswer(ViewModel):
    """All releases of an account, oldest first."""

    account: Slug
    partitions: int
    """How many journal partitions there are."""
    releases: list[HistoryEntry]
    void: list[VoidEntry]

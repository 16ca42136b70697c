"""All mutations, in the order of the specification; a mutation's number is its place."""

from __future__ import annotations

from tests.mutations.mutation import Mutation
from tests.mutations.rules import (
    arithmetic,
    clock,
    counts,
    dates,
    happenings,
    late,
    missing,
    moments,
    references,
    text,
    values,
    windows,
    zones,
)

Numbered = tuple[int, Mutation]

MUTATIONS: tuple[Mutation, ...] = (
    *missing.MUTATIONS,
    *values.MUTATIONS,
    *text.MUTATIONS,
    *counts.MUTATIONS,
    *windows.MUTATIONS,
    *happenings.MUTATIONS,
    *dates.MUTATIONS,
    *arithmetic.MUTATIONS,
    *zones.MUTATIONS,
    *moments.MUTATIONS,
    *references.MUTATIONS,
    *clock.MUTATIONS,
    *late.MUTATIONS,
)


def numbered() -> list[Numbered]:
    """Each with its number, from 1."""
    return list(enumerate(MUTATIONS, start=1))

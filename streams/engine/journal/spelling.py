"""Finds which event type, or which field of a type, an unknown name was probably meant to be."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from difflib import get_close_matches
from functools import lru_cache
from typing import NamedTuple

from streams.engine.journal.event_types import EVENT_TYPES
from streams.engine.version import EVENT_TYPES_NOT_SERVED

MAX_NAME_LENGTH = 60
"""A longer name is compared with nothing: that takes time and memory, and it resembles nothing."""
SIMILARITY = 0.75
"""The least ratio (`difflib`) of two names one of which may be a slip of the other."""
SUBJECT_SIMILARITY = 0.85
"""The same for the subject of a type, such as its plural."""
VERB_SIMILARITY = 0.6
"""The same for what stands behind the subject of a type, when types of this subject exist."""
SERVED_TYPES = tuple(name for name in EVENT_TYPES if name not in EVENT_TYPES_NOT_SERVED)

_SUBJECTS = sorted({name.partition(".")[0] for name in SERVED_TYPES})
_VERBS = {
    "created": "changed",
    "updated": "changed",
    "modified": "changed",
    "deleted": "removed",
    "removed": "deleted",
}
"""What other systems call it -> what it may be called here."""
_SUFFIXES = frozenset({"s", "id", "ids", "key"})
_PREFIX_LENGTH = 3
_NO_CORRECTIONS = frozenset({"type", "visitor"})
"""An event has a type anyway, and a `visitor_id` is a producer's own field."""


class Misspelling(NamedTuple):
    """A field that the type does not have, and the one of the type that it resembles and that the event lacks."""

    name: str
    correction: str


def unknown_type_hint(name: str, other_types: tuple[str, ...] = ()) -> str:
    """Returns ` - did you mean X? The types: ...`, with all types that are served, and `other_types`."""
    similar = similar_type(name, other_types)
    question = "; the" if similar is None else f" - did you mean {similar}? The"
    return f"{question} types are {', '.join([*SERVED_TYPES, *other_types])}"


def similar_type(name: str, other_types: tuple[str, ...] = ()) -> str | None:
    """Returns the type that a name resembles: one of the same subject before all others; None for no such."""
    return _similar_type(name, other_types) if len(name) <= MAX_NAME_LENGTH else None


@lru_cache(maxsize=1_024)
def _similar_type(name: str, other_types: tuple[str, ...]) -> str | None:
    words = re.sub(r"[^a-z]+", ".", re.sub(r"(?<=[a-z])(?=[A-Z])", ".", name).casefold())
    subject, _, verb = words.partition(".")
    subject = next(iter(get_close_matches(subject, _SUBJECTS, n=1, cutoff=SUBJECT_SIMILARITY)), subject)
    verbs = {known.partition(".")[2]: known for known in SERVED_TYPES if known.startswith(f"{subject}.")}
    if len(verbs) == 1 or _VERBS.get(verb) in verbs:
        return verbs.get(_VERBS.get(verb, ""), next(iter(verbs.values())))
    close_verbs = get_close_matches(verb, verbs, n=1, cutoff=VERB_SIMILARITY)
    if close_verbs:
        return verbs[close_verbs[0]]
    return next(iter(get_close_matches(words, [*SERVED_TYPES, *other_types], n=1, cutoff=SIMILARITY)), None)


def misspellings(type_name: str, fields: Collection[str]) -> Iterator[Misspelling]:
    """Yields each unknown field of an event that resembles a field of its type which the event does not have.

    All other unknown fields are the producer's own, and legal.
    """
    known = EVENT_TYPES[type_name].field_names
    for field in fields:
        if field not in known:
            correction = similar_field(type_name, field)
            if correction is not None and correction not in fields:
                yield Misspelling(field, correction)


def similar_field(type_name: str, field: str) -> str | None:
    """Returns the field of the type that an unknown field resembles most; None for no such."""
    return _similar_field(type_name, field) if len(field) <= MAX_NAME_LENGTH else None


@lru_cache(maxsize=4_096)
def _similar_field(type_name: str, field: str) -> str | None:
    word = _letters(field)
    names = {_letters(known): known for known in sorted(EVENT_TYPES[type_name].field_names - _NO_CORRECTIONS)}
    for known, name in names.items():
        if word == known or _is_extended(word, known) or _is_abbreviated(word, known):
            return name
    return next((names[known] for known in get_close_matches(word, names, n=1, cutoff=SIMILARITY)), None)


def _is_extended(word: str, known: str) -> bool:
    return word.startswith(known) and word[len(known) :] in _SUFFIXES


def _is_abbreviated(word: str, known: str) -> bool:
    """Whether the word begins as the known name does, and has only letters of it, in their order."""
    if len(word) < _PREFIX_LENGTH or word[:_PREFIX_LENGTH] != known[:_PREFIX_LENGTH]:
        return False
    letters = iter(known)
    return all(letter in letters for letter in word)


def _letters(name: str) -> str:
    return "".join(letter for letter in name.casefold() if letter.isalnum())

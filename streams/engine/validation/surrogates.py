"""Finds text that UTF-8 cannot encode: half of a surrogate pair, which JSON and YAML can write as an escape."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from streams.engine.validation.problem import DocumentPath, Problem
from streams.hints import describe_value

_REASON = "is half a character (of a surrogate pair), which no text can hold; write the whole character"


def surrogate_problems(raw: object, path: DocumentPath = ()) -> Iterator[Problem]:
    """Yields a problem for each text and key with half a pair; for a key, the path is that of its mapping."""
    if isinstance(raw, str):
        if not is_valid_unicode(raw):
            yield Problem(path, f"{describe_value(raw)}: there {_REASON}")
    elif isinstance(raw, Mapping):
        for key, value in raw.items():
            if isinstance(key, str) and not is_valid_unicode(key):
                yield Problem(path, f"the key {describe_value(key)}: there {_REASON}")
            else:
                yield from surrogate_problems(value, (*path, key))
    elif isinstance(raw, list | tuple):
        for number, value in enumerate(raw):
            yield from surrogate_problems(value, (*path, number))


def is_valid_unicode(text: str) -> bool:
    """Whether the text can be encoded as UTF-8."""
    return not any("\ud800" <= letter <= "\udfff" for letter in text)

"""Text that no UTF-8 can hold: half of a surrogate pair, which JSON and YAML can write as an escape."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from streams.engine.validation.problem import Path, Problem, shown

_REASON = "is half a character (of a surrogate pair), which no text can hold; write the whole character"


def half_characters(raw: object, path: Path = ()) -> Iterator[Problem]:
    """Every text and key that holds one; a path leads to what is around such a key."""
    if isinstance(raw, str):
        if not is_whole(raw):
            yield Problem(path, f"{shown(raw)}: there {_REASON}")
    elif isinstance(raw, Mapping):
        for key, value in raw.items():
            if isinstance(key, str) and not is_whole(key):
                yield Problem(path, f"the key {shown(key)}: there {_REASON}")
            else:
                yield from half_characters(value, (*path, key))
    elif isinstance(raw, list | tuple):
        for number, value in enumerate(raw):
            yield from half_characters(value, (*path, number))


def is_whole(text: str) -> bool:
    """Whether the text can be written as UTF-8."""
    return not any("\ud800" <= letter <= "\udfff" for letter in text)

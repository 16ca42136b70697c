"""Free text: words that must all stand in a contact's text properties; `*` and `?` inside them are wildcards."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import re2

from streams.errors import UsageError

_WILD = re.compile(r"[*?]")
_PIECES = re.compile(r"\w+")

Test = Callable[[str], bool]


class Words:
    """Whether a contact's properties have every word, in whatever property and place; case does not matter.

    A word stands in a text as the whole of it, between spaces, or between any characters that are no letters, digits
    or `_`: so `example` and `ada@example.com` both stand in that address.
    """

    def __init__(self, text: str) -> None:
        words = text.casefold().split()
        if not words:
            raise UsageError("--text needs a word")
        self._tests = [_test(word) for word in words]

    def match(self, properties: Mapping[str, Any]) -> bool:
        """Whether each word stands in one of the texts."""
        missing = self._tests
        for text in _texts(properties):
            candidates = _candidates(text.casefold())
            missing = [test for test in missing if not any(test(candidate) for candidate in candidates)]
            if not missing:
                return True
        return False


def _test(word: str) -> Test:
    if _WILD.match(word):
        raise UsageError(f"{word!r}: a word cannot begin with a wildcard; write its first letters")
    if not _WILD.search(word):
        return word.__eq__
    escaped: str = re2.escape(word)
    pattern = re2.compile("(?s)" + escaped.replace(r"\*", ".*").replace(r"\?", "."))
    return lambda candidate: pattern.fullmatch(candidate) is not None


def _candidates(text: str) -> set[str]:
    return {text.strip(), *text.split(), *_PIECES.findall(text)}


def _texts(value: Any) -> Iterator[str]:
    """Every text inside, at any depth."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for inner in value.values():
            yield from _texts(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _texts(inner)

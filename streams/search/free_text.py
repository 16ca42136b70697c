"""Free text: words that must all stand in a contact's text properties; `*` and `?` inside them are wildcards."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import re2

from streams.errors import UsageError

_WILDCARD = re.compile(r"[*?]")
_WORD_PATTERN = re.compile(r"\w+")

WordPredicate = Callable[[str], bool]


class FreeTextQuery:
    """Whether a contact's properties have every word, in whatever property and place; case does not matter.

    A word stands in a text as the whole of it, between spaces, or between any characters that are no letters, digits
    or `_`: so `example` and `ada@example.com` both stand in that address.
    """

    def __init__(self, text: str) -> None:
        words = text.casefold().split()
        if not words:
            raise UsageError("--text needs a word")
        self._predicates = [_word_predicate(word) for word in words]

    def matches(self, properties: Mapping[str, Any]) -> bool:
        """Whether each word stands in one of the texts."""
        missing = self._predicates
        for text in _text_values(properties):
            candidates = _candidates(text.casefold())
            missing = [test for test in missing if not any(test(candidate) for candidate in candidates)]
            if not missing:
                return True
        return False


def _word_predicate(word: str) -> WordPredicate:
    if _WILDCARD.match(word):
        raise UsageError(f"{word!r}: a word cannot begin with a wildcard; write its first letters")
    if not _WILDCARD.search(word):
        return word.__eq__
    escaped: str = re2.escape(word)
    pattern = re2.compile("(?s)" + escaped.replace(r"\*", ".*").replace(r"\?", "."))
    return lambda candidate: pattern.fullmatch(candidate) is not None


def _candidates(text: str) -> set[str]:
    return {text.strip(), *text.split(), *_WORD_PATTERN.findall(text)}


def _text_values(value: Any) -> Iterator[str]:
    """Every text inside, at any depth."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for inner in value.values():
            yield from _text_values(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _text_values(inner)

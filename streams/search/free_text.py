"""Matches words against a contact's text properties; `*` and `?` inside words are wildcards."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from streams.errors import UsageError

_WILDCARD = re.compile(r"[*?]")
_WORD_PATTERN = re.compile(r"\w+")

WordPredicate = Callable[[str], bool]


class FreeTextQuery:
    """A query that matches where every word occurs in some text property; case does not matter.

    A word occurs in a text as the whole text, between spaces, or between characters that are no letters, digits or
    `_`: `example` and `ada@example.com` both occur in that address. Raises UsageError for an invalid word, or none.
    """

    def __init__(self, text: str) -> None:
        words = text.casefold().split()
        if not words:
            raise UsageError("--text needs a word")
        self._predicates = [_word_predicate(word) for word in words]

    def matches(self, properties: Mapping[str, Any]) -> bool:
        """Whether each word occurs in one of the texts."""
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
    import re2  # noqa: PLC0415 - slow to import, and few words have wildcards

    escaped: str = re2.escape(word)
    pattern = re2.compile("(?s)" + escaped.replace(r"\*", ".*").replace(r"\?", "."))
    return lambda candidate: pattern.fullmatch(candidate) is not None


def _candidates(text: str) -> set[str]:
    return {text.strip(), *text.split(), *_WORD_PATTERN.findall(text)}


def _text_values(value: Any) -> Iterator[str]:
    """Yields every text inside a JSON value, at any depth."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for inner in value.values():
            yield from _text_values(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _text_values(inner)

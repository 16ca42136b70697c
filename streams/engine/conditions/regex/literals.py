"""Normalises the literals of patterns as the texts they are searched in; escapes stay what they say."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from itertools import groupby

from streams.engine.conditions.normalization import clusters, compose
from streams.engine.conditions.regex import EMPTY_PATTERN
from streams.engine.conditions.regex.case_folding import escape_letter
from streams.engine.conditions.regex.character_classes import (
    CLASS_PART,
    MATCHES_ANYTHING,
    MATCHES_NOTHING,
    NAMED_SET,
)
from streams.engine.conditions.regex.patterns import TOKEN

_CODE = r"\\x\{[0-9a-fA-F]+\}|\\x[0-9a-fA-F]{2}"
_LETTERS_OF_CLASS = re.compile(rf"(?P<other>{NAMED_SET}|{_CODE}|\\.|-)|[^\\-]+", re.DOTALL)
"""A named set, an escape or the sign of a range; or letters in a row, as a regular expression."""

Normalize = Callable[[str], str]
"""Text -> its normal form."""


def normalize_literals(pattern: str, normalize: Normalize) -> str:
    """Returns the pattern with its literals in their normal form; it need not be one that RE2 accepts.

    Letters that stand beside one another are normalised together: a letter and a mark behind it are one letter. A
    repetition behind them is one of what their normal form ends with.
    """
    if pattern.isascii():
        return pattern
    parts: list[str] = []
    for is_literal, tokens in groupby(_tokens(pattern), key=lambda token: token[0] == "literal"):
        if is_literal:
            parts.append(_normal_run("".join(text for _, text in tokens), normalize))
        else:
            parts += [_normal_token(kind, text, normalize) for kind, text in tokens]
    return "".join(parts)


def _tokens(pattern: str) -> Iterator[tuple[str, str]]:
    """Yields (kind, text) of each token; a letter that is no escape is a `literal`."""
    for match in TOKEN.finditer(pattern):
        kind, token = str(match.lastgroup), match[0]
        yield ("literal" if kind == "letter" and len(token) == 1 else kind), token


def _normal_token(kind: str, token: str, normalize: Normalize) -> str:
    if kind == "class":
        return token if token.isascii() else _normal_class(token, normalize)
    if kind == "quoted":
        content = token[2:].removesuffix(r"\E")
        return token if content.isascii() else _normal_run(content, normalize, escape_letter)
    return token


def _normal_run(run: str, normalize: Normalize, write: Callable[[str], str] = str) -> str:
    """Returns the normal form of a run of letters; where nothing is left, a repetition is one of nothing."""
    return "".join(map(write, normalize(run))) or EMPTY_PATTERN


def _normal_class(token: str, normalize: Normalize) -> str:
    """Returns a class in square brackets with single letters in their normal form, and ends of ranges in NFC."""
    opening = "[^" if token.startswith("[^") else "["
    parts = CLASS_PART.finditer(_compose_letters(token[len(opening) : -1]))
    inside = ""
    for is_literal, run in groupby((part[0] for part in parts), key=lambda part: len(part) == 1):
        text = "".join(run)
        inside += normalize(text) if is_literal and not text.isascii() else text
    if not inside:
        return MATCHES_ANYTHING if opening == "[^" else MATCHES_NOTHING
    escape = "\\" if opening == "[" and inside.startswith("^") else ""  # it did not stand first before
    return f"{opening}{escape}{inside}]"


def _compose_letters(members: str) -> str:
    """Returns the inside of a class with each letter composed with the marks behind it; all else stays."""
    return _LETTERS_OF_CLASS.sub(
        lambda match: match[0] if match["other"] else "".join(map(_compose_marks, clusters(match[0]))), members
    )


def _compose_marks(cluster: str) -> str:
    return compose(cluster) if len(cluster) > 1 else cluster

"""Normalises the literals of patterns as the texts they are searched in; escapes stay what they say."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import groupby

from streams.engine.conditions.regex.case_folding import escape_letter
from streams.engine.conditions.regex.character_classes import CLASS_PART, MATCHES_ANYTHING, MATCHES_NOTHING
from streams.engine.conditions.regex.patterns import TOKEN

Normalize = Callable[[str], str]
"""Text -> its normal form."""


def normalize_literals(pattern: str, normalize: Normalize) -> str:
    """Returns the pattern with its literals in their normal form.

    Letters that stand beside one another are normalised together: a letter and a mark behind it are one letter, and a
    repetition behind them is one of both.
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
    """Returns the normal form of a run of letters; what it ends with stays one item for a repetition behind it."""
    if run.isascii():
        return run
    whole = normalize(run)
    for index in range(len(run) - 1, -1, -1):
        head, last = normalize(run[:index]), normalize(run[index:])
        if head + last == whole:
            break
    written = "".join(map(write, last))
    return "".join(map(write, head)) + (written if len(last) == 1 else f"(?:{written})")


def _normal_class(token: str, normalize: Normalize) -> str:
    """Returns a class in square brackets with its single letters in their normal form."""
    opening = "[^" if token.startswith("[^") else "["
    parts = CLASS_PART.finditer(token[len(opening) : -1])
    inside = ""
    for is_literal, run in groupby((part[0] for part in parts), key=lambda part: len(part) == 1):
        text = "".join(run)
        inside += normalize(text) if is_literal and not text.isascii() else text
    if not inside:
        return MATCHES_ANYTHING if opening == "[^" else MATCHES_NOTHING
    escape = "\\" if opening == "[" and inside.startswith("^") else ""  # it did not stand first before
    return f"{opening}{escape}{inside}]"

"""Literals of regular expressions in the form of the texts they are looked for in; escapes stay (SPEC section 5)."""

from __future__ import annotations

import re
from collections.abc import Iterator

from streams.verify.recompute.conditions.text_rules import TextRules, letters_with_marks, to_nfc

_ESCAPE = r"\\(?:[pP](?:\{[^}]*\}|.)|x(?:\{[0-9a-fA-F]*\}|[0-9a-fA-F]{2})|[0-7]{1,3}|.)"
_QUOTATION = re.compile(r"\\Q(.*?)(\\E|$)", re.DOTALL)
_CLASS = re.compile(rf"(\[\^?)(\]?(?:\[:\^?\w+:\]|{_ESCAPE}|[^\]\\])*)\]", re.DOTALL)
_SYNTAX = re.compile(
    rf"{_ESCAPE}|\((?:\?(?:P?<[^>]*>|[a-zA-Z-]*[:)]))?|[)|.^$*+?]|\{{[0-9]+(?:,[0-9]*)?\}}", re.DOTALL
)
_CLASS_SYNTAX = re.compile(rf"\[:\^?\w+:\]|{_ESCAPE}", re.DOTALL)
_EMPTY = "(?:)"
_NAMED_SET = re.compile(r"\[:\^?\w+:\]|\\[pPdDsSwW].*", re.DOTALL)
_QUANTIFIERS = ("*", "+", "?", "{")
_NOTHING, _ANYTHING = "[^\\x{0}-\\x{10ffff}]", "[\\x{0}-\\x{10ffff}]"


def normalize_literals(pattern: str, rules: TextRules) -> str:
    """The pattern with each run of literal characters normalised, inside of classes too."""
    if pattern.isascii() or not rules.is_normalized:
        return pattern
    parts: list[str] = []
    run, index = "", 0
    while index < len(pattern):
        token = next((match for kind in (_QUOTATION, _CLASS, _SYNTAX) if (match := kind.match(pattern, index))), None)
        if token is None:
            run, index = run + pattern[index], index + 1
            continue
        behind = pattern[token.end() :][:1]
        parts += [_normalize_run(run, rules, token[0]), _normalize_token(token, rules, behind)]
        run, index = "", token.end()
    return "".join([*parts, rules.normalize(run)])


def _normalize_run(run: str, rules: TextRules, follower: str) -> str:
    """Where nothing is left of a run, its quantifier speaks of nothing."""
    literals = rules.normalize(run)
    return _EMPTY if run and not literals and follower.startswith(_QUANTIFIERS) else literals


def _normalize_token(token: re.Match[str], rules: TextRules, follower: str) -> str:
    if token.re is _QUOTATION:
        quoted = _normalize_run(token[1], rules, follower)
        return quoted if quoted == _EMPTY else rf"\Q{quoted}{token[2]}"
    if token.re is not _CLASS:
        return token[0]
    members = _normalize_members(token[2], rules)
    if members:
        escape = "\\" if token[1] == "[" and members.startswith("^") else ""  # it has become the first of them
        return f"{token[1]}{escape}{members}]"
    return _NOTHING if token[1] == "[" else _ANYTHING


def _normalize_members(members: str, rules: TextRules) -> str:
    """The members of a class; the ends of a range keep their places."""
    tokens = [*_member_tokens(members)]
    parts: list[str] = []
    singles, index = "", 0
    while index < len(tokens):
        is_range = tokens[index + 1 : index + 2] == ["-"] and index + 2 < len(tokens)
        is_range = is_range and not _NAMED_SET.fullmatch(tokens[index])
        members_here = tokens[index : index + (3 if is_range else 1)]
        index += len(members_here)
        if not is_range and not _CLASS_SYNTAX.fullmatch(members_here[0]):
            singles += members_here[0]
            continue
        parts += [rules.normalize(singles), *map(_compose_end, members_here)]
        singles = ""
    return "".join([*parts, rules.normalize(singles)])


def _member_tokens(members: str) -> Iterator[str]:
    """Named sets, escapes, and characters with the combining marks behind them; a hyphen has none."""
    for part in re.split(f"({_CLASS_SYNTAX.pattern}|-)", members, flags=re.DOTALL):
        is_syntax = part == "-" or _CLASS_SYNTAX.fullmatch(part) is not None
        yield from [part] if is_syntax else letters_with_marks(part)


def _compose_end(letter: str) -> str:
    """An end of a range; it names a place among the characters, so only marks are composed with it."""
    return letter if len(letter) == 1 or _CLASS_SYNTAX.fullmatch(letter) else to_nfc(letter)

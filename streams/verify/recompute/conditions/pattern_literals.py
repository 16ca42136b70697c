"""Literals of regular expressions in the form of the texts they are looked for in; escapes stay (SPEC section 5)."""

from __future__ import annotations

import re

from streams.verify.recompute.conditions.text_rules import TextRules, letters_with_marks, to_nfc

_ESCAPE = r"\\(?:[pP](?:\{[^}]*\}|.)|x(?:\{[0-9a-fA-F]*\}|[0-9a-fA-F]{2})|[0-7]{1,3}|.)"
_QUOTATION = re.compile(r"\\Q(.*?)(\\E|$)", re.DOTALL)
_CLASS = re.compile(rf"(\[\^?)(\]?(?:\[:\^?\w+:\]|{_ESCAPE}|[^\]\\])*)\]", re.DOTALL)
_SYNTAX = re.compile(
    rf"{_ESCAPE}|\((?:\?(?:P?<[^>]*>|[a-zA-Z-]*[:)]))?|[)|.^$*+?]|\{{[0-9]+(?:,[0-9]*)?\}}", re.DOTALL
)
_CLASS_SYNTAX = re.compile(rf"\[:\^?\w+:\]|{_ESCAPE}", re.DOTALL)
_EMPTY = "(?:)"
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
        return f"{token[1]}{members}]"
    return _NOTHING if token[1] == "[" else _ANYTHING


def _normalize_members(members: str, rules: TextRules) -> str:
    """The members of a class; the ends of a range keep their places."""
    parts: list[str] = []
    index = 0
    for token in [*_CLASS_SYNTAX.finditer(members), None]:
        end = len(members) if token is None else token.start()
        parts.append(_normalize_class_run(members[index:end], rules, before=index > 0, behind=token is not None))
        parts.append("" if token is None else token[0])
        index = 0 if token is None else token.end()
    return "".join(parts)


def _normalize_class_run(run: str, rules: TextRules, *, before: bool, behind: bool) -> str:
    """A run of members; `before` and `behind`: an escape stands there, which may be the other end of a range."""
    letters = _letters(run)
    parts: list[str] = []
    singles, index = "", 0
    while index < len(letters):
        is_first_end = letters[index + 1 : index + 2] == ["-"] and (behind or index + 2 < len(letters))
        is_last_end = before and index == 0 and letters[0] == "-" and len(letters) > 1
        if not (is_first_end or is_last_end):
            singles, index = singles + letters[index], index + 1
            continue
        ends = letters[index : index + (3 if is_first_end else 2)]
        parts += [rules.normalize(singles), *map(_compose_end, ends)]
        singles, index = "", index + len(ends)
    return "".join([*parts, rules.normalize(singles)])


def _letters(text: str) -> list[str]:
    """The members of a class, each with the combining marks behind it; a hyphen has none."""
    parts = re.split("(-)", text)
    return [letter for part in parts for letter in letters_with_marks(part)]


def _compose_end(letter: str) -> str:
    """An end of a range; it names a place among the characters, so only marks are composed with it."""
    return to_nfc(letter) if len(letter) > 1 else letter

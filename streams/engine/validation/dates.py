"""Checks the syntax of date values (SPEC section 5); `streams.engine.conditions.dates` evaluates them."""

from __future__ import annotations

import re

from schemas.values import instant_ms, is_day

_STEPS = r"(?:[+-][0-9]{1,9}(?:ms|[smhdwMy])|/(?:ms|[smhdwMy]))"
_ARITHMETIC = re.compile(rf"(?P<base>now|.+?\|\|)(?:{_STEPS})*")
DATE_FORMS = "an RFC 3339 instant, a calendar date as 2026-03-31, or arithmetic as now-7d, now/d, 2026-03-31||-1M"


def date_fault(text: str) -> str | None:
    """Returns why the text is no date value; None when it is one."""
    match = _ARITHMETIC.fullmatch(text)
    base = match["base"].removesuffix("||") if match else text
    if base == "now" or is_day(base) or _is_instant(base):
        return None
    return f"{text!r} is not a date; write {DATE_FORMS} (units ms s m h d w M y)"


def _is_instant(text: str) -> bool:
    try:
        instant_ms(text)
    except ValueError:
        return False
    return True

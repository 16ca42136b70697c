"""Which accounts an org serves."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass


def _every_account(_: str) -> bool:
    return True


@dataclass(frozen=True, slots=True)
class OrgAccounts:
    """The accounts of one org; `org_name` is "" for the org of all accounts that have none of their own."""

    org_name: str = ""
    has: Callable[[str], bool] = _every_account

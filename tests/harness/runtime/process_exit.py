"""Lets a test see that the process would have ended, and go on."""

from __future__ import annotations

from typing import NoReturn

import pytest

from streams.runtime import fatal


class EndedProcess(BaseException):
    """Raised where the process would have ended."""

    def __init__(self, code: int) -> None:
        super().__init__(code)
        self.code = code


def leave_by_raising(code: int) -> NoReturn:
    """Instead of ending the process."""
    raise EndedProcess(code)


def ends_by_raising(monkeypatch: pytest.MonkeyPatch) -> None:
    """From here on the end of the process is an EndedProcess."""
    monkeypatch.setattr(fatal, "leave", leave_by_raising)

"""Raises an exception where the process would end, so that a test can go on."""

from __future__ import annotations

from typing import NoReturn

import pytest

from streams.runtime import fatal


class ProcessExit(BaseException):
    """Raised where the process would have ended."""

    def __init__(self, code: int) -> None:
        super().__init__(code)
        self.code = code


def raise_process_exit(code: int) -> NoReturn:
    """Replaces `exit_process`."""
    raise ProcessExit(code)


def patch_process_exit(monkeypatch: pytest.MonkeyPatch) -> None:
    """Makes the end of the process a ProcessExit for one test."""
    monkeypatch.setattr(fatal, "exit_process", raise_process_exit)

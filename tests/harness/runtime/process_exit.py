"""Lets a test see that the process would have ended, and go on."""

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
    """Instead of ending the process."""
    raise ProcessExit(code)


def patch_process_exit(monkeypatch: pytest.MonkeyPatch) -> None:
    """From here on the end of the process is an ProcessExit."""
    monkeypatch.setattr(fatal, "exit_process", raise_process_exit)

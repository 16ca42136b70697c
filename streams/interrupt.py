"""Ctrl-C and SIGTERM while a program loads: it ends at once, with the exit code that shells show for a signal."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from types import FrameType

END_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def signal_exit_code(number: int) -> int:
    """Returns the exit code for an end by this signal: 130 for Ctrl-C."""
    return 128 + number


def end_at_interrupt() -> None:
    """From now on Ctrl-C ends the process without a word; nothing changes where it does not raise KeyboardInterrupt.

    Modules that are being imported would turn a KeyboardInterrupt into a traceback, or swallow it.
    """
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, _end)


def raise_at_interrupt() -> None:
    """From now on Ctrl-C raises KeyboardInterrupt again, where `end_at_interrupt` has changed that."""
    if signal.getsignal(signal.SIGINT) is _end:
        signal.signal(signal.SIGINT, signal.default_int_handler)


def end_at_signals(tidy: Callable[[], None]) -> None:
    """From now on Ctrl-C, SIGTERM and SIGHUP call `tidy` and end the process."""

    def tidy_and_end(number: int, frame: FrameType | None) -> None:
        for each in END_SIGNALS:
            signal.signal(each, signal.SIG_IGN)
        tidy()
        _end(number, frame)

    for number in END_SIGNALS:
        signal.signal(number, tidy_and_end)


def _end(number: int, _frame: FrameType | None) -> None:
    # An exception would go through whatever is being imported; and nothing is written yet that could be lost.
    os._exit(signal_exit_code(number))

"""Ctrl-C while a program loads ends it at once, with the exit code that shells show, and without a word."""

from __future__ import annotations

import signal
import subprocess
import sys

import pytest

from streams.interrupt import END_SIGNALS, end_at_interrupt, raise_at_interrupt, signal_exit_code

KILL_SELF = "import os, signal; from streams import interrupt; {}; os.kill(os.getpid(), signal.{}); print('goes on')"


def end_of(action: str, number: signal.Signals) -> subprocess.CompletedProcess[str]:
    code = KILL_SELF.format(action, number.name)
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)


def test_an_interrupt_while_modules_are_loaded_says_nothing() -> None:
    end = end_of("interrupt.end_at_interrupt()", signal.SIGINT)
    assert (end.returncode, end.stdout, end.stderr) == (130, "", "")


def test_afterwards_a_command_gets_its_interrupt() -> None:
    end = end_of("interrupt.end_at_interrupt(); interrupt.raise_at_interrupt()", signal.SIGINT)
    assert end.returncode != 130
    assert "KeyboardInterrupt" in end.stderr


@pytest.mark.parametrize("number", END_SIGNALS)
def test_every_signal_tidies_up_first(number: signal.Signals) -> None:
    end = end_of("interrupt.end_at_signals(lambda: print('tidy', flush=True))", number)
    assert (end.returncode, end.stdout, end.stderr) == (signal_exit_code(number), "tidy\n", "")


def test_a_second_signal_does_not_interrupt_the_tidying() -> None:
    tidy = "lambda: (os.kill(os.getpid(), signal.SIGTERM), print('tidy', flush=True))"
    end = end_of(f"interrupt.end_at_signals({tidy})", signal.SIGINT)
    assert (end.returncode, end.stdout) == (130, "tidy\n")


def test_whoever_ignores_or_handles_ctrl_c_already_goes_on_doing_so() -> None:
    former = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        end_at_interrupt()
        raise_at_interrupt()
        assert signal.getsignal(signal.SIGINT) is signal.SIG_IGN
    finally:
        signal.signal(signal.SIGINT, former)

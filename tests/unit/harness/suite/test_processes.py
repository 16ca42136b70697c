"""What the processes of a run share."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from tests.harness.suite import processes


@pytest.fixture(autouse=True)
def _own_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "environ", {"PYTHONDONTWRITEBYTECODE": "1", "PATH": "/bin"})
    monkeypatch.setattr(sys, "pycache_prefix", None)


def test_processes_share_bytecode_where_none_may_be_written(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    processes._share_bytecode(tmp_path)
    assert "PYTHONDONTWRITEBYTECODE" not in os.environ
    assert os.environ["PYTHONPYCACHEPREFIX"] == str(tmp_path)


def test_bytecode_that_python_writes_stays_where_it_is(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(sys, "dont_write_bytecode", False)
    processes._share_bytecode(tmp_path)
    assert "PYTHONPYCACHEPREFIX" not in os.environ

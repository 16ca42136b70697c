"""The arrows between the rooms point one way: the contracts in pyproject.toml hold."""

from __future__ import annotations

import tomllib

import pytest
from importlinter.cli import lint_imports

from tests.harness.project_files import PROJECT_ROOT


def test_every_import_contract_holds(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(PROJECT_ROOT)
    broken = lint_imports(config_filename="pyproject.toml", no_cache=True)
    assert broken == 0, capsys.readouterr().out


def test_the_contracts_speak_of_every_room() -> None:
    settings = tomllib.loads((PROJECT_ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]
    assert set(settings["root_packages"]) == {"schemas", "streams", "agents", "connectors"}
    assert len(settings["contracts"]) >= 4

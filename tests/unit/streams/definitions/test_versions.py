"""The engine version of definitions that are to be applied."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
import pytest

from streams.definitions import AccountDefinitions, load_definitions
from streams.definitions.versions import keep_version
from streams.engine.releases.release_log import Release, ReleaseLog
from streams.errors import DefinitionsRefused


def release(**definitions: Any) -> Release:
    log = ReleaseLog()
    record = {"type": "definitions.applied", "account": "default", "based_on": 0, "definitions": definitions}
    assert log.add(0, 0, b"default", msgspec.json.encode(record)) is not None
    return log.get("default", 1)


def account(folder: Path, text: str) -> AccountDefinitions:
    path = folder / "d.yaml"
    path.write_text(text)
    return load_definitions([path]).require()["default"]


def test_a_document_that_states_no_version_keeps_the_accounts(tmp_path: Path) -> None:
    silent = account(tmp_path, "plan: basic\n")
    assert keep_version(silent, None).content.engine_version == 4
    assert keep_version(silent, release()).content.engine_version == 3
    assert keep_version(silent, release(engine_version=4)).content.engine_version == 4


def test_a_lower_version_than_the_accounts_is_refused(tmp_path: Path) -> None:
    lower = account(tmp_path, "engine_version: 3\n")
    assert keep_version(lower, release()).content.engine_version == 3
    with pytest.raises(DefinitionsRefused, match="account default: engine_version: engine version 3 is before 4"):
        keep_version(lower, release(engine_version=4))

"""The folder of a demo: a temporary one that goes with it, or one to keep."""

from __future__ import annotations

from pathlib import Path

import pytest

from streams.demo.folder import DemoFolder
from streams.errors import UsageError


def test_a_temporary_folder_goes_and_one_to_keep_stays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    temporary, kept = DemoFolder(None), DemoFolder(tmp_path / "new" / "kept")
    for folder in (temporary, kept):
        assert folder.path.is_dir()
        folder.remove()
        folder.remove()
    assert not temporary.path.exists()
    assert kept.path.is_dir()


def test_an_earlier_demo_is_left_alone_and_what_to_do_with_it_is_said(tmp_path: Path) -> None:
    (tmp_path / "kafka").mkdir()
    with pytest.raises(UsageError, match=f"holds an earlier demo.*broker start --data-dir {tmp_path}"):
        DemoFolder(tmp_path)


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(UsageError, match="cannot be made"):
        DemoFolder(tmp_path / "file" / "kept")

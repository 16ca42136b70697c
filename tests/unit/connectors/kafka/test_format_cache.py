"""Kafka's format of a data folder is cached for the next start."""

from __future__ import annotations

from pathlib import Path

import pytest

from connectors.kafka.format_cache import FORMAT_FILES, cache_format, restore_format


@pytest.fixture
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A data folder as the format tool leaves it, and an empty cache of this test alone."""
    monkeypatch.setenv("LEADSTREAM_CACHE", str(tmp_path / "cache"))
    folder = tmp_path / "first"
    folder.mkdir()
    for name in FORMAT_FILES:
        (folder / name).write_text(name)
    return folder


def test_a_new_folder_is_formatted_as_the_first_one_was(data: Path, tmp_path: Path) -> None:
    restore_format(tmp_path / "before")
    assert not (tmp_path / "before").exists()
    cache_format(data)
    restore_format(tmp_path / "second")
    assert {each.name: each.read_text() for each in (tmp_path / "second").iterdir()} == {
        name: name for name in FORMAT_FILES
    }


def test_a_folder_with_data_is_left_alone(data: Path, tmp_path: Path) -> None:
    cache_format(data)
    (data / FORMAT_FILES[0]).write_text("mine")
    restore_format(data)
    cache_format(data)
    assert (data / FORMAT_FILES[0]).read_text() == "mine"
    restore_format(tmp_path / "next")
    assert (tmp_path / "next" / FORMAT_FILES[0]).read_text() == FORMAT_FILES[0]


def test_half_a_format_is_not_remembered(data: Path, tmp_path: Path) -> None:
    (data / FORMAT_FILES[1]).unlink()
    cache_format(data)
    restore_format(tmp_path / "second")
    assert not (tmp_path / "second").exists()

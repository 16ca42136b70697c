"""The archive of Kafka's classes: made once for a Java and its jars, by a Java, and used from then on."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from connectors.kafka.class_archive import LOWEST_PRIORITY, MAX_ARCHIVES, ClassArchive
from connectors.kafka.java import Java

MAKES_ARCHIVE = """#!/bin/sh
for option; do case $option in
  -XX:SharedArchiveFile=*) archive=${option#*=};;
  -XX:SharedClassListFile=*) list=${option#*=};;
esac; done
turns=0
until [ "$(nice)" = 19 ] || [ $turns = 2000 ]; do turns=$((turns + 1)); done
{ nice; cat "$list"; } > "$archive"
"""


class _EnoughError(Exception):
    """Somebody does not want to wait any longer."""


@pytest.fixture
def class_list(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("LEADSTREAM_CACHE", str(tmp_path / "cache"))
    path = tmp_path / "classes.list"
    path.write_text("java/lang/Object\nkafka/Kafka\nkafka/ser")
    return path


def java(folder: Path, script: str = MAKES_ARCHIVE) -> Java:
    path = folder / "java"
    path.write_text(script)
    path.chmod(0o755)
    return Java(path, 25)


def archive_of(tmp_path: Path, script: str = MAKES_ARCHIVE) -> ClassArchive:
    jar = tmp_path / "kafka.jar"
    if not jar.exists():
        jar.write_bytes(b"classes")
    return ClassArchive(java(tmp_path, script), [jar])


def test_without_an_archive_kafka_lists_its_classes_if_somebody_wants_them(tmp_path: Path, class_list: Path) -> None:
    archive = archive_of(tmp_path)
    assert archive.options(None) == []
    assert archive.options(class_list) == [f"-XX:DumpLoadedClassList={class_list}"]


def test_the_archive_is_made_of_the_whole_lines_so_far_at_the_lowest_priority(
    tmp_path: Path, class_list: Path
) -> None:
    archive = archive_of(tmp_path)
    assert archive.build(class_list, tmp_path / "log4j2.properties")
    assert archive.path.read_text() == f"{LOWEST_PRIORITY}\njava/lang/Object\nkafka/Kafka\n"
    assert archive.options(class_list) == [f"-XX:SharedArchiveFile={archive.path}"]
    assert list(archive.path.parent.iterdir()) == [archive.path]


def test_an_archive_of_other_jars_is_not_used(tmp_path: Path, class_list: Path) -> None:
    archive_of(tmp_path).build(class_list, tmp_path / "log4j2.properties")
    (tmp_path / "kafka.jar").write_bytes(b"other classes")
    assert archive_of(tmp_path).options(None) == []


def test_a_java_that_cannot_make_one_leaves_nothing(tmp_path: Path, class_list: Path) -> None:
    archive = archive_of(tmp_path, "#!/bin/sh\nexit 1\n")
    assert not archive.build(class_list, tmp_path / "log4j2.properties")
    assert list(archive.path.parent.iterdir()) == []


def test_a_missing_list_is_no_error(tmp_path: Path, class_list: Path) -> None:
    class_list.unlink()
    assert not archive_of(tmp_path).build(class_list, tmp_path / "log4j2.properties")


def test_whoever_does_not_want_to_wait_ends_it(tmp_path: Path, class_list: Path) -> None:
    def give_up(_what: str, _done: int, _total: int) -> None:
        raise _EnoughError

    archive = archive_of(tmp_path, "#!/bin/sh\nexec sleep 600\n")
    with pytest.raises(_EnoughError):
        archive.build(class_list, tmp_path / "log4j2.properties", give_up)
    assert list(archive.path.parent.iterdir()) == []


def test_only_the_newest_archives_stay(tmp_path: Path, class_list: Path) -> None:
    paths = []
    for number in range(MAX_ARCHIVES + 2):
        (tmp_path / "kafka.jar").write_bytes(b"classes" * (number + 1))
        archive = archive_of(tmp_path)
        assert archive.build(class_list, tmp_path / "log4j2.properties")
        os.utime(archive.path, (number, number))
        paths.append(archive.path)
    assert sorted(archive.path.parent.iterdir()) == sorted(paths[-MAX_ARCHIVES:])

"""Runs come back as one sequence in order of their keys, with the latest entry of each."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from streams.runtime.disk.sorted_runs import Entry, SortedRuns


def merged(runs: SortedRuns, last_run: list[Entry]) -> list[Entry]:
    return [entry for entries in runs.merge(last_run) for entry in entries]


@pytest.mark.parametrize("seed", range(20))
def test_the_latest_entry_of_each_key_comes_in_order(seed: int, tmp_path: Path) -> None:
    chance, runs = random.Random(seed), SortedRuns(tmp_path)
    expected: dict[bytes, bytes | None] = {}
    run: dict[bytes, bytes | None] = {}
    for number in range(chance.randint(1, 8)):
        run |= {
            b"key %d" % chance.randrange(2_000): chance.choice((None, b"", b"%d" % number, b"x" * 5_000))
            for _ in range(chance.randint(0, 900))
        }
        expected |= run
        if chance.random() < 0.8:
            runs.add(sorted(run.items()), sum(len(value or b"") for value in run.values()))
            run = {}
    assert merged(runs, sorted(run.items())) == sorted(expected.items())
    runs.close()


def test_without_a_run_on_disk_the_last_one_is_all(tmp_path: Path) -> None:
    runs = SortedRuns(tmp_path)
    assert merged(runs, []) == []
    assert merged(runs, [(b"a", None), (b"b", b"1")]) == [(b"a", None), (b"b", b"1")]
    runs.close()


def test_of_long_runs_only_parts_are_read_at_a_time(tmp_path: Path) -> None:
    runs = SortedRuns(tmp_path)
    for number in range(3):
        runs.add([(b"%06d" % key, b"%d" % number * 100) for key in range(number, 30_000, 3)], 10_000 * 106)
    parts = list(runs.merge([]))
    assert max(map(len, parts)) < 3_000
    assert [key for part in parts for key, _ in part] == [b"%06d" % key for key in range(30_000)]
    runs.close()


def test_the_file_has_no_name(tmp_path: Path) -> None:
    runs = SortedRuns(tmp_path)
    runs.add([(b"a", b"1")], 2)
    assert list(tmp_path.iterdir()) == []
    runs.close()

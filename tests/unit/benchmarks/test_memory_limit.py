"""A limit on memory is a control group below this process's own; without one the benchmark goes on and says so."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks import memory_limit as module
from benchmarks.memory_limit import MemoryLimit, memory_limit

GROUPS = "9:name=systemd:/\n4:cpu,memory:/session/a\n0::/\n"


def prepare(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, groups: str) -> Path:
    own = tmp_path / "session" / "a"
    own.mkdir(parents=True)
    (tmp_path / "groups").write_text(groups)
    monkeypatch.setattr(module, "CONTROLLER", tmp_path)
    monkeypatch.setattr(module, "_OWN_GROUPS", tmp_path / "groups")
    return own


def test_the_group_lies_below_this_process_s_own_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    own = prepare(tmp_path, monkeypatch, GROUPS)
    with memory_limit(600) as limit:
        assert limit is not None
        assert limit.group.parent == own
        assert (limit.group / "memory.limit_in_bytes").read_text() == "600M"
        (limit.group / "memory.limit_in_bytes").unlink()  # a real group is removed with its files
    assert list(own.iterdir()) == []


@pytest.mark.parametrize("groups", ["0::/user.slice\n", GROUPS.replace("/session/a", "/gone")])
def test_without_the_controller_there_is_no_limit(
    groups: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    prepare(tmp_path, monkeypatch, groups)
    with memory_limit(600) as limit:
        assert limit is None


def test_a_command_enters_the_group_and_is_what_it_was() -> None:
    command = MemoryLimit(Path("/groups/it's mine"), 1).wrap(["python", "-c", "print(1)"])
    assert command[:2] == ["sh", "-c"]
    assert command[2].startswith("""echo $$ > '/groups/it'"'"'s mine/cgroup.procs' && exec""")
    assert command[4:] == ["python", "-c", "print(1)"]

"""Dependencies are pinned twice, for pip with hashes and for `uv run` as constraints; the two agree."""

from __future__ import annotations

import re
import tomllib
from importlib.metadata import PackageNotFoundError, version

from tests.harness.project_files import PROJECT_ROOT

PIN = re.compile(r"^([A-Za-z0-9][^\s=]*==[^\\\n]*?)\s*\\?$", re.MULTILINE)
AGAIN = "run .ci/lock"


def locked() -> list[str]:
    return PIN.findall((PROJECT_ROOT / "requirements.lock").read_text())


def project() -> dict[str, object]:
    return tomllib.loads((PROJECT_ROOT / "pyproject.toml").read_text())


def names(requirements: list[str]) -> set[str]:
    return {re.split(r"[^A-Za-z0-9._-]", one)[0].lower().replace("_", "-").replace(".", "-") for one in requirements}


def test_the_constraints_are_the_pins() -> None:
    table = project()["tool"]["uv"]  # type: ignore[index]  # a document without a declared shape
    assert table["constraint-dependencies"] == locked(), AGAIN


def test_every_dependency_is_pinned() -> None:
    document = project()
    wanted = list(document["project"]["dependencies"])  # type: ignore[index]  # as above
    groups = [document["dependency-groups"], document["project"]["optional-dependencies"]]  # type: ignore[index]  # as above
    for group in groups:
        for requirements in group.values():
            wanted += requirements
    assert names(wanted) <= names(locked()), AGAIN


def test_every_pin_has_a_hash() -> None:
    entries = re.split(r"\n(?=\S)", (PROJECT_ROOT / "requirements.lock").read_text().strip())
    assert len(entries) == len(locked()) > 50
    assert [entry for entry in entries if "--hash=sha256:" not in entry] == []


def test_what_runs_here_is_what_is_pinned() -> None:
    differing = {}
    for pin in locked():
        name, _, wanted = pin.split(";")[0].strip().partition("==")
        try:
            found = version(name)
        except PackageNotFoundError:
            continue  # for another system, or in a group that is not installed here
        if found != wanted:
            differing[name] = (found, wanted)
    assert differing == {}, AGAIN

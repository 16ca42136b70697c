"""The house stays as it was laid out: rooms at the top, small files, nothing of one machine in the text."""

from __future__ import annotations

import re

from tests.harness.project_files import PROJECT_ROOT, project_files, text_files

LONGEST_FILE = 400
PACKAGES = ("schemas", "streams", "agents", "connectors")
TOP_LEVEL = {
    # rooms
    *("schemas", "streams", "agents", "connectors", "tests", "docs", "benchmarks", "examples", "docker"),
    # files
    *(".ci", ".editorconfig", ".gitignore", ".pre-commit-config.yaml", "Makefile", "pyproject.toml"),
    *("requirements.lock", "CHANGELOG.md", "CONTRIBUTING.md", "README.md", "LICENSE"),
    *("docker-compose.yml", "Dockerfile", ".dockerignore"),
}

# Written in two parts, so that this file does not name them itself.
HOME_FOLDERS = ("/ho" + "me/", "/Us" + "ers/", "/ro" + "ot/", "/wo" + "rk/")
REGISTRIES = (
    *("py" + "pi.org", "python" + "hosted.org", "maven" + ".org", "maven" + ".apache.org", "npm" + "js.org"),
    *("ghcr" + ".io", "docker" + ".io"),
)


def test_only_what_belongs_stands_at_the_top() -> None:
    found = {path.parts[0] for path in project_files()}
    assert found <= TOP_LEVEL
    assert {"schemas", "streams", "agents", "connectors", "tests", "docs", ".ci", "README.md"} <= found


def test_no_source_file_is_longer_than_a_room_should_be() -> None:
    sources = [path for path in project_files() if path.suffix == ".py"]
    lengths = {path: len((PROJECT_ROOT / path).read_text().splitlines()) for path in sources}
    assert len(lengths) > 20
    assert {path: length for path, length in lengths.items() if length > LONGEST_FILE} == {}


def test_no_text_names_a_folder_of_one_machine() -> None:
    home = re.compile(r"(?<![\w.}/-])(" + "|".join(HOME_FOLDERS) + ")")
    assert [path for path, text in text_files() if home.search(text)] == []


def test_no_text_names_a_package_registry() -> None:
    found = [(path, host) for path, text in text_files() for host in REGISTRIES if host in text]
    assert found == []


def test_packages_of_the_product_say_what_they_are() -> None:
    packages = [path for path in project_files() if path.name == "__init__.py" and path.parts[0] != "tests"]
    assert [path for path in packages if not (PROJECT_ROOT / path).read_text().startswith('"""')] == []


def test_packages_of_the_product_say_that_they_are_typed() -> None:
    assert [name for name in PACKAGES if not (PROJECT_ROOT / name / "py.typed").is_file()] == []


def test_text_files_end_with_one_newline_and_lines_without_blanks() -> None:
    texts = [(path, text) for path, text in text_files() if text and path.suffix != ".svg"]
    assert [path for path, text in texts if not text.endswith("\n") or text.endswith("\n\n")] == []
    assert [path for path, text in texts if re.search(r"[ \t\r]$", text, re.MULTILINE)] == []

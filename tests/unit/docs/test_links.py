"""Every link between pages leads somewhere: to a file that is there, and to a heading that it has."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from tests.harness.docs.guide import blocks
from tests.harness.project_files import PROJECT_ROOT, project_files

PAGES = [path for path in project_files() if path.suffix == ".md"]
LINK = re.compile(r"\]\(([^)\s]+)[^)]*\)")
HEADING = re.compile(r"#{1,6} +(.+)")
ADDRESS = re.compile(r"[a-z]+:")
CODE = re.compile(r"`[^`\n]*`")


def prose_lines(text: str) -> list[tuple[int, str]]:
    """The numbered lines outside of fenced blocks."""
    fenced = {
        line for block in blocks(text) for line in range(block.line - 1, block.line + block.text.count("\n") + 1)
    }
    return [(number, line) for number, line in enumerate(text.splitlines(), 1) if number not in fenced]


def anchor_of(heading: str) -> str:
    """What GitHub makes of a heading: lower case, dashes for spaces, no other punctuation."""
    words = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading).strip().lower()
    return re.sub(r"[^\w\- ]", "", words).replace(" ", "-")


def anchors_in(text: str) -> set[str]:
    """All anchors of a page; a heading that comes again has a number behind it."""
    found: set[str] = set()
    times: dict[str, int] = {}
    for _, line in prose_lines(text):
        if match := HEADING.fullmatch(line):
            anchor = anchor_of(match[1])
            seen = times.get(anchor, 0)
            times[anchor] = seen + 1
            found.add(f"{anchor}-{seen}" if seen else anchor)
    return found


@cache
def anchors_of(path: Path) -> set[str]:
    return anchors_in(path.read_text())


def relative_links(text: str) -> Iterator[tuple[int, str]]:
    for number, line in prose_lines(text):
        for target in LINK.findall(CODE.sub("", line)):
            if not ADDRESS.match(target):
                yield number, target


def leads_somewhere(page: Path, target: str) -> bool:
    name, _, anchor = target.partition("#")
    file = (page.parent / name).resolve() if name else page
    return file.exists() and (not anchor or (file.suffix == ".md" and anchor in anchors_of(file)))


@pytest.mark.parametrize("page", PAGES, ids=str)
def test_a_page_links_to_files_and_headings_that_are_there(page: Path) -> None:
    file = PROJECT_ROOT / page
    broken = [f"{page}:{n}: {to}" for n, to in relative_links(file.read_text()) if not leads_somewhere(file, to)]
    assert broken == []


def test_a_link_that_leads_nowhere_is_found(tmp_path: Path) -> None:
    (tmp_path / "there.md").write_text(
        "# A page\n\n## `crm` and `Lead`\n\n## Twice\n\n## Twice\n\n```text\n# No heading\n```\n"
    )
    page = tmp_path / "page.md"
    page.write_text(
        "# Links\n[1](there.md), [2](there.md#crm-and-lead), [3](there.md#twice-1), [4](#links), [5](https://example.com)\n"
        "[6](gone.md), [7](there.md#no-heading), [8](there.md#twice-2), [9](#gone), `[10](code.md)`\n"
        "```text\n[11](block.md)\n```\n[12](gone-too.md)\n"
    )
    links = list(relative_links(page.read_text()))
    assert [to for _, to in links if not leads_somewhere(page, to)] == [
        "gone.md",
        "there.md#no-heading",
        "there.md#twice-2",
        "#gone",
        "gone-too.md",
    ]
    assert [n for n, to in links if to == "gone-too.md"] == [7]


def test_all_pages_together_have_hundreds_of_links() -> None:
    assert sum(len(list(relative_links((PROJECT_ROOT / page).read_text()))) for page in PAGES) > 200

"""The guide to conditions as what it holds: definitions with stories, refusals, commands, boundaries."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from textwrap import indent
from typing import Any

from streams.definitions.read import read_text
from tests.harness.project_files import PROJECT_ROOT

GUIDE = PROJECT_ROOT / "docs" / "conditions.md"
SEGMENT = "example"
"""The segment that a condition alone is tried in."""

SOURCES = ("yaml account", "yaml condition", "yaml definitions")
OUTCOMES = ("text story", "text refused", "console")
KINDS = (*SOURCES, *OUTCOMES, "json events")

_FENCE = re.compile(r"\s*(`{3,}|~{3,})(.*)")
_NAME = re.compile(r"# ([\w-]+\.yaml)\n")


@dataclass(frozen=True, slots=True)
class Block:
    """A fenced block: what stands behind its fence, its text, its first line in the guide."""

    kind: str
    text: str
    line: int

    @property
    def name(self) -> str | None:
        """The file that its first line names."""
        match = _NAME.match(self.text)
        return match[1] if match else None


@dataclass(slots=True)
class Example:
    """A condition or definitions, and what the guide says of them."""

    source: Block
    outcomes: list[Block] = field(default_factory=list)


def blocks(text: str) -> list[Block]:
    """All fenced blocks, whatever their fences look like. Raises ValueError for one that is not closed."""
    found: list[Block] = []
    kind, fence, start = "", "", 0
    lines = text.splitlines()
    for number, line in enumerate(lines, 1):
        match = _FENCE.fullmatch(line)
        if match is None:
            continue
        if not fence:
            fence, kind, start = match[1], match[2].strip(), number
        elif match[1].startswith(fence) and not match[2].strip():
            found.append(Block(kind, "\n".join(lines[start : number - 1]) + "\n", start + 1))
            fence = ""
    if fence:
        raise ValueError(f"the block from line {start} on is not closed")
    return found


def examples(text: str) -> list[Example]:
    """Every block that defines something, with the outcomes that follow it."""
    found: list[Example] = []
    for block in blocks(text):
        if block.kind in SOURCES:
            found.append(Example(block))
        elif block.kind in OUTCOMES and found:
            found[-1].outcomes.append(block)
    return found


def account_text(text: str) -> str:
    """The definitions around every condition that stands alone."""
    (block,) = (block for block in blocks(text) if block.kind == "yaml account")
    return block.text


def segment_text(condition: str) -> str:
    """A file with one segment of that condition."""
    return f"segments:\n  - id: {SEGMENT}\n    dynamic: true\n    when:\n{indent(condition, ' ' * 6)}"


def parse_yaml(text: str) -> dict[str, Any]:
    """A mapping as the files of definitions are read."""
    (part,) = read_text("guide", text)
    return dict(part.values)


def definitions_for(example: Example, account: str) -> dict[str, Any]:
    """The whole that an example's story is told to."""
    if example.source.kind == "yaml definitions":
        return parse_yaml(example.source.text)
    return with_condition(account, example.source.text)


def with_condition(account: str, condition: str) -> dict[str, Any]:
    """The guide's account, and one more segment."""
    around = parse_yaml(account)
    (segment,) = parse_yaml(segment_text(condition))["segments"]
    return {**around, "segments": [*around["segments"], segment]}


def iter_conditions(value: Any) -> Iterator[Mapping[str, Any]]:
    """Every condition below a `when`."""
    if isinstance(value, Mapping):
        for key, inner in value.items():
            if key == "when":
                yield inner
            else:
                yield from iter_conditions(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from iter_conditions(inner)


def tables(text: str, header: str) -> list[list[str]]:
    """The rows of every table with this header, as cells; a pipe inside a cell is written `\\|`."""
    rows: list[list[str]] = []
    inside = False
    for line in text.splitlines():
        if line.strip() == header:
            inside = True
        elif not line.startswith("|"):
            inside = False
        elif inside and not set(line) <= set("|- :"):
            cells = re.split(r"(?<!\\)\|", line.strip().strip("|"))
            rows.append([cell.strip().replace("\\|", "|") for cell in cells])
    return rows

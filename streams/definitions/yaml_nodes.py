"""YAML nodes as JSON values, with the line of every key and list item.

Nodes and not ruamel's own objects: those turn `2026-03-01` into dates and forget on which line a plain value stood.
YAML 1.2: `NO` is text and not false.
"""

from __future__ import annotations

import math
from typing import Any

from ruamel.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from streams.definitions.document import Unreadable
from streams.engine.validation import Path

MOST_NODES = 500_000
"""Aliases of aliases grow without bound: a file of ten lines could fill the memory."""

_TAG = "tag:yaml.org,2002:"


class Reader:
    """Reads one document; `lines` is filled as it goes."""

    def __init__(self) -> None:
        self.lines: dict[Path, int] = {}
        self._open: list[Node] = []
        self._read = 0

    def value(self, node: Node, path: Path = ()) -> Any:
        """The node's value. Raises Unreadable naming the line."""
        self._read += 1
        if self._read > MOST_NODES:
            raise Unreadable(f"more than {MOST_NODES} values", _line(node))
        if any(node is outer for outer in self._open):
            raise Unreadable("an alias that contains itself", _line(node))
        self.lines.setdefault(path, _line(node))
        if isinstance(node, ScalarNode):
            return _scalar(node)
        self._open.append(node)
        try:
            if isinstance(node, SequenceNode):
                return [self.value(item, (*path, number)) for number, item in enumerate(node.value)]
            if isinstance(node, MappingNode):
                return self._mapping(node, path)
            raise Unreadable("text, a list or a mapping is needed here", _line(node))
        finally:
            self._open.pop()

    def _mapping(self, node: MappingNode, path: Path) -> dict[str, Any]:
        values: dict[str, Any] = {}
        merged: dict[str, Any] = {}
        for key_node, value_node in node.value:
            if _tag(key_node) == "merge":
                merged = self._merged(value_node, path) | merged
                continue
            key = _key(key_node)
            if key in values:
                raise Unreadable(f"{key} is given twice", _line(key_node))
            self.lines[(*path, key)] = _line(key_node)
            values[key] = self.value(value_node, (*path, key))
        return merged | values

    def _merged(self, node: Node, path: Path) -> dict[str, Any]:
        """What `<<` takes over; of several mappings the first wins."""
        sources = node.value if isinstance(node, SequenceNode) else [node]
        taken: dict[str, Any] = {}
        for source in sources:
            if not isinstance(source, MappingNode):
                raise Unreadable("<< takes a mapping, or a list of mappings", _line(source))
            value = self.value(source, path)
            taken = value | taken
        return taken


def _key(node: Node) -> str:
    if not isinstance(node, ScalarNode):
        raise Unreadable("a key is text", _line(node))
    return str(node.value)


def _scalar(node: ScalarNode) -> Any:
    text = str(node.value)
    tag = _tag(node)
    if tag in ("str", "timestamp"):
        return text
    if tag == "null":
        return None
    if tag == "bool":
        return text.lower() == "true"
    if tag == "int":
        return _whole(text, node)
    if tag == "float":
        return _float(text, node)
    raise Unreadable(f"the tag {node.tag} is not understood", _line(node))


def _whole(text: str, node: Node) -> int:
    try:
        # Zeros in front are decimal in YAML 1.2, and no number at all to Python's own prefix reading.
        return int(text.replace("_", ""), 0 if text.lstrip("+-")[:2].lower() in ("0x", "0o", "0b") else 10)
    except ValueError as error:
        raise Unreadable(f"{text!r} is not a whole number; put it in quotes if it is text", _line(node)) from error


def _float(text: str, node: Node) -> float:
    try:
        number = float(text.replace("_", "").lower().replace(".inf", "inf").replace(".nan", "nan"))
    except ValueError as error:
        raise Unreadable(f"{text!r} is not a number; put it in quotes if it is text", _line(node)) from error
    if not math.isfinite(number):
        raise Unreadable(f"{text} is no number that JSON can hold", _line(node))
    return number


def _tag(node: Node) -> str:
    return str(node.tag).removeprefix(_TAG)


def _line(node: Node) -> int:
    return int(node.start_mark.line) + 1

"""Converts YAML nodes to JSON values, with the line of every key and list item.

It reads nodes, not ruamel's own objects: those turn `2026-03-01` into dates and lose the line of a plain value.
YAML 1.2: `NO` is text and not false.
"""

from __future__ import annotations

import math
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.composer import MaxDepthExceededError
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from streams.definitions.document import UnreadableDocument
from streams.engine.validation import MAX_NESTING, TOO_DEEP, DocumentPath

MAX_NODES = 500_000
"""A bound, since aliases of aliases grow exponentially: a file of ten lines could fill the memory."""

_TAG = "tag:yaml.org,2002:"


def compose_nodes(text: str) -> list[Node]:
    """Returns the documents of a text as nodes. Raises UnreadableDocument with the line."""
    yaml = YAML(pure=True)
    yaml.max_depth = MAX_NESTING
    try:
        return [node for node in yaml.compose_all(text) if node is not None]
    except MaxDepthExceededError as error:
        raise UnreadableDocument(TOO_DEEP, error.problem_mark.line + 1) from error
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        problem = str(error.problem or error.context)
        if problem.startswith("expected <block end>"):
            problem = "the line is indented more or less than those it belongs to"
        raise UnreadableDocument(f"is not YAML: {problem}", mark.line + 1 if mark else 0) from error
    except (YAMLError, ValueError) as error:
        raise UnreadableDocument(f"is not YAML: {str(error).splitlines()[0]}") from error


class YamlNodeReader:
    """Reads one document; `lines` holds path -> line of what was read so far, `spellings` what numbers look like."""

    def __init__(self) -> None:
        self.lines: dict[DocumentPath, int] = {}
        self.spellings: dict[DocumentPath, str] = {}
        self._open_nodes: list[Node] = []
        self._node_count = 0

    def read_value(self, node: Node, path: DocumentPath = ()) -> Any:
        """Returns the node's value. Raises UnreadableDocument with the line."""
        self._node_count += 1
        if self._node_count > MAX_NODES:
            raise UnreadableDocument(f"more than {MAX_NODES} values", _line_number(node))
        if any(node is outer for outer in self._open_nodes):
            raise UnreadableDocument("an alias that contains itself", _line_number(node))
        if len(self._open_nodes) >= MAX_NESTING:  # through aliases; a text alone is not composed that deep
            raise UnreadableDocument(TOO_DEEP, _line_number(node))
        self.lines.setdefault(path, _line_number(node))
        if isinstance(node, ScalarNode):
            value = _read_scalar(node)
            if isinstance(value, int | float) and str(node.value) != str(value) and _tag(node) != "bool":
                self.spellings[path] = str(node.value)
            return value
        self._open_nodes.append(node)
        try:
            if isinstance(node, SequenceNode):
                return [self.read_value(item, (*path, number)) for number, item in enumerate(node.value)]
            if isinstance(node, MappingNode):
                return self._read_mapping(node, path)
            raise UnreadableDocument("text, a list or a mapping is needed here", _line_number(node))
        finally:
            self._open_nodes.pop()

    def _read_mapping(self, node: MappingNode, path: DocumentPath) -> dict[str, Any]:
        values: dict[str, Any] = {}
        base_values: dict[str, Any] = {}
        for key_node, value_node in node.value:
            if _tag(key_node) == "merge":
                base_values = self._read_merge_key(value_node, path) | base_values
                continue
            key = _read_key(key_node)
            if key in values:
                raise UnreadableDocument(f"{key} is given twice", _line_number(key_node))
            self.lines[(*path, key)] = _line_number(key_node)
            values[key] = self.read_value(value_node, (*path, key))
        return base_values | values

    def _read_merge_key(self, node: Node, path: DocumentPath) -> dict[str, Any]:
        """Returns the values that `<<` takes over; of several mappings the first wins."""
        sources = node.value if isinstance(node, SequenceNode) else [node]
        base_values: dict[str, Any] = {}
        for source in sources:
            if not isinstance(source, MappingNode):
                raise UnreadableDocument("<< takes a mapping, or a list of mappings", _line_number(source))
            value = self.read_value(source, path)
            base_values = value | base_values
        return base_values


def _read_key(node: Node) -> str:
    if not isinstance(node, ScalarNode):
        raise UnreadableDocument("a key is text", _line_number(node))
    return str(node.value)


def _read_scalar(node: ScalarNode) -> Any:
    text = str(node.value)
    tag = _tag(node)
    if tag in ("str", "timestamp"):
        return text
    if tag == "null":
        return None
    if tag == "bool":
        return text.lower() == "true"
    if tag == "int":
        return _parse_int(text, node)
    if tag == "float":
        return _parse_float(text, node)
    raise UnreadableDocument(f"the tag {node.tag} is not understood", _line_number(node))


def _parse_int(text: str, node: Node) -> int:
    try:
        # YAML 1.2 reads leading zeros as decimal; Python's base 0 refuses them.
        return int(text.replace("_", ""), 0 if text.lstrip("+-")[:2].lower() in ("0x", "0o", "0b") else 10)
    except ValueError as error:
        raise UnreadableDocument(
            f"{text!r} is not a whole number; put it in quotes if it is text", _line_number(node)
        ) from error


def _parse_float(text: str, node: Node) -> float:
    try:
        number = float(text.replace("_", "").lower().replace(".inf", "inf").replace(".nan", "nan"))
    except ValueError as error:
        raise UnreadableDocument(
            f"{text!r} is not a number; put it in quotes if it is text", _line_number(node)
        ) from error
    if not math.isfinite(number):
        raise UnreadableDocument(f"{text} is no number that JSON can hold", _line_number(node))
    return number


def _tag(node: Node) -> str:
    return str(node.tag).removeprefix(_TAG)


def _line_number(node: Node) -> int:
    return int(node.start_mark.line) + 1

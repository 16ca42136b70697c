"""Formats an explanation as lines for people."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

_TIMES = ("last_changed", "changed_by", "next_change")
_BRANCHES = ("all", "any", "not")
_NOT_FACTS = frozenset({"leaf", "holds", "events", *_TIMES})


def explanation_lines(explanation: dict[str, Any]) -> Iterator[str]:
    """Yields the verdict, its reasons, then the condition leaf by leaf: `+` is true, `-` is false."""
    contact = f"{explanation['contact']} (account {explanation['account']})"
    if "gone" in explanation:
        yield f"{explanation['gone']}; the rest is told from the contact's row"
    if not explanation["known"]:
        yield f"{contact} {_unknown_text(explanation)}"
        yield from (f"note: {note}" for note in explanation.get("notes", ()))
        return
    yield f"{contact} {_verdict_text(explanation)}, as of {explanation['at']} under release {explanation['release']}"
    yield from (f"  {reason}" for reason in explanation["reasons"])
    yield from (f"  {line}" for line in _time_lines(explanation))
    if "condition" in explanation:
        yield "condition:"
        yield from _node_lines(explanation["condition"], "  ")
    for kind in ("scoring", "automation"):
        for rule in explanation.get(kind, ()):
            yield from _rule_lines(kind, rule)
    yield from _history_lines(explanation)
    yield from (f"note: {note}" for note in explanation["notes"])
    if explanation["source"] == "state" and "gone" not in explanation:
        yield "note: --journal also names the events, and when each part last changed"


def _unknown_text(explanation: dict[str, Any]) -> str:
    at = f" at {explanation['at']}" if "at" in explanation else ""
    if "first_known" in explanation:
        return f"is not known{at}: its first record came later and takes effect at {explanation['first_known']}"
    return f"is not known{at}: no record of it is in the journal"


def _verdict_text(explanation: dict[str, Any]) -> str:
    if "segment" in explanation:
        name = explanation["segment"]
        return (
            f"is in segment {name} since {explanation['since']}"
            if explanation["member"]
            else f"is not in segment {name}"
        )
    lead = explanation["lead"]
    if lead is None:
        return f"has no lead in campaign {explanation['campaign']}"
    bounds = explanation.get("points_between")
    limits = f" (kept between {bounds[0]} and {bounds[1]})" if bounds else ""
    return f"has a lead in campaign {explanation['campaign']}: {lead['status']}, {lead['points']} points{limits}"


def _time_lines(node: dict[str, Any]) -> Iterator[str]:
    if node.get("last_changed"):
        by = f" by {node['changed_by']}" if "changed_by" in node else ""
        yield f"last changed {node['last_changed']}{by}"
    if "next_change" in node:
        yield f"changes {node['next_change']} if nothing happens"


def _node_lines(node: dict[str, Any], indent: str) -> Iterator[str]:
    mark = "+" if node["holds"] else "-"
    times = "".join(f"; {line}" for line in _time_lines(node))
    if "leaf" not in node:
        kind = next(kind for kind in _BRANCHES if kind in node)
        yield f"{indent}{mark} {kind}{times}"
        for child in node[kind]:
            yield from _node_lines(child, indent + "  ")
        return
    facts = {name: value for name, value in node.items() if name not in _NOT_FACTS}
    fact_text = "".join(f"; {name} {_to_json(value)}" for name, value in facts.items())
    yield f"{indent}{mark} {_to_json(node['leaf'])}{fact_text}{times}"
    yield from _event_lines(node, indent)


def _event_lines(node: dict[str, Any], indent: str) -> Iterator[str]:
    for event in node.get("events", ()):
        fields = {name: value for name, value in event.items() if name not in ("id", "type", "at")}
        yield f"{indent}    {event['at']} {event['type']} {event['id']} {_to_json(fields) if fields else ''}".rstrip()


def _rule_lines(kind: str, rule: dict[str, Any]) -> Iterator[str]:
    effect = f"{rule['points']} points" if kind == "scoring" else _to_json(rule["then"])
    awards = f", {len(rule['awards'])} of {rule['at_most']} awards in the window" if "awards" in rule else ""
    yield f"{kind} rule {rule['id']}: {effect}{awards}"
    if "each" in rule:
        yield f"  for each {_to_json(rule['each'])}"
        yield from _event_lines(rule, "  ")
    else:
        yield from _node_lines(rule["condition"], "  ")


def _history_lines(explanation: dict[str, Any]) -> Iterator[str]:
    if explanation.get("history"):
        yield "history:"
    for change in explanation.get("history", ()):
        fields = {name: value for name, value in change.items() if name not in ("at", "type", "cause")}
        cause = {name: value for name, value in change["cause"].items() if name != "leaves"}
        parts = [change["at"], change["type"], *([_to_json(fields)] if fields else []), "cause", _to_json(cause)]
        yield "  " + " ".join(parts)


def _to_json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)

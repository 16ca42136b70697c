"""An answer as lines for people."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

_TIMES = ("last_changed", "changed_by", "next_change")
_BRANCHES = ("all", "any", "not")
_NOT_FACTS = frozenset({"leaf", "holds", "events", *_TIMES})


def lines_of(answer: dict[str, Any]) -> Iterator[str]:
    """The verdict, its reasons, then the condition leaf by leaf: `+` is true, `-` is false."""
    who = f"{answer['contact']} (account {answer['account']})"
    if "gone" in answer:
        yield f"{answer['gone']}; the rest is told from the contact's row"
    if not answer["known"]:
        yield f"{who} {_unknown(answer)}"
        return
    yield f"{who} {_verdict(answer)}, as of {answer['at']} under release {answer['release']}"
    yield from (f"  {reason}" for reason in answer["reasons"])
    yield from (f"  {line}" for line in _time_lines(answer))
    if "condition" in answer:
        yield "condition:"
        yield from _node(answer["condition"], "  ")
    for kind in ("scoring", "automation"):
        for rule in answer.get(kind, ()):
            yield from _rule(kind, rule)
    yield from _history(answer)
    yield from (f"note: {note}" for note in answer["notes"])
    if answer["source"] == "state" and "gone" not in answer:
        yield "note: --journal also names the events, and when each part last changed"


def _unknown(answer: dict[str, Any]) -> str:
    then = f" at {answer['at']}" if "at" in answer else ""
    if "first_known" in answer:
        return f"is not known{then}: its first record came later and takes effect at {answer['first_known']}"
    return f"is not known{then}: no record of it is in the journal"


def _verdict(answer: dict[str, Any]) -> str:
    if "segment" in answer:
        name = answer["segment"]
        return f"is in segment {name} since {answer['since']}" if answer["member"] else f"is not in segment {name}"
    lead = answer["lead"]
    if lead is None:
        return f"has no lead in campaign {answer['campaign']}"
    return f"has a lead in campaign {answer['campaign']}: {lead['status']}, {lead['points']} points"


def _time_lines(described: dict[str, Any]) -> Iterator[str]:
    if described.get("last_changed"):
        by = f" by {described['changed_by']}" if "changed_by" in described else ""
        yield f"last changed {described['last_changed']}{by}"
    if "next_change" in described:
        yield f"changes {described['next_change']} if nothing happens"


def _node(node: dict[str, Any], indent: str) -> Iterator[str]:
    mark = "+" if node["holds"] else "-"
    times = "".join(f"; {line}" for line in _time_lines(node))
    if "leaf" not in node:
        kind = next(kind for kind in _BRANCHES if kind in node)
        yield f"{indent}{mark} {kind}{times}"
        for child in node[kind]:
            yield from _node(child, indent + "  ")
        return
    facts = {name: value for name, value in node.items() if name not in _NOT_FACTS}
    shown = "".join(f"; {name} {_plain(value)}" for name, value in facts.items())
    yield f"{indent}{mark} {_plain(node['leaf'])}{shown}{times}"
    yield from _events(node, indent)


def _events(node: dict[str, Any], indent: str) -> Iterator[str]:
    for event in node.get("events", ()):
        more = {name: value for name, value in event.items() if name not in ("id", "type", "at")}
        yield f"{indent}    {event['at']} {event['type']} {event['id']} {_plain(more) if more else ''}".rstrip()


def _rule(kind: str, rule: dict[str, Any]) -> Iterator[str]:
    does = f"{rule['points']} points" if kind == "scoring" else _plain(rule["then"])
    awards = f", {len(rule['awards'])} of {rule['at_most']} awards in the window" if "awards" in rule else ""
    yield f"{kind} rule {rule['id']}: {does}{awards}"
    if "each" in rule:
        yield f"  for each {_plain(rule['each'])}"
        yield from _events(rule, "  ")
    else:
        yield from _node(rule["condition"], "  ")


def _history(answer: dict[str, Any]) -> Iterator[str]:
    if answer.get("history"):
        yield "history:"
    for change in answer.get("history", ()):
        more = {name: value for name, value in change.items() if name not in ("at", "type", "cause")}
        cause = {name: value for name, value in change["cause"].items() if name != "leaves"}
        parts = [change["at"], change["type"], *([_plain(more)] if more else []), "cause", _plain(cause)]
        yield "  " + " ".join(parts)


def _plain(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)

"""What Redis holds of the read models, read key by key in the documented form, not by the product's reader."""

from __future__ import annotations

import json
from collections import defaultdict
from typing import Any

from streams.views.progress import ACCOUNTS
from tests.harness.views.topic_fold import Snapshot

_READ_ALL = {
    "string": ("GET",),
    "hash": ("HGETALL",),
    "set": ("SMEMBERS",),
    "zset": ("ZRANGE", 0, -1),
    "stream": ("XRANGE", "-", "+"),
}


def current_generation(client: Any, prefix: str) -> int | None:
    """The generation that readers see."""
    number = client.hget(f"{prefix}leadstream:deployment", "generation")
    return None if number is None else int(number)


def snapshot(client: Any, prefix: str) -> Snapshot:
    """The models of the generation that readers see; `client` is a synchronous one."""
    generation = current_generation(client, prefix)
    accounts = sorted(each.decode() for each in client.smembers(f"{prefix}leadstream:accounts:{generation}"))
    retention = int(client.hget(f"{prefix}leadstream:deployment", "retention") or 0)
    return {
        account: _account(client, f"{prefix}leadstream:{{{account}}}:{generation}:", retention)
        for account in accounts
    }


def offsets(client: Any, prefix: str) -> dict[str, dict[str, int]]:
    """By account the offset of each partition, and under `progress` what is said of the deployment."""
    generation = current_generation(client, prefix)
    found = {
        account.decode(): {
            name.decode(): int(value)
            for name, value in client.hgetall(
                f"{prefix}leadstream:{{{account.decode()}}}:{generation}:offsets"
            ).items()
            if name != b"feed"
        }
        for account in client.smembers(f"{prefix}leadstream:accounts:{generation}")
    }
    progress = client.hgetall(f"{prefix}leadstream:progress:{generation}")
    progress.pop(ACCOUNTS.encode(), None)
    return {**found, "progress": {name.decode(): json.loads(value)["position"] for name, value in progress.items()}}


def foreign_keys(client: Any, prefix: str) -> list[str]:
    """The keys of no account's current generation that are not the deployment's either."""
    generation = current_generation(client, prefix)
    names = ("deployment", "generations", f"accounts:{generation}", f"progress:{generation}")
    accounts = [each.decode() for each in client.smembers(f"{prefix}leadstream:accounts:{generation}")]
    bases = tuple(f"{prefix}leadstream:{{{account}}}:{generation}:" for account in accounts)
    keys = [each.decode() for each in client.scan_iter(match=f"{prefix}leadstream:*", count=1_000)]
    own = {f"{prefix}leadstream:{name}" for name in names}
    return sorted(key for key in keys if key not in own and not key.startswith(bases))


def all_text(client: Any) -> str:
    """Every key and every value on the server, as one text."""
    parts = []
    for key in client.scan_iter(count=1_000):
        kind = client.type(key)
        command = _READ_ALL[kind.decode()]
        parts.append(f"{key!r} {client.execute_command(command[0], key, *command[1:])!r}")
    return "\n".join(parts)


def _account(client: Any, base: str, retention: int) -> Any:
    model: dict[str, Any] = {
        "contacts": {},
        "members": {},
        "leads": defaultdict(dict),
        "statuses": {},
        "points": {},
        "funnels": {},
        "revenue": {},
        "flow": {},
        "timelines": {},
        "changes": [],
        "subjects": {},
        "newest": {},
        "erased": {},
        "names": {"segments": [], "campaigns": []},
        "unknown": [],
    }
    memberships: defaultdict[str, dict[str, int]] = defaultdict(dict)
    for key in client.scan_iter(match=f"{base}*", count=1_000):
        kind, _, rest = key.decode().removeprefix(base).partition(":")
        if kind == "contact":
            _add_contact(model, memberships, rest, client.hgetall(key))
        elif kind == "timeline":
            entries = client.zrange(key, 0, -1, withscores=True)
            model["timelines"][rest] = sorted(entry.decode().split(" ", 3)[3] for entry, _ in entries)
            # It expires when its newest change does.
            model["newest"][rest] = client.pexpiretime(key) - retention
        elif kind in ("members", "points"):
            cast = int if kind == "members" else float
            model[kind][rest] = {
                contact.decode(): cast(score) for contact, score in client.zrange(key, 0, -1, withscores=True)
            }
        elif kind == "leads":
            rows = client.zrange(key, 0, -1, withscores=True)
            model["statuses"][rest] = {contact.decode(): int(score) for contact, score in rows}
        elif kind == "funnel":
            counts = {name.decode(): int(count) for name, count in client.hgetall(key).items() if int(count)}
            model["funnels"] |= {rest: counts} if counts else {}
        elif kind == "flow":
            model["flow"][rest] = {name.decode(): int(count) for name, count in client.hgetall(key).items()}
        elif kind == "revenue":
            model["revenue"][rest] = {name.decode(): row.decode() for name, row in client.hgetall(key).items()}
        elif kind == "changes":
            texts = sorted(fields[b"json"].decode() for _, fields in client.xrange(key))
            if rest:
                model["subjects"] |= {rest: texts} if texts else {}
            else:
                model["changes"] = texts
        elif kind == "erased":
            model["erased"] = {
                each.decode(): int(written) for each, written in client.zrange(key, 0, -1, withscores=True)
            }
        elif kind in ("segments", "campaigns"):
            model["names"][kind] = sorted(each.decode() for each in client.smembers(key))
        elif kind not in ("contacts", "offsets"):
            model["unknown"].append(key.decode())
    index = [each.decode() for each in client.zrange(f"{base}contacts", 0, -1)]
    model["leads"] = dict(model["leads"])
    # What a contact says of itself is what the segment and the index say; not so while it is being written.
    model["is_consistent"] = memberships == model["members"] and sorted(model["contacts"]) == sorted(index)
    return model


def _add_contact(model: Any, memberships: Any, contact: str, fields: dict[bytes, bytes]) -> None:
    for name, value in fields.items():
        kind, _, subject = name.decode().partition(":")
        if kind == "row":
            model["contacts"][contact] = value.decode()
        elif kind == "m":
            memberships[subject][contact] = int(value)
        elif kind == "l":
            model["leads"][subject][contact] = value.decode()

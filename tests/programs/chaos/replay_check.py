"""`leadstream replay --journal` beside what the workers wrote: the same records, and the same state in the end; and
`leadstream verify`, which asks the whole history.
"""

from __future__ import annotations

from collections import defaultdict

import msgspec

from schemas.topics import LEADS, SEGMENT_MEMBERS
from streams.settings import Settings
from tests.harness.cli import leadstream
from tests.harness.runtime.oracle import Evidence, Verdict, timeless

Told = dict[tuple[str, str], list[bytes]]
"""Topic without prefix and key -> the values in their order."""

_GONE = b"null"


class _Line(msgspec.Struct):
    topic: str
    key: str
    value: msgspec.Raw


class _Row(msgspec.Struct):
    """A membership or a lead, in a table or as `--state` tells it."""

    contact: str
    segment: str = ""
    campaign: str = ""
    status: str = ""


def compare_with_replay(settings: Settings, evidence: Evidence, verdict: Verdict) -> None:
    """Runs the commands for the records and for the state, and blames every difference."""
    environment = {"LEADSTREAM_BOOTSTRAP": settings.bootstrap, "LEADSTREAM_PREFIX": settings.prefix}
    records = leadstream("replay", "--journal", "--records", env=environment)
    state = leadstream("replay", "--journal", "--state", env=environment)
    if records.returncode or state.returncode:
        verdict.blame("replay --journal fails", records.stderr + state.stderr)
        return
    written = written_by_workers(evidence)
    compare_records(replayed(records.stdout), written, verdict)
    compare_state(state.stdout, written, verdict)
    verified = leadstream("verify", env=environment)
    if verified.returncode:
        verdict.blame("verify finds differences", verified.stdout + verified.stderr)


def replayed(lines: str) -> Told:
    """What the command wrote."""
    told: Told = defaultdict(list)
    for line in map(msgspec.json.Decoder(_Line).decode, lines.splitlines()):
        told[line.topic, line.key].append(bytes(line.value))
    return told


def written_by_workers(evidence: Evidence) -> Told:
    """What stands in the out-topics."""
    told: Told = defaultdict(list)
    for topic, partitions in evidence.outputs.items():
        for partition in partitions.values():
            for record in partition:
                told[topic, record.key.decode()].append(timeless(record.value) or _GONE)
    return told


def compare_records(expected: Told, written: Told, verdict: Verdict) -> None:
    """Byte for byte, in order per key."""
    for key in expected.keys() | written.keys():
        verdict.counts["records of replay --journal"] += len(expected.get(key, []))
        if expected.get(key) != written.get(key):
            verdict.blame("replay --journal differs", (key, expected.get(key), written.get(key)))


def compare_state(lines: str, written: Told, verdict: Verdict) -> None:
    """The last rows of both tables are the memberships and leads in the end."""
    rows = set(map(_named, map(msgspec.json.Decoder(_Row).decode, lines.splitlines())))
    tables = [values[-1] for (topic, _), values in written.items() if topic in (SEGMENT_MEMBERS.name, LEADS.name)]
    last = {_named(msgspec.json.decode(value, type=_Row)) for value in tables if value != _GONE}
    verdict.counts["memberships and leads in the end"] = len(rows)
    if rows != last:
        verdict.blame("replay --journal --state differs", sorted(rows ^ last), len(rows ^ last))


def _named(row: _Row) -> tuple[str, str, str, str]:
    return row.contact, row.segment, row.campaign, row.status

"""Compares the outputs and the final state with `leadstream replay --journal`, and runs `leadstream verify`."""

from __future__ import annotations

from collections import defaultdict

import msgspec

from schemas.topics import LEADS, SEGMENT_MEMBERS
from streams.settings import Settings
from tests.harness.cli import leadstream
from tests.harness.runtime.oracle import Evidence, OracleVerdict, without_emitted_at

ValuesByTopicKey = dict[tuple[str, str], list[bytes]]
"""Topic without prefix and key -> the values in order."""

_TOMBSTONE = b"null"


class _Line(msgspec.Struct):
    topic: str
    key: str
    value: msgspec.Raw


class _Row(msgspec.Struct):
    """A membership or a lead, from a table or from `--state`."""

    contact: str
    segment: str = ""
    campaign: str = ""
    status: str = ""


def compare_with_replay(settings: Settings, evidence: Evidence, verdict: OracleVerdict) -> None:
    """Runs the commands for the records and for the state, and adds every difference to the verdict."""
    environment = {"LEADSTREAM_BOOTSTRAP": settings.bootstrap, "LEADSTREAM_PREFIX": settings.prefix}
    records = leadstream("replay", "--journal", "--records", env=environment)
    state = leadstream("replay", "--journal", "--state", env=environment)
    if records.returncode or state.returncode:
        verdict.add_error("replay --journal fails", records.stderr + state.stderr)
        return
    outputs = worker_outputs(evidence)
    compare_records(parse_records(records.stdout), outputs, verdict)
    compare_state(state.stdout, outputs, verdict)
    verification = leadstream("verify", env=environment)
    if verification.returncode:
        verdict.add_error("verify finds differences", verification.stdout + verification.stderr)


def parse_records(lines: str) -> ValuesByTopicKey:
    """Parses the output of the command."""
    values: ValuesByTopicKey = defaultdict(list)
    for line in map(msgspec.json.Decoder(_Line).decode, lines.splitlines()):
        values[line.topic, line.key].append(bytes(line.value))
    return values


def worker_outputs(evidence: Evidence) -> ValuesByTopicKey:
    """Returns the records of the out-topics."""
    values: ValuesByTopicKey = defaultdict(list)
    for topic, partitions in evidence.outputs.items():
        for partition in partitions.values():
            for record in partition:
                values[topic, record.key.decode()].append(without_emitted_at(record.value) or _TOMBSTONE)
    return values


def compare_records(expected: ValuesByTopicKey, actual: ValuesByTopicKey, verdict: OracleVerdict) -> None:
    """Compares the records byte for byte, in order per key."""
    for key in expected.keys() | actual.keys():
        verdict.counts["records of replay --journal"] += len(expected.get(key, []))
        if expected.get(key) != actual.get(key):
            verdict.add_error("replay --journal differs", (key, expected.get(key), actual.get(key)))


def compare_state(lines: str, actual: ValuesByTopicKey, verdict: OracleVerdict) -> None:
    """Compares the final memberships and leads with the last rows of both tables."""
    rows = set(map(_row_key, map(msgspec.json.Decoder(_Row).decode, lines.splitlines())))
    tables = [values[-1] for (topic, _), values in actual.items() if topic in (SEGMENT_MEMBERS.name, LEADS.name)]
    last = {_row_key(msgspec.json.decode(value, type=_Row)) for value in tables if value != _TOMBSTONE}
    verdict.counts["memberships and leads in the end"] = len(rows)
    if rows != last:
        verdict.add_error("replay --journal --state differs", sorted(rows ^ last), len(rows ^ last))


def _row_key(row: _Row) -> tuple[str, str, str, str]:
    return row.contact, row.segment, row.campaign, row.status

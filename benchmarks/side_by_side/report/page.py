"""The page docs/performance.md: ratios first, then the figures behind them, then what was done."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from benchmarks.side_by_side.report.chart import LineChart
from benchmarks.side_by_side.report.figures import (
    OWN,
    CellFigures,
    decimal,
    peers_of,
    read_cells,
    table,
    times,
)

FOLDER = "performance"
"""The plots' folder beside the page."""
NAMES_OF_CHANGES = {
    "none": "Events that change no membership",
    "few": "Events that change one or two memberships at most",
    "many": "Broad segments: the more there are, the more memberships an event changes",
}

METHOD = Path(__file__).with_name("method.md")
"""What was done, the last part of the page."""


class PerformancePage:
    """The page and its plots, from a file of figures."""

    def __init__(self, document: Mapping[str, Any]) -> None:
        self._document = document
        self._throughput = read_cells(document.get("throughput", ()))
        self._memory = read_cells(document.get("memory", ()))

    def markdown(self) -> str:
        """Returns the text of the page."""
        parts = ["# Performance", self._machine()]
        parts.extend(self._throughput_parts())
        parts.extend(self._latency_parts())
        parts.extend(self._memory_parts())
        parts.extend(self._recovery_parts())
        return "\n\n".join([*parts, METHOD.read_text()])

    def charts(self) -> dict[str, str]:
        """Returns the plots: name of the file -> SVG."""
        charts = {}
        for changes, cells in self._by_changes():
            if len({cell.segments for cell in cells}) > 1:
                charts[f"cpu-{changes}.svg"] = self._cpu_chart(changes, cells).svg()
        if len(self._memory) > 1:
            charts["memory.svg"] = self._memory_chart().svg()
        return charts

    def _machine(self) -> str:
        machine = dict(self._document["machine"])
        head = f"{machine.pop('cores')} cores of {machine.pop('processor')}, {machine.pop('memory_gb')} GB"
        day, system = machine.pop("day"), machine.pop("system")
        versions = ", ".join(f"{name} {version}" for name, version in machine.items())
        return (
            f"Measured on {day}: {head}, {system}. Broker, programs, producer and reader share the cores.\n"
            f"{versions}.\n"
            "Times depend on the machine; read the ratios first."
        )

    def _by_changes(self) -> Iterator[tuple[str, list[CellFigures]]]:
        for changes in NAMES_OF_CHANGES:
            cells = [cell for cell in self._throughput if cell.changes == changes]
            if cells:
                yield changes, sorted(cells, key=lambda cell: (cell.contacts, cell.segments))

    def _throughput_parts(self) -> Iterator[str]:
        if self._throughput:
            yield "## CPU time: how many times ours"
            yield f"CPU time for an event, divided by that of {OWN}, whole path, exactly once. Above 1 is slower."
        for changes, cells in self._by_changes():
            yield f"### {NAMES_OF_CHANGES[changes]}"
            yield table(
                ["", *map(_cell_title, cells)],
                [[peer, *(times(cell.ratio(peer)) for cell in cells)] for peer in peers_of(cells)],
            )
            if len({cell.segments for cell in cells}) > 1:
                yield f"![CPU time for an event by number of segments]({FOLDER}/cpu-{changes}.svg)"
        if self._throughput:
            yield "## Throughput"
        for changes, cells in self._by_changes():
            for cell in cells:
                yield f"### {NAMES_OF_CHANGES[changes]}: {_cell_title(cell)}, {cell.events:,} events"
                yield self._throughput_table(cell)
                if problem := _problem(cell):
                    yield problem

    def _throughput_table(self, cell: CellFigures) -> str:
        header = [
            *("", "us CPU an event", "first half", "second half", "events per CPU second", "events per second"),
            *("broker us an event", "peak MB"),
        ]
        rows = []
        for peer in sorted(cell.peers(), key=lambda name: cell.median_of(name, "cpu_us") or 0.0):
            cpu, wall = cell.median_of(peer, "cpu_us"), cell.median_of(peer, "wall_us")
            rows.append(
                [
                    peer,
                    decimal(cpu, 1),
                    decimal(cell.median_of(peer, "early_cpu_us"), 1),
                    decimal(cell.median_of(peer, "late_cpu_us"), 1),
                    decimal(1e6 / cpu if cpu else None),
                    decimal(1e6 / wall if wall else None),
                    decimal(cell.median_of(peer, "broker_us"), 1),
                    decimal(cell.median_of(peer, "memory_mb") or None),
                ]
            )
        return table(header, rows)

    def _latency_parts(self) -> Iterator[str]:
        results = self._document.get("latency", ())
        if not results:
            return
        yield "## Latency"
        phases = list(dict.fromkeys(phase for result in results for phase in result["phases"]))
        header = [""]
        for phase in phases:
            name = phase if phase == "silence" else f"{int(phase):,}/s"
            header += [f"{name}: p50 ms", "p99 ms"]
        rows = []
        for result in results:
            row = [result["peer"]]
            for phase in phases:
                stats = result["phases"].get(phase, {})
                row += [decimal(stats.get("p50")), decimal(stats.get("p99"))]
            rows.append([*row, decimal(result["cores"], 2), decimal(result["lost"])])
        yield table([*header, "cores", "lost"], rows)

    def _memory_parts(self) -> Iterator[str]:
        cells = sorted(self._memory, key=lambda cell: cell.contacts)
        if not cells:
            return
        yield "## Memory"
        yield "Peak resident MB (anonymous MB at the end), by contacts."
        rows = []
        for peer in peers_of(cells):
            row = [peer]
            for cell in cells:
                peak, anonymous = cell.median_of(peer, "memory_mb"), cell.median_of(peer, "anonymous_mb")
                row.append(f"{decimal(peak)} ({decimal(anonymous)})" if peak else "")
            rows.append(row)
        yield table(["", *(f"{cell.contacts:,}" for cell in cells)], rows)
        if len(cells) > 1:
            yield f"![Peak memory by contacts]({FOLDER}/memory.svg)"

    def _recovery_parts(self) -> Iterator[str]:
        results = self._document.get("recovery", ())
        if not results:
            return
        yield "## Recovery"
        yield table(
            ["", "contacts", "warm s", "warm CPU s", "cold s", "cold CPU s"],
            [
                [
                    result["peer"],
                    decimal(result["contacts"]),
                    *(decimal(result[name], 1) for name in ("warm_seconds", "warm_cpu", "cold_seconds", "cold_cpu")),
                ]
                for result in results
            ],
        )

    def _cpu_chart(self, changes: str, cells: Sequence[CellFigures]) -> LineChart:
        contacts = max(cell.contacts for cell in cells)
        chosen = [cell for cell in cells if cell.contacts == contacts]
        lines = {
            peer: [(cell.segments, cpu) for cell in chosen if (cpu := cell.median_of(peer, "cpu_us"))]
            for peer in peers_of(chosen)
        }
        return LineChart(NAMES_OF_CHANGES[changes], "segments", "us CPU an event", lines, OWN)

    def _memory_chart(self) -> LineChart:
        cells = sorted(self._memory, key=lambda cell: cell.contacts)
        lines = {
            peer: [(cell.contacts, peak) for cell in cells if (peak := cell.median_of(peer, "memory_mb"))]
            for peer in peers_of(cells)
        }
        return LineChart("Peak memory", "contacts", "MB", lines, OWN)


def _cell_title(cell: CellFigures) -> str:
    return f"{cell.segments:,} segments, {cell.contacts:,} contacts"


def _problem(cell: CellFigures) -> str:
    problems = [f"**different memberships: {peer}**" for peer in cell.different]
    return "; ".join([*problems, *(f"failed: {failure}" for failure in cell.failures)])

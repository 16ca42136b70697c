"""The figures of a file that the benchmark wrote, as tables and charts need them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Any

OWN = "leadstream"


@dataclass(frozen=True)
class CellFigures:
    """One cell of throughput or memory."""

    segments: int
    contacts: int
    events: int
    changes: str
    different: Sequence[str]
    failures: Sequence[str]
    runs: Sequence[Mapping[str, Any]]

    def peers(self) -> list[str]:
        """Returns the names of those that ran."""
        return list(dict.fromkeys(run["peer"] for run in self.runs))

    def median_of(self, peer: str, figure: str) -> float | None:
        """Returns the median of a figure over the rounds; None where the peer did not run."""
        values = [run[figure] for run in self.runs if run["peer"] == peer]
        return float(median(values)) if values else None

    def ratio(self, peer: str, figure: str = "cpu_us") -> float | None:
        """Returns how many times ours a peer's figure is."""
        value, own = self.median_of(peer, figure), self.median_of(OWN, figure)
        return value / own if value is not None and own else None


def read_cells(documents: Iterable[Mapping[str, Any]]) -> list[CellFigures]:
    """Returns the cells of a part."""
    return [CellFigures(**document) for document in documents]


def peers_of(cells: Iterable[CellFigures]) -> list[str]:
    """Returns all that took part, ours first, then by name."""
    names = {peer for cell in cells for peer in cell.peers()}
    return sorted(names, key=lambda name: (name != OWN, name))


def table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Returns a Markdown table; numbers are right-aligned, so all columns but the first."""
    ruler = ["---", *["--:" for _ in header[1:]]]
    return "\n".join("| " + " | ".join(row) + " |" for row in (header, ruler, *rows))


def decimal(value: float | None, digits: int = 0) -> str:
    """Returns a number as text; nothing for None."""
    return "" if value is None else f"{value:,.{digits}f}"


def times(value: float | None) -> str:
    """Returns a ratio as text with two or three figures; nothing for None."""
    return "" if value is None else f"{value:.0f}" if value >= 100 else f"{value:.3g}"

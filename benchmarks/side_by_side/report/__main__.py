"""Writes the page and its plots: `uv run python -m benchmarks.side_by_side.report FIGURES [--docs FOLDER]`."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import msgspec

from benchmarks.side_by_side.report.page import FOLDER, PerformancePage


def main() -> int:
    """Returns 0."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.side_by_side.report", description=__doc__)
    parser.add_argument("figures", type=Path, help="the file that the benchmark wrote with --out")
    parser.add_argument("--docs", type=Path, default=Path("docs"))
    options = parser.parse_args()
    page = PerformancePage(msgspec.json.decode(options.figures.read_bytes()))
    (options.docs / "performance.md").write_text(page.markdown())
    for name, svg in page.charts().items():
        path = options.docs / FOLDER / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(svg)
    return 0


if __name__ == "__main__":
    sys.exit(main())

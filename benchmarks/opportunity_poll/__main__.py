"""`python -m benchmarks.opportunity_poll`: the command line."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

from benchmarks.opportunity_poll.measure import measure


def main() -> int:
    """Measures a quiet and a busy org; ends with 1 when not exactly ours came back."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--opportunities", type=int, default=200_000)
    parser.add_argument("--ours", type=int, default=500)
    parser.add_argument("--edits", type=int, default=5_000, help="unrelated changes of the last minutes, busy org")
    parser.add_argument("--out", type=Path)
    options = parser.parse_args()
    figures = [measure(options.opportunities, options.ours, edits) for edits in (0, options.edits)]
    text = json.dumps([each.to_dict() for each in figures], indent=2)
    print(text)  # noqa: T201 - its result
    if options.out:
        options.out.write_text(text + "\n")
    return 0 if all(each.events == options.ours for each in figures) else 1


if __name__ == "__main__":
    sys.exit(main())

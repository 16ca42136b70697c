"""Breaks the rules on the list, one at a time: `uv run python -m tests.programs.mutations --help`."""

from __future__ import annotations

import argparse
import sys
import time
from collections import Counter

from tests.programs.mutations.catalogue import NumberedMutation, numbered_mutations
from tests.programs.mutations.run import BaselineFails, MutationResult, MutationRun, MutationStatus
from tests.programs.mutations.table import markdown_table


def main() -> int:
    """Returns exit code 0 when every mutation is killed; 1 when one is not, or when the tests fail without any."""
    options = parse_arguments()
    selection = select_mutations(options.only)
    if options.list:
        sys.stdout.write(markdown_table(selection))
        return 0
    start = time.monotonic()
    try:
        verdicts = run(selection, MutationRun(options.jobs, options.bound))
    except BaselineFails as error:
        sys.stderr.write(f"{error}\nthe expected tests fail although no rule is broken\n")
        return 1
    sys.stdout.write(summary_text(verdicts, time.monotonic() - start))
    return int(any(verdict.status is not MutationStatus.KILLED for verdict in verdicts))


def parse_arguments() -> argparse.Namespace:
    """Parses the command line."""
    parser = argparse.ArgumentParser(prog="python -m tests.programs.mutations", description=__doc__)
    parser.add_argument("--list", action="store_true", help="print the list and break nothing")
    parser.add_argument("--only", type=parse_numbers, help="some of them by number, such as 3 or 3,14,15")
    parser.add_argument("--jobs", type=int, default=2, help="how many at a time")
    parser.add_argument("--bound", type=float, default=60.0, help="the most seconds that one may take")
    return parser.parse_args()


def parse_numbers(text: str) -> set[int]:
    """Parses numbers separated by commas."""
    return {int(number) for number in text.split(",")}


def select_mutations(only: set[int] | None) -> list[NumberedMutation]:
    """Returns the mutations with these numbers, or all. Raises SystemExit for an unknown number."""
    by_number = dict(numbered_mutations())
    unknown = (only or set()) - by_number.keys()
    if unknown:
        raise SystemExit(f"there are mutations 1 to {len(by_number)}, and none with {sorted(unknown)}")
    return [(number, mutation) for number, mutation in by_number.items() if only is None or number in only]


def run(selection: list[NumberedMutation], mutation_run: MutationRun) -> list[MutationResult]:
    """Prints each result as it arrives, and returns all. Raises BaselineFails."""
    number_of = {mutation.id: number for number, mutation in selection}
    verdicts: list[MutationResult] = []
    for verdict in mutation_run.results([mutation for _, mutation in selection]):
        verdicts.append(verdict)
        number = number_of[verdict.mutation.id]
        sys.stdout.write(f"{number:3d} {verdict.status:<14} {verdict.mutation.id}: {verdict.detail}\n")
        sys.stdout.flush()
    return verdicts


def summary_text(verdicts: list[MutationResult], seconds: float) -> str:
    """Returns a line with the number of mutations of each status."""
    counts = Counter(verdict.status for verdict in verdicts)
    counts_text = ", ".join(f"{counts[status]} {status}" for status in MutationStatus if counts[status])
    return f"{len(verdicts)} mutations: {counts_text}; {seconds:.0f} s\n"


if __name__ == "__main__":
    sys.exit(main())

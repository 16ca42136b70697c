"""Breaks every rule on the list, one at a time: `uv run python -m tests.programs.mutations --help`."""

from __future__ import annotations

import argparse
import sys
import time
from collections import Counter

from tests.programs.mutations.catalogue import NumberedMutation, numbered_mutations
from tests.programs.mutations.run import BaselineFails, MutationResult, MutationRun, MutationStatus
from tests.programs.mutations.table import markdown_table


def main() -> int:
    """Exit code 0 when every mutation is killed; 1 when one is not, or when the tests fail without any."""
    given = parse_arguments()
    wanted = select_mutations(given.only)
    if given.list:
        sys.stdout.write(markdown_table(wanted))
        return 0
    began = time.monotonic()
    try:
        verdicts = run(wanted, MutationRun(given.jobs, given.bound))
    except BaselineFails as failed:
        sys.stderr.write(f"{failed}\nthe expected tests fail although no rule is broken\n")
        return 1
    sys.stdout.write(summary_text(verdicts, time.monotonic() - began))
    return int(any(verdict.status is not MutationStatus.KILLED for verdict in verdicts))


def parse_arguments() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m tests.programs.mutations", description=__doc__)
    parser.add_argument("--list", action="store_true", help="print the list and break nothing")
    parser.add_argument("--only", type=parse_numbers, help="some of them by number, such as 3 or 3,14,15")
    parser.add_argument("--jobs", type=int, default=2, help="how many at a time")
    parser.add_argument("--bound", type=float, default=60.0, help="the most seconds that one may take")
    return parser.parse_args()


def parse_numbers(text: str) -> set[int]:
    """The numbers that stand between commas."""
    return {int(number) for number in text.split(",")}


def select_mutations(only: set[int] | None) -> list[NumberedMutation]:
    """All of them, or those asked for; ends the program for a number that there is not."""
    known = dict(numbered_mutations())
    unknown = (only or set()) - known.keys()
    if unknown:
        raise SystemExit(f"there are mutations 1 to {len(known)}, and none with {sorted(unknown)}")
    return [(number, mutation) for number, mutation in known.items() if only is None or number in only]


def run(wanted: list[NumberedMutation], mutation_run: MutationRun) -> list[MutationResult]:
    """Prints each verdict as it comes. Raises BaselineFails."""
    number_of = {mutation.id: number for number, mutation in wanted}
    verdicts: list[MutationResult] = []
    for verdict in mutation_run.results([mutation for _, mutation in wanted]):
        verdicts.append(verdict)
        number = number_of[verdict.mutation.id]
        sys.stdout.write(f"{number:3d} {verdict.status:<14} {verdict.mutation.id}: {verdict.detail}\n")
        sys.stdout.flush()
    return verdicts


def summary_text(verdicts: list[MutationResult], seconds: float) -> str:
    """How many had which fate."""
    fates = Counter(verdict.status for verdict in verdicts)
    told = ", ".join(f"{fates[fate]} {fate}" for fate in MutationStatus if fates[fate])
    return f"{len(verdicts)} mutations: {told}; {seconds:.0f} s\n"


if __name__ == "__main__":
    sys.exit(main())

"""The examples of the page on sizing are what its formulas say."""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil

import pytest

from tests.harness.docs.guide import tables
from tests.harness.project_files import PROJECT_ROOT

TEXT = (PROJECT_ROOT / "docs" / "sizing.md").read_text()
HEADER = (
    "| contacts | events a second | segments | slots | workers | brokers | contacts in memory: of all workers"
    " | or on local disk | journal in all | all topics |"
)
ROWS = tables(TEXT, HEADER)
DAY = 86_400
REPLICAS, JOURNAL_DAYS, IN_DAYS, CHANGE_DAYS = 3, 90, 30, 7
BROKER_CORES, BROKER_BYTES = 4, 16e12
MOST_CONTACTS_OF_A_WORKER = 6.5e6


@dataclass(frozen=True)
class SizingExample:
    """A row; sizes in bytes."""

    contacts: int
    rate: int
    segments: int
    slots: int
    workers: int

    @property
    def journal(self) -> float:
        return self.rate * 285 * DAY * JOURNAL_DAYS * REPLICAS

    @property
    def topics(self) -> float:
        others = self.rate * DAY * (200 * IN_DAYS + 150 * CHANGE_DAYS) + self.contacts * 1_000
        return self.journal + others * REPLICAS

    @property
    def brokers(self) -> int:
        processors = self.rate * 11e-6 * REPLICAS / (0.5 * BROKER_CORES)
        return max(3, ceil(processors), ceil(self.topics / (0.7 * BROKER_BYTES)))

    @property
    def least_workers(self) -> int:
        """For the events, for the contacts, and for the case that one fails."""
        cost = 60e-6 * (2 if self.segments > 100 else 1)
        return max(2, ceil(self.rate * cost / 0.5), ceil(self.contacts / MOST_CONTACTS_OF_A_WORKER))

    @property
    def memory(self) -> float:
        return self.workers * 150e6 + self.contacts * 1_400 + self.slots * 37e6


def number(cell: str) -> float:
    """What a cell begins with."""
    return float(cell.split(maxsplit=1)[0].rstrip(",").replace(",", ""))


def example(row: list[str]) -> SizingExample:
    return SizingExample(*(int(number(cell)) for cell in row[:5]))


def assert_rounded(cell: str, value: float) -> None:
    """A cell says a value with the digits that it has."""
    digits = cell.split(maxsplit=1)[0]
    assert f"{value:.{len(digits.partition('.')[2])}f}" == digits


def test_there_are_examples_of_few_and_many_segments() -> None:
    assert {example(row).segments for row in ROWS} == {100, 10_000}
    assert len(ROWS) == 7


@pytest.mark.parametrize("row", ROWS, ids=lambda row: " ".join(row[:3]))
def test_an_example_is_what_the_formulas_say(row: list[str]) -> None:
    given = example(row)
    assert number(row[5]) == given.brokers
    assert given.workers >= given.least_workers
    assert given.workers * 4 <= given.slots or given.workers == 2
    assert given.contacts / given.slots <= 2e6
    assert_rounded(row[6], given.memory / 1e9)
    if row[7]:
        assert_rounded(row[7], given.contacts * 1_400 / 1e9)
    assert_rounded(row[8], given.journal / 1e12)
    assert_rounded(row[9], given.topics / 1e12)

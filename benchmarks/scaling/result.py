"""The figures of the scaling benchmark."""

from __future__ import annotations

import os
from collections import Counter
from dataclasses import dataclass, field
from statistics import median

from benchmarks.scaling.backlog import BacklogRun
from benchmarks.scaling.join import JoinResult


@dataclass
class ScalingResult:
    """The runs over a backlog, and the joins where they were measured."""

    processor: str
    cores: int = field(default_factory=lambda: os.cpu_count() or 1)
    backlog: list[BacklogRun] = field(default_factory=list)
    join: JoinResult | None = None

    def wrong(self) -> dict[str, int]:
        """Returns what was not exact."""
        wrong: Counter[str] = Counter()
        for run in self.backlog:
            wrong.update(run.wrong)
        if self.join is not None:
            wrong.update(self.join.wrong)
        return dict(+wrong)

    @property
    def exact(self) -> bool:
        """Whether memberships are right and every change came once."""
        return not self.wrong()

    def __str__(self) -> str:
        lines = [f"{self.processor}, {self.cores} cores for the broker, all workers and the measurement"]
        if self.backlog:
            lines += ["backlog, medians:", *self._backlog_lines()]
        if self.join is not None:
            lines.append(str(self.join))
        wrong = self.wrong()
        return "\n".join([*lines, f"WRONG: {wrong}" if wrong else "EXACT"])

    def _backlog_lines(self) -> list[str]:
        """Returns a line for each number of workers, with ratios to the first one."""
        first = self._runs(self.backlog[0].workers)
        return [_line(self._runs(workers), first) for workers in dict.fromkeys(run.workers for run in self.backlog)]

    def _runs(self, workers: int) -> list[BacklogRun]:
        return [run for run in self.backlog if run.workers == workers]


def _line(runs: list[BacklogRun], first: list[BacklogRun]) -> str:
    workers, rate, cpu = runs[0].workers, _median(runs, "events_per_second"), _median(runs, "cpu_us")
    rate_ratio, cpu_ratio = rate / _median(first, "events_per_second"), cpu / _median(first, "cpu_us")
    return (
        f"  {workers} workers: {rate:,.0f} events a second (x {rate_ratio:.2f}), {rate / workers:,.0f} each;"
        f" {cpu:.1f} us CPU of the workers an event (x {cpu_ratio:.2f}),"
        f" {_median(runs, 'all_cpu_us'):.1f} us with the broker; {_median(runs, 'busy_cores'):.2f} cores busy"
    )


def _median(runs: list[BacklogRun], figure: str) -> float:
    return float(median(getattr(run, figure) for run in runs))

"""The state of a worker: what its parent knows of its processes and what each of them reports."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import msgspec
import structlog

from schemas.values import instant_text
from streams.clock import now_ms
from streams.metrics import report as reports
from streams.metrics.report import ProcessReport
from streams.runtime.process.supervisor import ChildState

log = structlog.get_logger()

ANSWER_SECONDS = 4.0
"""How long a process may take to answer. Kubernetes asks with a timeout of its own, which has to be longer."""

START_SECONDS = 120.0
"""How long a process may take from its start to its first answer."""


@dataclass(frozen=True, slots=True)
class ProcessState:
    """One process of the worker; `report` is None where it gave none, `hangs` say why it counts as not alive, and
    `report_problem` what is wrong with a report.
    """

    role: str
    pid: int
    started_at: int
    failures: dict[int, int]
    report: ProcessReport | None
    hangs: tuple[str, ...] = ()
    report_problem: str = ""

    @property
    def is_up(self) -> bool:
        """Whether it answers."""
        return self.report is not None

    @property
    def is_ready(self) -> bool:
        """Whether it does its work."""
        return self.report is not None and self.report.ready_since is not None

    def to_dict(self) -> dict[str, Any]:
        """The process as JSON values."""
        report = self.report
        return {
            "role": self.role,
            "pid": self.pid,
            "started": instant_text(self.started_at) if self.started_at else None,
            "answers": self.is_up,
            "ready": self.is_ready,
            "ready_since": instant_text(report.ready_since) if report and report.ready_since is not None else None,
            "slots": [
                {"slot": each.slot, "since": instant_text(each.since) if each.since else None}
                for each in (report.slots if report else ())
            ],
            "ended_by_itself": {str(code): count for code, count in sorted(self.failures.items()) if count},
            "problems": [*self.hangs, *filter(None, [self.report_problem]), *(report.problems if report else ())],
        }


@dataclass(frozen=True, slots=True)
class WorkerState:
    """The worker `name`. It is alive while every process is, and ready while every process is."""

    name: str
    processes: Sequence[ProcessState]

    @property
    def is_alive(self) -> bool:
        """Whether nothing hangs. A process that ended and will be started again is no reason to end the others."""
        return not any(each.hangs for each in self.processes)

    @property
    def is_ready(self) -> bool:
        """Whether every process does its work."""
        return all(each.is_ready for each in self.processes)


async def read_worker(name: str, children: Sequence[ChildState]) -> WorkerState:
    """Asks every process, all at once; takes ANSWER_SECONDS at most."""
    return WorkerState(name, await asyncio.gather(*map(_read_process, children)))


async def _read_process(child: ChildState) -> ProcessState:
    started_at, requests = child.started_at, child.requests
    answer = None if requests is None else await requests.ask(ANSWER_SECONDS)
    is_same = requests is not None and child.requests is requests
    if answer is not None and is_same:
        child.has_answered = True
    hangs: tuple[str, ...] = ()
    report = None if answer is None else _decode(answer, child)
    if report is not None:
        hangs = report.hangs
    elif answer is None and requests is not None and is_same and not requests.is_over and _must_answer(child):
        hangs = (f"the process does not answer within {ANSWER_SECONDS:.0f} s",)
    problem = child.report_problem
    return ProcessState(child.name, child.pid, started_at, dict(child.failures), report, hangs, problem)


def _must_answer(child: ChildState) -> bool:
    return child.has_answered or now_ms() - child.started_at > 1000 * START_SECONDS


def _decode(answer: bytes, child: ChildState) -> ProcessReport | None:
    """The report; None where the process could not make one, or is of another version than its parent."""
    problem, report = "the process could not make its report, see its log", None
    if answer:
        try:
            problem, report = "", reports.decode(answer)
        except msgspec.DecodeError as error:
            problem = f"the report of the process cannot be read ({error}): is it of another version than its parent?"
    if problem and problem != child.report_problem:
        log.warning("report not read", role=child.name, problem=problem)
    child.report_problem = problem
    return report

"""`leadstream backtest`: what other definitions would have done on the real history."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import IO, TYPE_CHECKING, Annotated

import typer

from streams.cli.console import progress_bar, stderr_console, write_json, write_line
from streams.cli.options import BootstrapOption, JsonOption, PrefixOption, parse_time_option, settings_from
from streams.definitions import load_definitions
from streams.errors import DataError, UsageError
from streams.kafka.deployment import require_deployment
from streams.store.releases import ReleaseRepository

if TYPE_CHECKING:
    from schemas.definitions import Definitions
    from streams.backtest.report import AccountBacktest
    from streams.engine.journal.effects import Output
    from streams.progress import ProgressCallback
    from streams.settings import Settings

NewDefinitionsOption = Annotated[
    list[Path], typer.Option("--definitions", help="What would have decided; may be repeated.")
]
BacktestSinceOption = Annotated[
    str | None, typer.Option("--since", metavar="TIME", help="As if they had been applied then; by default always.")
]
OutputsOption = Annotated[
    Path | None, typer.Option("--outputs", metavar="FILE", help="Write what would have come out, as `replay` does.")
]


def backtest(
    *,
    definitions: NewDefinitionsOption,
    since: BacktestSinceOption = None,
    outputs: OutputsOption = None,
    bootstrap: BootstrapOption = None,
    prefix: PrefixOption = None,
    as_json: JsonOption = False,
) -> None:
    """Tell what other definitions would have done on the real history, against what happened, and what it was worth.

    Scans the whole journal and decides it twice; nothing is written to the broker. Counted is what comes from --since
    on; what was before stays as it was.
    """
    instant = parse_time_option("--since", since)
    settings = settings_from(bootstrap=bootstrap, prefix=prefix)
    accounts = asyncio.run(_load(settings, definitions))
    stderr_console(as_json).print("scanning the whole journal, which is decided twice", markup=False)
    with progress_bar(quiet=as_json) as advance:
        results = _run(settings, accounts, instant, outputs, advance)
    if as_json:
        write_json([result.to_dict() for result in results])
        return
    for number, result in enumerate(results):
        if number:
            write_line("")
        for line in result.lines():
            write_line(line)


async def _load(settings: Settings, files: list[Path]) -> dict[str, Definitions]:
    """The definitions by account. Raises UsageError for an account without history: most likely it is mistyped."""
    deployment = await require_deployment(settings)
    log = await ReleaseRepository(settings, deployment.clock).read_log()
    accounts = load_definitions(files, log.engine_versions()).require()
    strangers = sorted(accounts.keys() - set(log.accounts()))
    if strangers:
        raise UsageError(
            f"account {strangers[0]!r} has no definitions in this deployment, so nothing to compare with"
        )
    return {name: account.content for name, account in accounts.items()}


def _run(
    settings: Settings,
    accounts: dict[str, Definitions],
    since: int | None,
    outputs: Path | None,
    on_progress: ProgressCallback,
) -> list[AccountBacktest]:
    from streams.backtest.backtest import backtest as run_backtest  # noqa: PLC0415 - the engine, once files are right

    if outputs is None:
        return asyncio.run(run_backtest(settings, accounts, since, on_progress))
    try:
        with outputs.open("wb") as file:
            return asyncio.run(run_backtest(settings, accounts, since, on_progress, _Writer(file).write))
    except OSError as error:
        raise DataError(f"{outputs}: {error.strerror or error}") from error


class _Writer:
    """Writes outputs that are events as JSON lines."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file

    def write(self, output: Output) -> None:
        """Writes an event; the rows of tables are passed over."""
        from streams.replay.file import EVENT_TOPICS  # noqa: PLC0415 - see `_run`

        if output.topic in EVENT_TOPICS and output.value is not None:
            self._file.write(output.value + b"\n")

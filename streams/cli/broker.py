"""`leadstream broker`: starts, stops and shows the local Kafka of this deployment."""

from __future__ import annotations

import re
import shlex
from pathlib import Path
from typing import Annotated

import typer

from connectors.kafka.broker import LocalBroker
from connectors.kafka.jars import KAFKA_VERSION
from connectors.kafka.running_brokers import running_brokers
from streams.cli.console import progress_bar, write_json, write_line, write_note
from streams.cli.options import BootstrapOption, DataDirOption, JsonOption, settings_from
from streams.errors import UsageError
from streams.settings import Settings

NOT_RUNNING = 3
"""Exit code of `broker status` when no broker runs; init scripts use the same."""

FOLDER_NAME = "kafka"
MAX_LISTED = 3

_LOOPBACK = re.compile(r"(?:127\.0\.0\.1|localhost):(\d+)")

BrokerPortOption = Annotated[
    int | None,
    typer.Option("--port", min=1, max=65535, help="Where it listens; by default where --bootstrap points."),
]
DiscardDataOption = Annotated[bool, typer.Option("--discard-data", help="Throw its data away.")]


def start(
    port: BrokerPortOption = None,
    discard_data: DiscardDataOption = False,
    bootstrap: BootstrapOption = None,
    data_dir: DataDirOption = None,
    as_json: JsonOption = False,
) -> None:
    """Start the local Kafka (fetched the first time) and return; its data is kept from run to run."""
    settings = settings_from(bootstrap=bootstrap, data_dir=data_dir)
    broker = LocalBroker(local_broker_folder(settings), port or _port(settings))
    if discard_data:
        broker.discard()
    with progress_bar(quiet=as_json) as advance:
        broker.start(advance)
    _show(broker, as_json)


def stop(discard_data: DiscardDataOption = False, data_dir: DataDirOption = None) -> None:
    """Stop the local Kafka; nothing happens when none runs."""
    settings = settings_from(data_dir=data_dir)
    broker = LocalBroker(local_broker_folder(settings))
    was_running = broker.pid is not None
    broker.stop()
    if discard_data:
        broker.discard()
    write_note("Kafka is stopped" if was_running else f"no local Kafka was running on {broker.folder}")
    if not was_running:
        _note_others(settings)


def status(data_dir: DataDirOption = None, as_json: JsonOption = False) -> None:
    """Show whether the local Kafka runs, and where; the exit code is 3 when it does not."""
    settings = settings_from(data_dir=data_dir)
    broker = LocalBroker(local_broker_folder(settings))
    _show(broker, as_json)
    if broker.pid is None:
        _note_others(settings)
        raise typer.Exit(NOT_RUNNING)


def local_broker_folder(settings: Settings) -> Path:
    """Returns the folder of this deployment's local broker."""
    return settings.data_dir / FOLDER_NAME


def _port(settings: Settings) -> int:
    """Returns the port of the bootstrap address. Raises UsageError when that is not on this machine."""
    match = _LOOPBACK.fullmatch(settings.bootstrap)
    if match is None:
        raise UsageError(
            f"the local Kafka listens on 127.0.0.1 only, and the bootstrap address is {settings.bootstrap};"
            " give --port"
        )
    return int(match[1])


def _note_others(settings: Settings) -> None:
    """Names brokers of other folders: the one at the bootstrap address, else the first of all."""
    brokers = running_brokers()
    at_address = [broker for broker in brokers if settings.bootstrap in _addresses(broker.port)]
    for broker in at_address or brokers[:MAX_LISTED]:
        how = f"; `leadstream broker stop --data-dir {shlex.quote(str(broker.folder.parent))}` stops it"
        write_note(
            f"one runs on {broker.folder} at 127.0.0.1:{broker.port} (process {broker.pid})"
            f"{how if broker.folder.name == FOLDER_NAME else ''}"
        )


def _addresses(port: int) -> tuple[str, str]:
    return f"127.0.0.1:{port}", f"localhost:{port}"


def _show(broker: LocalBroker, as_json: bool) -> None:
    pid = broker.pid
    address = broker.bootstrap if pid is not None else None
    if as_json:
        write_json(
            {"running": pid is not None, "kafka": KAFKA_VERSION, "bootstrap": address, "pid": pid}
            | {"folder": str(broker.folder)}
        )
    elif pid is None:
        write_line(f"no local Kafka runs on {broker.folder}")
    else:
        write_line(f"Kafka {KAFKA_VERSION} runs at {address} (process {pid}, folder {broker.folder})")

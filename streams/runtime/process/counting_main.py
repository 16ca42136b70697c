"""The process that counts pasts for a worker: `python -m streams.runtime.process.counting_main`.

It reads its settings from the environment, requests from standard input, and answers on standard output.
"""

from __future__ import annotations

import asyncio
import contextlib
import gc
import os
import signal
import sys
import threading
from pathlib import Path
from typing import NoReturn

import structlog
from aiokafka.errors import KafkaError

from streams.environment import load_settings
from streams.errors import Internal, LeadstreamError
from streams.runtime.backfill.counting_messages import LENGTH_BYTES, CountAnswer, CountRequest, decode_request, frame
from streams.runtime.backfill.past_counter import PastCounter
from streams.runtime.fatal import error_summary, exit_process
from streams.runtime.process import logs
from streams.settings import Settings

log = structlog.get_logger()

NICENESS = 10
"""The worker and the broker of this machine come first: they get nine times as much of a core that all want."""

OOM_SCORE = 500
"""Where memory is short, Linux ends this process before the worker, which starts it again."""


def main() -> NoReturn:
    """Counts until standard input ends."""
    # What a library prints must not come between the answers.
    output = os.dup(1)
    os.dup2(2, 1)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C in a terminal is the worker's
    os.nice(NICENESS)
    with contextlib.suppress(OSError):  # there is no such file but on Linux
        Path("/proc/self/oom_score_adj").write_text(str(OOM_SCORE))
    gc.freeze()
    gc.disable()  # the counts make no cycles, and looking for some among all contacts takes long
    try:
        settings = load_settings()
        logs.configure(settings.name or "pipeline")
        asyncio.run(_serve(settings, output))
    except (LeadstreamError, KafkaError) as error:
        # What an operator can mend is one line, without a trace.
        log.error("the past cannot be counted", cause=error_summary(error))  # noqa: TRY400
        exit_process(error.exit_code if isinstance(error, LeadstreamError) else Internal.exit_code)
    sys.exit(0)


async def _serve(settings: Settings, output: int) -> None:
    loop, requests = asyncio.get_running_loop(), asyncio.Queue[CountRequest]()

    def send(answer: CountAnswer) -> None:
        remaining = memoryview(frame(answer))
        while remaining:
            remaining = remaining[os.write(output, remaining) :]

    def read_requests() -> None:
        while (length := _read_exactly(LENGTH_BYTES)) is not None:
            body = _read_exactly(int.from_bytes(length, "big"))
            if body is None:
                break
            loop.call_soon_threadsafe(requests.put_nowait, decode_request(body))
        exit_process(0)  # the worker is gone, or needs no more

    threading.Thread(target=read_requests, name="requests", daemon=True).start()
    counter = PastCounter(settings, send)
    while True:
        await counter.answer(await requests.get())


def _read_exactly(size: int) -> bytes | None:
    """So many bytes of standard input; None at its end."""
    parts = bytearray()
    while len(parts) < size:
        part = os.read(0, size - len(parts))
        if not part:
            return None
        parts += part
    return bytes(parts)


if __name__ == "__main__":
    main()

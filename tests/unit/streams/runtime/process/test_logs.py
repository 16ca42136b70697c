"""Each line that a worker process writes to standard error is one JSON object."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

LOGGING_PROGRAM = """
import asyncio, logging, threading, warnings
import structlog
from streams.runtime.process import logs

logs.configure("w1")
structlog.get_logger().info("start", kind="pipeline")
logging.getLogger("aiokafka.consumer.group_coordinator").error("Group Coordinator Request failed: %s", "[Error 15]")
logging.getLogger("mode.worker").info("passed over")
try:
    raise ValueError("two\\nlines")
except ValueError:
    logging.getLogger("faust.app").exception("crashed")
warnings.warn("old", stacklevel=1)
thread = threading.Thread(target=lambda: 1 / 0)
thread.start()
thread.join()

class Bad:
    def __del__(self):
        raise RuntimeError("too late")

Bad()

async def forgotten():
    asyncio.get_running_loop().call_exception_handler({"message": "Unclosed AIOKafkaProducer", "producer": "it"})

asyncio.run(forgotten())
raise KeyError("nobody caught it")
"""


def test_every_line_is_a_json_object_whatever_writes_it() -> None:
    process = subprocess.run([sys.executable, "-c", LOGGING_PROGRAM], capture_output=True, text=True, check=False)
    assert (process.returncode, process.stdout) == (1, "")
    lines: list[dict[str, Any]] = [json.loads(line) for line in process.stderr.splitlines()]
    assert {(line["worker"], type(line["pid"]), "timestamp" in line) for line in lines} == {("w1", int, True)}
    summaries = [(line["level"], line.get("logger"), line["event"].splitlines()[0].split(": /")[0]) for line in lines]
    assert summaries[:3] == [
        ("info", None, "start"),
        ("error", "aiokafka.consumer.group_coordinator", "Group Coordinator Request failed: [Error 15]"),
        ("error", "faust.app", "crashed"),
    ]
    assert "two\nlines" in lines[2]["exception"]
    assert (lines[3]["logger"], "UserWarning: old" in lines[3]["event"]) == ("py.warnings", True)
    assert [line[2] for line in summaries[4:]] == ["uncaught", "unraisable", "Unclosed AIOKafkaProducer", "uncaught"]
    assert "ZeroDivisionError" in lines[4]["exception"]
    assert "KeyError: 'nobody caught it'" in lines[7]["exception"]

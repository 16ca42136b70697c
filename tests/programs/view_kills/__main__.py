"""`python -m tests.programs.view_kills`: kill -9 of the views' processes, of Redis and of the broker (run.py)."""

from __future__ import annotations

import argparse
import logging
import sys
import tempfile
import time
from pathlib import Path

from connectors.kafka.broker import LocalBroker
from tests.harness.kafka.broker import fresh_prefix
from tests.harness.views.durable_redis import DurableRedis
from tests.harness.views.redis_gateway import RedisGateway
from tests.harness.views.view_deployment import ViewDeployment
from tests.programs.view_kills.plan import kill_plan
from tests.programs.view_kills.run import ViewKillRun

DURABLE = {"appendonly": "yes", "appendfsync": "always"}


def main() -> int:
    """Returns 0 when Redis said what the topics say after every kill."""
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)  # the producer logs a line for each retry
    parser = argparse.ArgumentParser(prog="python -m tests.programs.view_kills", description=__doc__)
    parser.add_argument("--kills", type=int, default=40)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--durable", action="store_true", help="Redis keeps all that it took")
    options = parser.parse_args()
    kills = kill_plan(options.seed, options.kills, kills_broker=True, is_durable=options.durable)
    started = time.monotonic()

    def say(line: str) -> None:
        sys.stdout.write(f"{time.monotonic() - started:5.0f} s  {line}\n")
        sys.stdout.flush()

    with (
        tempfile.TemporaryDirectory(prefix="leadstream-view-kills-") as name,
        LocalBroker(Path(name) / "kafka") as broker,
        DurableRedis(Path(name) / "redis", **(DURABLE if options.durable else {})) as server,
        RedisGateway(server.port) as gateway,
        ViewDeployment(
            broker.bootstrap, fresh_prefix(), server.url, Path(name), seed=options.seed, gateway_url=gateway.url
        ) as deployment,
    ):
        run = ViewKillRun(deployment, server, gateway, broker)
        say(str(run.run(kills, say)))
    return 0


if __name__ == "__main__":
    sys.exit(main())

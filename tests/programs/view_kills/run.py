"""Kills, and looks after each whether Redis says what the topics say, with every output counted once."""

from __future__ import annotations

import signal
import subprocess
import threading
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import redis
from aiokafka.errors import KafkaError

from connectors.kafka.broker import LocalBroker
from streams.errors import BrokerUnavailable, RebuildRuns, RedisUnavailable
from tests.harness.cli import start_leadstream
from tests.harness.views.durable_redis import DurableRedis
from tests.harness.views.redis_gateway import RedisGateway, Strike
from tests.harness.views.redis_snapshot import foreign_keys, offsets
from tests.harness.views.view_deployment import ViewDeployment, wait_until_true
from tests.programs.view_kills.plan import Kill

PATIENCE_SECONDS = 8.0
"""So long a kill waits for its command; then the victim dies wherever it is."""

COMMAND_SECONDS = 80.0

_EXITS = {0, -signal.SIGKILL, BrokerUnavailable.exit_code, RedisUnavailable.exit_code, RebuildRuns.exit_code}


@dataclass
class KillReport:
    """What was done; `missed` counts kills whose command did not come."""

    kills: int = 0
    missed: int = 0
    points: Counter[str] = field(default_factory=Counter)
    exits: Counter[int] = field(default_factory=Counter)

    def __str__(self) -> str:
        points = ", ".join(f"{name} {count}" for name, count in sorted(self.points.items()))
        exits = ", ".join(f"{code}: {count}" for code, count in sorted(self.exits.items()))
        return f"{self.kills} kills, {self.missed} of them late; {points}; rebuild commands ended with {exits or '-'}"


class ViewKillRun:
    """Runs kills on a deployment whose processes reach Redis through `gateway`; without a broker of its own that dies
    no plan may name the broker.
    """

    def __init__(
        self,
        deployment: ViewDeployment,
        server: DurableRedis,
        gateway: RedisGateway,
        broker: LocalBroker | None = None,
        *,
        patience: float = PATIENCE_SECONDS,
    ) -> None:
        self._deployment = deployment
        self._server = server
        self._gateway = gateway
        self._broker = broker
        self._patience = patience
        self.report = KillReport()

    def run(self, kills: Sequence[Kill], say: Callable[[str], object] = lambda _: None) -> KillReport:
        """Raises AssertionError where Redis does not come to say what the topics say."""
        deployment = self._deployment
        deployment.write(100)
        deployment.start_consumer()
        deployment.wait_until_equal()
        for kill in kills:
            is_exact = self._kill(kill)
            # A transaction that a dead broker left open ends when the writer begins anew.
            deployment.write(10)
            deployment.wait_until_equal(restart=True)
            self.report.kills += 1
            self.report.missed += not is_exact
            self.report.points[f"{kill.victim} at {kill.point.name}"] += 1
            say(f"{kill}{'' if is_exact else ' (late)'}: equal")
        self._await_whole()
        return self.report

    def _kill(self, kill: Kill) -> bool:
        """Whether it died at its command."""
        with self._deployment.writing(20, 0.1, passes_over=(KafkaError,)):
            if kill.comeback == "as saved":
                self._server.save()
            if kill.undertaking == "first build":
                self._server.kill()
                self._server.forget()
            # The processes that run now are the consumer's and, in a rebuild, that of the command.
            gateway = RedisGateway(self._server.port) if kill.undertaking == "rebuild" else self._gateway
            if kill.undertaking == "rebuild":
                self._await_no_rebuild()
            command: subprocess.Popen[str] | None = None
            struck = threading.Event()

            def strike() -> None:
                if kill.victim == "process":
                    (command or self._deployment.consumers[-1]).kill()
                elif kill.victim == "redis":
                    self._server.kill()
                else:
                    assert self._broker is not None
                    self._broker.kill()
                struck.set()

            gateway.arm(
                Strike(
                    kill.point.commands,
                    kill.point.key_part,
                    kill.countdown,
                    kill.moment,
                    strike,
                    is_cut=kill.victim != "broker",
                )
            )
            if kill.undertaking == "rebuild":
                with gateway:
                    environment = {**self._deployment.environment, "LEADSTREAM_REDIS_URL": gateway.url}
                    command = start_leadstream("views", "rebuild", env=environment)
                    is_exact = self._await_strike(gateway, strike, struck)
                    self._bring_back(kill)
                    _, errors = command.communicate(timeout=COMMAND_SECONDS)
                assert command.returncode in _EXITS, errors
                self.report.exits[command.returncode] += 1
            else:
                if kill.undertaking == "first build":
                    self._server.start()
                is_exact = self._await_strike(gateway, strike, struck)
                self._bring_back(kill)
        return is_exact

    def _await_strike(self, gateway: RedisGateway, strike: Callable[[], None], struck: threading.Event) -> bool:
        if struck.wait(self._patience):
            return True
        if not gateway.disarm():
            struck.wait()  # it is just being done
            return True
        strike()
        return False

    def _bring_back(self, kill: Kill) -> None:
        if kill.victim == "redis":
            if kill.comeback == "empty":
                self._server.forget()
            self._server.start()
        elif kill.victim == "broker":
            assert self._broker is not None
            self._broker.start()
        elif kill.undertaking != "rebuild":
            self._deployment.consumers[-1].wait()
            self._deployment.start_consumer()

    def _await_no_rebuild(self) -> None:
        """A rebuild that was killed keeps others off until its lock expires."""
        key = f"{self._deployment.settings.prefix}leadstream:rebuild"

        def is_free() -> bool:
            with self._deployment.client() as client:
                return not client.exists(key)

        wait_until_true(is_free, lambda: "a rebuild's lock stays")

    def _await_whole(self) -> None:
        """Until no key is left of former generations, and every offset is where its partition ends."""
        prefix = self._deployment.settings.prefix
        ends = self._deployment.ends()
        found: object = None

        def is_whole() -> bool:
            nonlocal found
            with self._deployment.client() as client:
                try:
                    found = foreign_keys(client, prefix), offsets(client, prefix)
                except redis.RedisError:
                    return False
                return not found[0] and all(each == ends for each in found[1].values())

        wait_until_true(is_whole, lambda: f"{found} instead of {ends}")

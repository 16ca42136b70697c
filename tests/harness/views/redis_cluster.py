"""A real Redis Cluster on this machine, each server with its share of the slots, and a deployment that reads it."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path

import redis
from redis.cluster import RedisCluster
from redis.exceptions import ClusterDownError, ClusterError, RedisClusterException, TryAgainError

from connectors.ports import free_port
from tests.harness.views.durable_redis import DurableRedis
from tests.harness.views.redis_snapshot import snapshot
from tests.harness.views.topic_fold import Snapshot
from tests.harness.views.view_deployment import ViewDeployment, wait_until_true

SLOTS = 16_384
NODE_TIMEOUT_MS = 3_000


class LocalRedisCluster:
    """Use as a context manager. `servers` can be killed and started; none has a replica."""

    def __init__(self, folder: Path, size: int) -> None:
        # The default is a port 10,000 above the server's own, which not every free one leaves room for.
        self._bus_ports = [free_port() for _ in range(size)]
        self.servers: Sequence[DurableRedis] = [
            DurableRedis(
                folder / f"server-{number}",
                **{
                    "cluster-enabled": "yes",
                    "cluster-port": str(port),
                    "cluster-node-timeout": str(NODE_TIMEOUT_MS),
                },
            )
            for number, port in enumerate(self._bus_ports)
        ]
        self._bounds = [SLOTS * number // size for number in range(size + 1)]

    def __enter__(self) -> LocalRedisCluster:
        for server in self.servers:
            server.start()
        for number, (first, end) in enumerate(pairwise(self._bounds)):
            self._command(number, "ADDSLOTSRANGE", first, end - 1)
            self._command(number, "SET-CONFIG-EPOCH", number + 1)
        for server, port in zip(self.servers[1:], self._bus_ports[1:], strict=True):
            self._command(0, "MEET", "127.0.0.1", server.port, port)
        wait_until_true(self._is_whole, lambda: "no cluster")
        return self

    def __exit__(self, *_: object) -> None:
        for server in self.servers:
            server.kill()

    def server_of(self, key: str) -> DurableRedis:
        """The one whose slot the key lies in."""
        slot = int(self._command(0, "KEYSLOT", key))
        return next(server for server, end in zip(self.servers, self._bounds[1:], strict=True) if slot < end)

    def is_down_for(self, server: DurableRedis) -> bool:
        """Whether a server that runs knows that another one is away."""
        return b"cluster_state:fail" in self._command(self.servers.index(server), "INFO")

    def _is_whole(self) -> bool:
        size = len(self.servers)
        answers = [self._command(number, "INFO").split() for number in range(size)]
        return all(b"cluster_state:ok" in each and b"cluster_known_nodes:%d" % size in each for each in answers)

    def _command(self, number: int, *command: str | int) -> bytes:
        with redis.Redis.from_url(self.servers[number].url) as client:
            answer: bytes = client.execute_command("CLUSTER", *command)
            return answer


class ClusterDeployment(ViewDeployment):
    """A deployment that is compared with what all servers of a cluster say together."""

    def snapshot(self) -> Snapshot:
        """What they say now. Raises redis.ConnectionError while one of them is away."""
        try:
            with RedisCluster.from_url(self.redis_url) as client:
                return snapshot(client, self.settings.prefix)
        except (ClusterDownError, ClusterError, RedisClusterException, TryAgainError) as error:
            raise redis.ConnectionError(str(error)) from error

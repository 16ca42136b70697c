"""Writes operations and offsets into one generation of keys, so that each record counts once."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from connectors.redis.connection import Argument, RedisClient, ScriptCall, hash_fields
from streams.views.batches import OperationBatch
from streams.views.keys import DeploymentKeys
from streams.views.models.script import APPLY, BEHIND
from streams.views.progress import ACCOUNTS, PartitionPosition, encode_state

_KNOWN, _LOST = b"known", b"lost"

Positions = dict[str, int]
"""`topic:partition` to the offset of the next record."""


class WentBack(Exception):
    """Redis has an older state than it had, or lost an account: the writer starts again from what is there."""


class ViewWriter:
    """Writes into a generation; several writers may do so at a time. Methods raise RedisUnavailable, RedisRefused."""

    def __init__(self, client: RedisClient, keys: DeploymentKeys, generation: int) -> None:
        self._client = client
        self._keys = keys
        self.generation = generation
        self._known: dict[str, Positions] = {}

    async def load(self) -> None:
        """Reads which offsets each account has."""
        self._known = {}
        await self._load_new_accounts()

    def start_positions(self, fallback: Mapping[str, int]) -> Positions:
        """Where to read on: the smallest offset of any account, or what `fallback` says for one that has none.

        An account may be known and have none: its writer ended before it wrote there. What is before `fallback` was
        applied for every account.
        """
        return {
            partition: min((known.get(partition, position) for known in self._known.values()), default=position)
            for partition, position in fallback.items()
        }

    async def has_lost_accounts(self) -> bool:
        """Whether accounts with keys are not known any more: in a cluster their set may be lost alone."""
        mark = await self._client.execute("HGET", self._keys.progress(self.generation), ACCOUNTS)
        return mark == _LOST or (mark is not None and not self._known)

    def lost_accounts(self, partitions: Iterable[str]) -> list[str]:
        """The accounts without an offset for one of the partitions, though every account has had one."""
        names = list(partitions)
        return [account for account, known in self._known.items() if any(name not in known for name in names)]

    async def write_progress(self, states: Mapping[str, PartitionPosition]) -> None:
        """Notes how far partitions are applied, and where accounts are known that they are: a server of a cluster may
        have lost that with their set.
        """
        if not states:
            return
        key = self._keys.progress(self.generation)
        fields = [each for name, state in states.items() for each in (name, encode_state(state))]
        commands: list[tuple[Argument, ...]] = [("HSET", key, *fields)]
        if self._known:
            commands.append(("HSETNX", key, ACCOUNTS, _KNOWN))
        await self._client.execute_all(commands)

    async def apply(self, batch: OperationBatch) -> None:
        """Applies the operations of a batch. Raises WentBack; a part may be applied then, which a repeat knows."""
        accounts = list(batch.accounts())
        await self._register([account for account, _ in accounts if account not in self._known])
        calls: list[ScriptCall] = []
        owners = []
        for account, portions in accounts:
            offsets_key = self._keys.generation(account, self.generation).offsets
            known = dict(self._known[account])
            for portion in portions:
                arguments: list[Argument] = [len(portion.partitions)]
                for partition, following in portion.partitions.items():
                    before = known.get(partition, 0)
                    arguments += (partition, before, following)
                    known[partition] = max(before, following)
                calls.append(([offsets_key], arguments + portion.arguments))
                owners.append((account, list(portion.partitions)))
        await self._run(calls, owners)

    async def advance(self, positions: Positions) -> None:
        """Notes for every account that all before these positions is applied. Raises WentBack."""
        await self._load_new_accounts()
        calls: list[ScriptCall] = []
        owners = []
        for account, known in self._known.items():
            arguments: list[Argument] = [len(positions)]
            for partition, position in positions.items():
                arguments += (partition, known.get(partition, 0), position)
            calls.append(([self._keys.generation(account, self.generation).offsets], arguments))
            owners.append((account, list(positions)))
        if positions:
            await self._run(calls, owners)

    async def _run(self, calls: list[ScriptCall], owners: list[tuple[str, list[str]]]) -> None:
        answers = await self._client.run_all(APPLY, calls) if calls else []
        went_back = []
        for (account, partitions), (word, *offsets) in zip(owners, answers, strict=True):
            if word == BEHIND:
                went_back.append(account)
            else:
                self._known[account].update(zip(partitions, offsets, strict=True))
        if went_back:
            raise WentBack(f"of account {went_back[0]}")

    async def _register(self, accounts: list[str]) -> None:
        """Makes new accounts known before they have keys, so that no key is without an owner."""
        if not accounts:
            return
        await self._client.execute_all(
            [
                ("SADD", self._keys.generations, self.generation),
                ("SADD", self._keys.accounts(self.generation), *accounts),
                ("HSETNX", self._keys.progress(self.generation), ACCOUNTS, _KNOWN),
            ]
        )
        await self._load_new_accounts()

    async def _load_new_accounts(self) -> None:
        members = await self._client.execute("SMEMBERS", self._keys.accounts(self.generation))
        names = {name.decode() for name in members}
        if gone := self._known.keys() - names:
            await self._client.execute_all(
                [
                    ("SADD", self._keys.generations, self.generation),
                    ("HSET", self._keys.progress(self.generation), ACCOUNTS, _LOST),
                ]
            )
            raise WentBack(f"{len(gone)} accounts are not known any more")
        new = sorted(names - self._known.keys())
        answers = await self._client.execute_all(
            [("HGETALL", self._keys.generation(account, self.generation).offsets) for account in new]
        )
        for account, answer in zip(new, answers, strict=True):
            self._known[account] = _offsets(hash_fields(answer))


def _offsets(fields: Mapping[Any, Any]) -> Positions:
    return {name.decode(): int(value) for name, value in fields.items() if name != b"feed"}

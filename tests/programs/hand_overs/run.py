"""Hands over many leads while the org locks rows, loses answers, is away for an hour and spends its daily limit.

Nothing may be lost or doubled: at the end the org holds each contact as one Lead with the values of its newest
hand-over, each membership once, and each hand-over has one result. The calls are compared with the fewest that would
do: for each 200 hand-overs what looks their Leads up, one request that makes them, one that changes those that exist,
and one for the memberships.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import random
import signal
import sys
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from aiokafka import AIOKafkaProducer

from connectors.salesforce.external_id import external_id
from connectors.salesforce.org.client import MAX_RECORDS
from schemas.topics import CRM_RESULTS
from streams.kafka.topic_admin import create_topics
from streams.runtime.process.supervisor import child_environment
from streams.settings import Settings
from tests.harness.kafka.topic_reader import read_topic
from tests.harness.salesforce.sandbox import SandboxClient
from tests.programs.hand_overs.traffic import CAMPAIGNS, PARTITIONS, GeneratedHandOver, generate_handovers, publish

HOUR = 3_600
DAY = 24 * HOUR
MOST_CALLS = 1.2
"""How many times the fewest calls may be made."""

CALLS_OF_A_BATCH = 4
"""One that looks up 200 keys, one that makes Leads, one that changes Leads, one that makes members."""

OUTAGE_SECONDS = 15
"""How long on this machine's clock the org stays away; longer than the first pauses between two tries."""

LONGEST_SECONDS = 1_200
_PREFIX = "load-"


@dataclass(frozen=True, slots=True)
class Trouble:
    """What goes wrong on the way; probabilities are of each record and each write."""

    latency_ms: int
    locks: float
    timeouts: float
    kills: int
    is_calm: bool
    seed: int


class HandOverRun:
    """One run; it prints what it sees."""

    def __init__(self, org: SandboxClient, folder: Path, count: int, trouble: Trouble) -> None:
        self._org = org
        self._folder = folder
        self._trouble = trouble
        self._handovers = generate_handovers(count, trouble.seed)
        self._chance = random.Random(trouble.seed + 1)
        self._process: asyncio.subprocess.Process | None = None

    async def run(self, bootstrap: str) -> bool:
        """Returns whether all is as it has to be."""
        settings = Settings(
            bootstrap=bootstrap,
            prefix=_PREFIX,
            partitions=PARTITIONS,
            in_partitions=2,
            name="load",
            salesforce_url=self._org.url,
            salesforce_client_id="leadstream",
            salesforce_client_secret="leadstream",
            salesforce_poll_ms=600_000,
        )
        await create_topics(settings, lambda *_: None)
        self._order_faults()
        await self._publish_all(settings)
        begin = time.monotonic()
        try:
            await self._start(settings)
            await self._watch(settings)
        finally:
            await self._stop(signal.SIGTERM)
        _say(f"{len(self._handovers)} hand-overs answered in {time.monotonic() - begin:.0f} s")
        return await self._check(settings)

    def _order_faults(self) -> None:
        trouble = self._trouble
        self._org.post("settings", latency_ms=trouble.latency_ms, daily_limit=100_000)
        self._org.add_fault("lock_record", times=-1, probability=trouble.locks, seed=trouble.seed)
        for method in ("POST", "PATCH"):
            chance = {"probability": trouble.timeouts, "seed": trouble.seed}
            self._org.add_fault("drop_after_commit", method=method, path="/composite/", times=-1, **chance)

    async def _publish_all(self, settings: Settings) -> None:
        producer: Any = AIOKafkaProducer(bootstrap_servers=settings.bootstrap, linger_ms=20)
        await producer.start()
        try:
            await publish(producer, settings.prefix, self._handovers)
        finally:
            await producer.stop()

    # --- the process that hands over ---

    async def _start(self, settings: Settings) -> None:
        with (self._folder / "crm.log").open("ab") as log:
            self._process = await asyncio.create_subprocess_exec(
                *(sys.executable, "-m", "agents.crm.main"),
                env={**os.environ, **child_environment(settings)},
                stdin=asyncio.subprocess.PIPE,
                stdout=log,
                stderr=log,
            )

    async def _stop(self, number: signal.Signals) -> None:
        if self._process is not None:
            with contextlib.suppress(ProcessLookupError):
                self._process.send_signal(number)
            await self._process.wait()
            self._process = None

    # --- what happens on the way ---

    async def _watch(self, settings: Settings) -> None:
        """Makes trouble at fixed parts of the way, and returns when every hand-over has a result."""
        count = len(self._handovers)
        outage_at, limit_at = (count + 1, count + 1) if self._trouble.is_calm else (count * 4 // 10, count * 7 // 10)
        kills = sorted(self._chance.randrange(count // 20, count) for _ in range(self._trouble.kills))
        deadline = time.monotonic() + LONGEST_SECONDS
        while True:
            answered = len({each["id"] for each in await self._results(settings)})
            assert self._process is not None
            if answered >= count:
                return
            if time.monotonic() > deadline or self._process.returncode is not None:
                log = (self._folder / "crm.log").read_text()[-2_000:]
                raise AssertionError(f"{answered} of {count} after {LONGEST_SECONDS} s or the process ended: {log}")
            if answered >= outage_at:
                outage_at = count + 1
                await self._pass_outage()
            if answered >= limit_at:
                limit_at = count + 1
                await self._pass_daily_limit()
            if kills and answered >= kills[0]:
                kills.pop(0)
                await self._stop(signal.SIGKILL)
                await self._start(settings)
                _say(f"killed after {answered} results")
            await asyncio.sleep(0.5)

    async def _pass_outage(self) -> None:
        self._org.post("outage", seconds=HOUR)
        _say("the org is away for an hour of its clock")
        await asyncio.sleep(OUTAGE_SECONDS)
        self._org.post("clock", advance=HOUR)

    async def _pass_daily_limit(self) -> None:
        self._org.post("settings", daily_limit=1)
        _say("the daily limit is reached")
        await asyncio.sleep(OUTAGE_SECONDS)
        self._org.post("settings", daily_limit=100_000)
        self._org.post("clock", advance=DAY)

    # --- the end ---

    async def _results(self, settings: Settings) -> list[dict[str, Any]]:
        partitions = await read_topic(settings.bootstrap, settings.prefix + CRM_RESULTS.name)
        return [json.loads(record.value) for records in partitions.values() for record in records]

    async def _check(self, settings: Settings) -> bool:
        problems = [*self._result_problems(await self._results(settings)), *self._org_problems()]
        for problem in problems[:20]:
            _say(f"WRONG {problem}")
        made, fewest = self._calls()
        _say(f"calls: {made}, at least {fewest}: x {made / fewest:.2f}, allowed x {MOST_CALLS}")
        _say("HOLDS" if not problems else f"DOES NOT HOLD: {len(problems)} problems")
        return not problems and (self._trouble.kills > 0 or made <= MOST_CALLS * fewest)

    def _result_problems(self, results: list[dict[str, Any]]) -> list[str]:
        ids: dict[str, set[str]] = {}
        for result in results:
            ids.setdefault(result["hand_over"], set()).add(result["id"])
        kinds = Counter(result["type"] for result in results)
        problems = [f"{len(each)} results of {handover}" for handover, each in ids.items() if len(each) != 1]
        problems += [f"no result of {each.value['id']}" for each in self._handovers if each.value["id"] not in ids]
        problems += [f"{count} {kind}" for kind, count in kinds.items() if kind != "crm.linked"]
        return problems

    def _org_problems(self) -> list[str]:
        newest: dict[str, GeneratedHandOver] = {external_id(*each.contact): each for each in self._handovers}
        leads = self._org.live_records("Lead")
        keys = Counter(lead["Leadstream_Id__c"] for lead in leads)
        problems = [f"{count} Leads of {key}" for key, count in keys.items() if count > 1]
        problems += [f"no Lead of {key}" for key in newest if key not in keys]
        by_key = {lead["Leadstream_Id__c"]: lead for lead in leads}
        for key, handover in newest.items():
            title = handover.value["snapshot"]["properties"]["job_title"]
            if key in by_key and by_key[key]["Title"] != title:
                problems.append(f"{key} has an older title than {title}")
        return problems + self._member_problems({lead["Id"]: lead["Leadstream_Id__c"] for lead in leads})

    def _member_problems(self, keys: dict[str, str]) -> list[str]:
        members = Counter(
            (keys.get(member["LeadId"], "nobody"), str(member["CampaignId"]), str(member["Status"]))
            for member in self._org.live_records("CampaignMember")
        )
        wanted = Counter(
            (external_id(*each.contact), CAMPAIGNS[each.value["campaign"]["id"]], "Responded")
            for each in self._handovers
        )
        return [f"{count} times {member}" for member, count in (members - wanted).items()] + [
            f"missing {member}" for member in wanted - members
        ]

    def _calls(self) -> tuple[int, int]:
        """The data calls that the org answered or would have, and the fewest that would do."""
        calls = [
            entry
            for entry in self._org.requests("/services/data/")
            if entry["status"] not in (403, 503) and "Opportunity" not in str(entry.get("query", ""))
        ]
        by_kind = Counter(f"{entry['method']} {entry['path'].partition('/v')[2]}" for entry in calls)
        _say(f"calls by kind: {dict(by_kind)}")
        batches = -(-len(self._handovers) // MAX_RECORDS)
        return len(calls), batches * CALLS_OF_A_BATCH


def _say(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()

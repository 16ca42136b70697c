"""Events of a given rate until it is stopped: values as web forms write them, at the present time."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Iterator
from typing import Any

from schemas.topics import CONTACT_CHANGES, LEAD_COMMANDS, SCORING_EVENTS, SEGMENT_COMMANDS, WEB_VISITS
from schemas.values import instant_text
from tests.harness.deployment.live_deployment import LiveDeployment
from tests.programs.recorded_deployment import story

_TOPICS = {
    "contact.changed": CONTACT_CHANGES.name,
    "web.visited": WEB_VISITS.name,
    "activity.recorded": WEB_VISITS.name,
    "score.adjusted": SCORING_EVENTS.name,
    "lead.added": LEAD_COMMANDS.name,
    "segment.member_added": SEGMENT_COMMANDS.name,
}
PAUSE_SECONDS = 0.005


class Traffic:
    """Publishes to a deployment; `contacts` is how many there are."""

    def __init__(self, deployment: LiveDeployment, contacts: int) -> None:
        self._deployment = deployment
        self._contacts = contacts
        self._chance = random.Random(1)
        self._stopping = asyncio.Event()
        self.sent = 0

    async def publish_contacts(self) -> None:
        """Publishes one event of each contact, and waits until all are acknowledged."""
        for event in self._first_events():
            await self._deployment.send(_TOPICS[event["type"]], event)
        await self._deployment.flush()

    async def run(self, rate: float) -> None:
        """Publishes `rate` events a second until `stop`."""
        start, before = time.monotonic(), self.sent
        while not self._stopping.is_set():
            while self.sent - before < (time.monotonic() - start) * rate:
                event = self._event(f"c{self._chance.randrange(self._contacts)}", story.random_fields)
                await self._deployment.send(_TOPICS[event["type"]], event)
            await asyncio.sleep(PAUSE_SECONDS)  # keeps the rate
        await self._deployment.flush()

    def stop(self) -> None:
        """Ends `run`."""
        self._stopping.set()

    def _first_events(self) -> Iterator[dict[str, Any]]:
        for number in range(self._contacts):
            yield self._event(
                f"c{number}",
                lambda chance, now: {"type": "contact.changed", "properties": story.random_properties(chance, now)},
            )

    def _event(self, contact: str, fields: Any) -> dict[str, Any]:
        self.sent += 1
        now = time.time_ns() // 1_000_000
        return {"id": f"t{self.sent}", "at": instant_text(now), "contact": contact, **fields(self._chance, now)}

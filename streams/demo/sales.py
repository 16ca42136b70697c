"""Simulates a sales team in the sandbox: types into leads, converts them, wins, loses and reopens opportunities."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from random import Random
from types import TracebackType
from typing import Any, Literal, Self

import aiohttp

from connectors.salesforce.external_id import parse_external_id
from schemas.values import instant_text
from streams.demo.traffic import DAY

POLL_SECONDS = 0.5

CONVERSION_RATE = 0.65
WIN_RATE = 0.55
REOPEN_RATE = 0.08
TYPING_RATE = 0.5
TYPED_VALUES = {"Company": "{} Holding", "Title": "Managing Director"}
"""What sales people type into a field; `{}` is what stood there."""

EXTERNAL_ID_FIELD = "Leadstream_Id__c"
NUMBER_FIELD = "Leadstream_Number__c"
"""Our fields on a Lead: whose it is, and the hand-over that it was last written from."""

OrgRow = dict[str, Any]
TypedFieldEvent = Literal["typed", "kept", "overwritten"]


@dataclass(slots=True)
class TypedField:
    """A field of a Lead that a sales person typed; `number` is that of the last hand-over seen since."""

    contact: str
    field: str
    value: str
    number: str | None


TypedFieldListener = Callable[[TypedFieldEvent, TypedField], None]
"""Is told of each field that is typed, and what became of it at each later hand-over."""


class SalesSimulator:
    """An async context manager that uses the control endpoints of the sandbox at `url`.

    What it does with a record depends only on the record's id and on the simulated time (`now()` in ms).
    """

    def __init__(self, url: str, now: Callable[[], int | None], on_typed: TypedFieldListener | None = None) -> None:
        self._base = f"{url}/__sandbox__"
        self._now = now
        self._on_typed = on_typed or (lambda _event, _field: None)
        self._typed_fields: dict[str, TypedField] = {}
        """By the id of the Lead; people type into a Lead once."""
        self._session: aiohttp.ClientSession | None = None
        self._last_clock = 0

    async def __aenter__(self) -> Self:
        self._session = aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=10))
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._session is not None:
            await self._session.close()

    async def run(self) -> None:
        """Works until it is cancelled."""
        while True:
            now = self._now()
            if now is not None:
                await self.run_round(now)
            await asyncio.sleep(POLL_SECONDS)

    async def run_round(self, now: int) -> None:
        """Does everything that is due at `now` (ms)."""
        if now > self._last_clock:
            await self._post("clock", at=instant_text(now))
            self._last_clock = now
        for lead in await self._fetch_rows("Lead"):
            if not lead["IsConverted"] and not lead["IsDeleted"]:
                self._compare_typed_field(lead)
                await self._type_if_due(lead, now)
                await self._convert_if_due(lead, now)
        for opportunity in await self._fetch_rows("Opportunity"):
            if not opportunity["IsDeleted"]:
                await self._advance_opportunity(opportunity, now)

    def _compare_typed_field(self, lead: OrgRow) -> None:
        """Looks at a field that was typed once more when another hand-over has come."""
        typed = self._typed_fields.get(lead["Id"])
        if typed is None or typed.number == lead[NUMBER_FIELD]:
            return
        typed.number = lead[NUMBER_FIELD]
        self._on_typed("kept" if lead[typed.field] == typed.value else "overwritten", typed)

    async def _type_if_due(self, lead: OrgRow, now: int) -> None:
        contact = parse_external_id(lead[EXTERNAL_ID_FIELD] or "")
        random = Random(f"typing {lead['Id']}")
        if contact is None or lead["Id"] in self._typed_fields or random.random() >= TYPING_RATE:
            return
        if now <= _parse_timestamp(lead["CreatedDate"]) + random.randint(DAY // 24, DAY // 4):
            return
        field = random.choice(tuple(TYPED_VALUES))
        typed = TypedField(contact[1], field, TYPED_VALUES[field].format(lead[field]), lead[NUMBER_FIELD])
        await self._post("edit", type="Lead", id=lead["Id"], **{field: typed.value})
        self._typed_fields[lead["Id"]] = typed
        self._on_typed("typed", typed)

    async def _convert_if_due(self, lead: OrgRow, now: int) -> None:
        random = Random(f"lead {lead['Id']}")
        if random.random() < CONVERSION_RATE and now > _parse_timestamp(lead["CreatedDate"]) + random.randint(
            DAY // 2, 3 * DAY
        ):
            await self._post("convert", lead=lead["Id"], amount=500 * random.randint(4, 90))

    async def _advance_opportunity(self, opportunity: OrgRow, now: int) -> None:
        stage, record_id = opportunity["StageName"], opportunity["Id"]
        random = Random(f"{stage} {record_id}")
        if now < _parse_timestamp(opportunity["LastModifiedDate"]) + random.randint(DAY, 4 * DAY):
            return
        if stage == "Prospecting":
            await self._post("win" if random.random() < WIN_RATE else "lose", opportunity=record_id)
        elif stage == "Closed Won" and random.random() < REOPEN_RATE:
            await self._post("reopen", opportunity=record_id)
        elif stage == "Negotiation/Review":
            await self._post("lose" if random.random() < WIN_RATE else "win", opportunity=record_id)

    async def _fetch_rows(self, object_type: str) -> list[OrgRow]:
        assert self._session is not None
        async with self._session.get(f"{self._base}/records/{object_type}") as response:
            response.raise_for_status()
            rows: list[OrgRow] = await response.json()
            return rows

    async def _post(self, action: str, **body: Any) -> None:
        assert self._session is not None
        async with self._session.post(f"{self._base}/{action}", json=body) as response:
            response.raise_for_status()


def _parse_timestamp(text: str) -> int:
    """Returns the ms of a timestamp such as `2026-05-01T07:25:37.000+0000`."""
    return int(datetime.strptime(text, "%Y-%m-%dT%H:%M:%S.%f%z").timestamp() * 1000)

"""The HTTP application in this process: over read models in memory, behind its guards."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any, cast

import httpx
import msgspec

from schemas.definitions import LeadStatus
from schemas.views.campaigns import CampaignFunnel, PointsDistribution
from schemas.views.changes import ChangeEntry, ChangeList, Timeline
from schemas.views.contacts import ContactPage, ContactProfile
from schemas.views.segments import MemberEntry, MemberPage, SegmentSize, SizeHistory
from streams.engine.releases.release_log import ReleaseLog
from streams.kafka.batches import Headers
from streams.kafka.deployment import DeploymentRecord
from streams.publish.lines import EventLine
from streams.serve.app import create_app
from streams.serve.context import ServeContext
from streams.serve.event_writer import EventWriter, WrittenPosition
from streams.serve.guards.stack import AccessPolicy
from streams.serve.releases import AppliedDefinitions
from streams.settings import Settings
from streams.views.campaign_totals import CampaignTotals
from streams.views.cursors import member_list
from streams.views.reader import ViewReader

_PAUSE_SECONDS = 0.001

INSTANT = "2026-03-01T09:30:00.000Z"
DEFINITIONS: Mapping[str, Any] = {
    "segments": [
        {"id": "german", "name": "Germans", "dynamic": True, "when": {"property": "country", "eq": "DE"}},
        {"id": "vip", "name": "VIPs"},
    ],
    "campaigns": [{"id": "spring", "name": "Spring", "audience": ["german"]}],
}


class MemoryViews:
    """Read models of one account: two members, one contact, and the changes that a test adds. `error` fails all;
    with `is_empty` no segment or campaign ever had anybody.
    """

    def __init__(self) -> None:
        self.error: Exception | None = None
        self.is_empty = False
        self.table_versions = {"contacts": "1-1", "leads": "1-1"}
        self.changes_list: list[ChangeEntry] = []

    async def accounts(self) -> list[str]:
        """The one account."""
        self._fail()
        return ["default"]

    async def contact(self, _account: str, contact: str) -> ContactProfile | None:
        """Ada, and one whose id has a slash and a percent sign."""
        self._fail()
        if contact not in ("ada", "a/b%2F"):
            return None
        return ContactProfile(
            account="default",
            contact=contact,
            status="active",
            properties={},
            score=0,
            scores={},
            created=INSTANT,
            last_seen=None,
            memberships=[],
            leads=[],
        )

    async def contacts(
        self, _account: str, *, prefix: str = "", limit: int = 100, cursor: str | None = None
    ) -> ContactPage:
        """Ada and Bob, as far as they begin so."""
        self._fail()
        assert cursor is None
        found = [each for each in ("ada", "bob") if each.startswith(prefix)]
        return ContactPage(total=2, contacts=found[:limit], next=None)

    async def timeline(self, _account: str, contact: str, _limit: int = 200) -> Timeline:
        """Nothing happened."""
        self._fail()
        return Timeline(contact=contact, changes=[], since=None)

    async def segments(self, _account: str) -> list[SegmentSize]:
        """Both segments, and one that is defined no more."""
        self._fail()
        if self.is_empty:
            return []
        return [SegmentSize(segment="german", members=2), SegmentSize(segment="former", members=1)]

    async def members(
        self,
        account: str,
        segment: str,
        *,
        limit: int = 100,
        cursor: str | None = None,
        newest_first: bool = False,
    ) -> MemberPage:
        """Two members of `german`."""
        self._fail()
        if cursor is not None:
            member_list(account, segment, newest_first=newest_first).decode_cursor(cursor)
        names = ["ada", "bob"] if segment == "german" else []
        members = [MemberEntry(contact=name, since=INSTANT) for name in names[:limit]]
        return MemberPage(segment=segment, total=len(names), members=members, next=None)

    async def size_history(self, _account: str, segment: str, step: Any = "hour") -> SizeHistory:
        """Nothing changed."""
        self._fail()
        return SizeHistory(segment=segment, step=step, members=0, points=[], since=None)

    async def campaigns(self, _account: str) -> list[str]:
        """The campaign, and one that is defined no more."""
        self._fail()
        return [] if self.is_empty else ["spring", "winter"]

    async def campaign_totals(self, _account: str, campaigns: Sequence[str]) -> list[CampaignTotals]:
        """One qualified lead of each, and no revenue yet."""
        statuses: dict[LeadStatus, int] = {
            "active": 0,
            "qualified": 1,
            "rejected": 0,
            "duplicate": 0,
            "deleted": 0,
        }
        funnels = [
            CampaignFunnel(campaign=each, statuses=statuses, handed_over=1, open=1, won=0, lost=0)
            for each in campaigns
        ]
        return [CampaignTotals(funnel, []) for funnel in funnels]

    async def points(self, _account: str, campaign: str) -> PointsDistribution:
        """No bands."""
        return PointsDistribution(campaign=campaign, leads=1, bands=[])

    async def changes(
        self,
        _account: str,
        *,
        segment: str | None = None,
        campaign: str | None = None,
        after: str | None = None,
        limit: int = 100,
        block_ms: int = 0,
    ) -> ChangeList:
        """The changes behind a position, or the latest."""
        self._fail()
        found = self.changes_list
        if after is not None:
            found = [each for each in found if _place(each.position) > _place(after)][:limit]
        else:
            found = found[-limit:]
        return ChangeList(changes=found, last=found[-1].position if found else after)

    async def follow_changes(
        self, account: str, *, after: str | None = None, **_options: Any
    ) -> AsyncIterator[ChangeList]:
        """The changes behind a position, in portions of one, and then empty lists."""
        position = after or "0-0"
        while True:
            changes = await self.changes(account, after=position, limit=1)
            if changes.changes:
                position = changes.changes[-1].position
            else:
                await asyncio.sleep(_PAUSE_SECONDS)
            yield changes

    async def versions(self, _account: str) -> dict[str, str]:
        """Those of the tables."""
        self._fail()
        return dict(self.table_versions)

    def add_change(self, position: str, contact: str) -> None:
        """One more change."""
        self.changes_list.append(ChangeEntry(position=position, record={"type": "test", "contact": contact}))

    def _fail(self) -> None:
        if self.error is not None:
            raise self.error


class FixedDefinitions(AppliedDefinitions):
    """Definitions that no Kafka holds."""

    def __init__(self, settings: Settings) -> None:
        super().__init__(settings)
        value = msgspec.json.encode(
            {
                "type": "definitions.applied",
                "id": "release-1",
                "account": "default",
                "based_on": 0,
                "definitions": DEFINITIONS,
            }
        )
        self.record = DeploymentRecord("wall", 4)
        self._own_log = ReleaseLog("wall")
        self._own_log.add(0, 1_772_357_400_000, b"default", value)

    async def deployment(self) -> DeploymentRecord:
        """A deployment on the wall clock, unless a test sets another one."""
        return self.record

    async def log(self) -> ReleaseLog:
        """One release."""
        return self._own_log


class MemoryWriter(EventWriter):
    """Keeps what is written."""

    def __init__(self, settings: Settings) -> None:
        super().__init__(settings)
        self.lines: list[EventLine] = []
        self.traces: list[Headers] = []

    async def write(
        self, events: Sequence[EventLine], *, normalize_ids: bool, trace: Headers = ()
    ) -> list[WrittenPosition]:
        """All on partition 0."""
        assert not normalize_ids
        first = len(self.lines)
        self.lines += events
        self.traces.append(trace)
        return [WrittenPosition(line.event.topic, 0, first + number) for number, line in enumerate(events)]


class ApiUnderTest:
    """The application, what it reads and what it wrote."""

    def __init__(self, policy: AccessPolicy | None = None) -> None:
        settings = Settings()
        self.views = MemoryViews()
        self.context = ServeContext(settings, cast(ViewReader, self.views))
        self.context.definitions = FixedDefinitions(settings)
        self.writer = self.context.writer = MemoryWriter(settings)
        self.app = create_app(self.context, policy)

    def client(self, base_url: str = "http://127.0.0.1:8800", **options: Any) -> httpx.AsyncClient:
        """A client of it."""
        transport = httpx.ASGITransport(app=self.app, raise_app_exceptions=False)
        return httpx.AsyncClient(transport=transport, base_url=base_url, **options)


@asynccontextmanager
async def serving(policy: AccessPolicy | None = None) -> AsyncIterator[tuple[ApiUnderTest, httpx.AsyncClient]]:
    """The application and a client."""
    api = ApiUnderTest(policy)
    async with api.client() as client:
        yield api, client
    await api.context.close()


def _place(position: str) -> tuple[int, int]:
    ms, _, number = position.partition("-")
    return int(ms), int(number)

"""Reads the read models: typed answers, each from one account's keys; what the HTTP API stands on.

Every function raises ViewsNotReady while no generation of keys is whole (at the first start, and after a loss of
Redis), RedisUnavailable and RedisRefused. An account, segment or campaign of which the topics say nothing has empty
answers. A page takes a fraction of a millisecond at the server, whatever the size of what it is a page of.
"""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import AsyncIterator, Sequence
from itertools import pairwise
from typing import Any

import msgspec

from connectors.redis.connection import RedisClient, hash_fields
from schemas.definitions import LeadStatus
from schemas.values import instant_ms, instant_text
from schemas.views.campaigns import PointsBand, PointsDistribution
from schemas.views.changes import ChangeEntry, ChangeList, Timeline
from schemas.views.contacts import ContactPage, ContactProfile, Membership
from schemas.views.leads import LeadEntry, LeadPage
from schemas.views.progress import ViewsProgress
from schemas.views.segments import MemberEntry, MemberPage, SegmentSize, SizeHistory, SizePoint, SizeStep
from streams.errors import UsageError, ViewsNotReady
from streams.views.bounds import HOURS, MINUTES, TIMELINE_CHANGES
from streams.views.campaign_totals import CampaignTotals, read_totals, totals_commands
from streams.views.cursors import PageList, contact_list, lead_list, member_list
from streams.views.deployment import Deployment, read_deployment
from streams.views.keys import DeploymentKeys, GenerationKeys
from streams.views.progress import read_progress
from streams.views.scripts import PAGE, SIZES

DEFAULT_BANDS: tuple[float, ...] = (0, 10, 20, 30, 40, 50, 60, 70, 80, 90, 100)

_CACHE_SECONDS = 1.0  # far less than the keys of a former generation are kept after a rebuild
_BLOCK_MS = 1_000
_CAMPAIGNS_AT_ONCE = 100  # 700 commands: the server answers others in between
_STEPS: dict[SizeStep, tuple[str, int, int]] = {"minute": ("m", 60_000, MINUTES), "hour": ("h", 3_600_000, HOURS)}

_POSITION = re.compile(r"[0-9]{1,16}-[0-9]{1,16}")

_decode = msgspec.json.Decoder().decode


class ViewReader:
    """The read models of a deployment; one for all tasks of a process. `prefix` is that of the topics."""

    def __init__(self, client: RedisClient, prefix: str = "") -> None:
        self._client = client
        self._keys = DeploymentKeys(prefix)
        self._deployment: Deployment | None = None
        self._read_at = -_CACHE_SECONDS

    async def accounts(self) -> list[str]:
        """The accounts of which the topics say something, by name."""
        key = self._keys.accounts((await self._ready()).generation)
        return sorted(_text(each) for each in await self._client.execute("SMEMBERS", key))

    async def contact(self, account: str, contact: str) -> ContactProfile | None:
        """A contact with properties, memberships and leads; None where there is none of that id."""
        keys = await self._generation(account)
        fields = hash_fields(await self._client.execute("HGETALL", keys.contact(contact)))
        row = fields.pop(b"row", None)
        if row is None:
            return None
        memberships = []
        leads = []
        for name, value in fields.items():
            kind, _, subject = _text(name).partition(":")
            if kind == "m":
                memberships.append((int(value), subject))
            elif kind == "l":
                leads.append(LeadEntry.model_validate(_decode(value)))
        return ContactProfile(
            **_decode(row),
            memberships=[Membership(segment=each, since=instant_text(ms)) for ms, each in sorted(memberships)],
            leads=sorted(leads, key=lambda lead: lead.campaign),
        )

    async def contacts(
        self, account: str, *, prefix: str = "", limit: int = 100, cursor: str | None = None
    ) -> ContactPage:
        """Ids of contacts that begin with `prefix`, in the order of their bytes. Raises UsageError for the cursor."""
        keys = await self._generation(account)
        pages = contact_list(account, prefix)
        start = b"[" + prefix.encode() if cursor is None else b"(" + pages.decode_cursor(cursor)[1].encode()
        end = b"(" + prefix.encode() + b"\xff" if prefix else b"+"  # no UTF-8 has that byte
        total, names = await self._client.execute_all(
            [
                ("ZCARD", keys.contacts),
                ("ZRANGEBYLEX", keys.contacts, start, end, "LIMIT", 0, limit + 1),
            ]
        )
        contacts = [_text(name) for name in names[:limit]]
        has_more = len(names) > limit
        following = pages.encode_cursor("0", contacts[-1]) if has_more else None
        return ContactPage(total=total, contacts=contacts, next=following)

    async def segments(self, account: str) -> list[SegmentSize]:
        """The segments that have or had members, by id, with their sizes."""
        keys = await self._generation(account)
        answer = await self._client.run(SIZES, [keys.segments], [keys.members("")])
        sizes = zip(answer[::2], answer[1::2], strict=True)
        return [SegmentSize(segment=name, members=size) for name, size in sorted((_text(n), s) for n, s in sizes)]

    async def members(
        self,
        account: str,
        segment: str,
        *,
        limit: int = 100,
        cursor: str | None = None,
        newest_first: bool = False,
    ) -> MemberPage:
        """Members in the order in which they entered, or the latest first. Raises UsageError for the cursor."""
        keys = await self._generation(account)
        pages = member_list(account, segment, newest_first=newest_first)
        total, rows, following = await self._page(
            pages, keys.members(segment), limit, cursor, newest_first=newest_first
        )
        members = [MemberEntry(contact=contact, since=instant_text(score)) for contact, score, _ in rows]
        return MemberPage(segment=segment, total=total, members=members, next=following)

    async def size_history(self, account: str, segment: str, step: SizeStep = "hour") -> SizeHistory:
        """The size of a segment over time: the latest steps in which it changed (1,440 minutes or 2,160 hours)."""
        letter, length, most = _STEPS[step]
        deployment = await self._ready()
        keys = await self._generation(account)
        members, answer = await self._client.execute_all(
            [("ZCARD", keys.members(segment)), ("HGETALL", keys.flow(segment))]
        )
        flows: dict[int, dict[str, int]] = {}
        for name, count in hash_fields(answer).items():
            kind, number, direction = _text(name).split(":")
            if kind == letter:
                flows.setdefault(int(number) * length, {"in": 0, "out": 0})[direction] = int(count)
        size = members
        points = []
        for beginning in sorted(flows, reverse=True)[:most]:
            flow = flows[beginning]
            points.append(SizePoint(at=instant_text(beginning), entered=flow["in"], exited=flow["out"], size=size))
            size -= flow["in"] - flow["out"]
        points.reverse()
        is_cut = len(flows) >= most
        since = instant_ms(points[0].at) if is_cut else deployment.known_since
        return SizeHistory(
            segment=segment,
            step=step,
            members=members,
            points=points,
            since=None if since is None else instant_text(since),
        )

    async def campaigns(self, account: str) -> list[str]:
        """The campaigns that have or had leads or revenue, by id."""
        keys = await self._generation(account)
        return sorted(_text(each) for each in await self._client.execute("SMEMBERS", keys.campaigns))

    async def leads(
        self,
        account: str,
        campaign: str,
        status: LeadStatus,
        *,
        limit: int = 100,
        cursor: str | None = None,
        newest_first: bool = True,
    ) -> LeadPage:
        """Leads in one status, those changed last first, or last. Raises UsageError for the cursor."""
        keys = await self._generation(account)
        pages = lead_list(account, campaign, status, newest_first=newest_first)
        field = (keys.contact(""), f"l:{campaign}")
        total, rows, following = await self._page(
            pages, keys.leads(campaign, status), limit, cursor, newest_first=newest_first, field=field
        )
        leads = [LeadEntry.model_validate(_decode(row)) for _, _, row in rows if row]
        return LeadPage(campaign=campaign, status=status, total=total, leads=leads, next=following)

    async def campaign_totals(self, account: str, campaigns: Sequence[str]) -> list[CampaignTotals]:
        """Funnel and revenue of each campaign, over one connection: an account may have very many."""
        keys = await self._generation(account)
        totals = []
        for first in range(0, len(campaigns), _CAMPAIGNS_AT_ONCE):
            names = campaigns[first : first + _CAMPAIGNS_AT_ONCE]
            commands = [command for name in names for command in totals_commands(keys, name)]
            answers = iter(await self._client.execute_all(commands))
            totals += [read_totals(name, answers) for name in names]
        return totals

    async def points(
        self, account: str, campaign: str, bounds: Sequence[float] = DEFAULT_BANDS
    ) -> PointsDistribution:
        """Leads that are not deleted, by points; `bounds` are where one band ends and the next begins, rising."""
        keys = await self._generation(account)
        edges = [None, *bounds, None]
        bands = list(pairwise(edges))
        total, *counts = await self._client.execute_all(
            [
                ("ZCARD", keys.points(campaign)),
                *(
                    (
                        "ZCOUNT",
                        keys.points(campaign),
                        "-inf" if least is None else least,
                        "+inf" if below is None else f"({below}",
                    )
                    for least, below in bands
                ),
            ]
        )
        return PointsDistribution(
            campaign=campaign,
            leads=total,
            bands=[
                PointsBand(least=least, below=below, leads=count)
                for (least, below), count in zip(bands, counts, strict=True)
            ],
        )

    async def changes(
        self,
        account: str,
        *,
        segment: str | None = None,
        campaign: str | None = None,
        after: str | None = None,
        limit: int = 100,
        block_ms: int = 0,
    ) -> ChangeList:
        """Changes of an account, or of one segment or campaign of it, in the order in which they were applied.

        Without `after` the latest ones, the latest last; else the first ones behind that position, waiting for up to
        `block_ms` (below 5,000) until there is one. Positions survive a rebuild to the millisecond: a reader that
        goes on then may see a change twice, which its `id` tells. Raises UsageError for the position.
        """
        if after is not None and not _POSITION.fullmatch(after):
            raise UsageError(f"{after[:100]!r} is no position of a change; take `position` of one, or leave it out")
        key = self._feed(await self._generation(account), segment, campaign)
        if after is None:
            entries, last = (await self._client.execute("XREVRANGE", key, "+", "-", "COUNT", limit))[::-1], None
            has_gap = False
        else:
            entries, last, has_gap = await self._entries_behind(key, after, limit, block_ms)
        changes = [ChangeEntry(position=_text(each[0]), record=_decode(_only_value(each[1]))) for each in entries]
        return ChangeList(changes=changes, last=changes[-1].position if changes else last or after, missed=has_gap)

    async def follow_changes(
        self, account: str, *, segment: str | None = None, campaign: str | None = None, after: str | None = None
    ) -> AsyncIterator[ChangeList]:
        """Changes as they come, without an end, from `after` or from now on; an empty list at least each second."""
        position = after
        if position is None:
            position = (await self.changes(account, segment=segment, campaign=campaign, limit=1)).last or "0-0"
        while True:
            changes = await self.changes(
                account, segment=segment, campaign=campaign, after=position, block_ms=_BLOCK_MS
            )
            position = changes.last or position
            yield changes

    async def timeline(self, account: str, contact: str, limit: int = TIMELINE_CHANGES) -> Timeline:
        """What happened to a contact, the latest first, and how far back its changes are kept: the latest 200.

        Empty for an unknown contact.
        """
        deployment = await self._ready()
        keys = await self._generation(account)
        now = int(time.time() * 1000)
        horizon = now - deployment.retention if deployment.retention >= 0 else 0
        kept = ("ZREVRANGEBYSCORE", keys.timeline(contact), "+inf", horizon)
        entries, last = await self._client.execute_all(
            [
                (*kept, "LIMIT", 0, min(limit, TIMELINE_CHANGES)),
                (*kept, "WITHSCORES", "LIMIT", TIMELINE_CHANGES - 1, 1),
            ]
        )
        # A timeline that is full may have had more.
        since = int(float(last[1])) if last else deployment.history_since(now)
        return Timeline(
            contact=contact,
            changes=[_decode(entry.split(b" ", 3)[3]) for entry in entries],
            since=None if since is None else instant_text(since),
        )

    async def versions(self, account: str) -> dict[str, str]:
        """Topic -> a text that is another one when more of it is applied for the account, or all is built anew."""
        deployment = await self._ready()
        keys = await self._generation(account)
        sums: dict[str, int] = {}
        for name, offset in hash_fields(await self._client.execute("HGETALL", keys.offsets)).items():
            topic = _text(name).rpartition(":")[0]
            if topic:  # `feed` is no partition
                sums[topic] = sums.get(topic, 0) + int(offset)
        return {topic: f"{deployment.generation}-{total}" for topic, total in sums.items()}

    async def progress(self) -> ViewsProgress:
        """How far the read models are behind the topics; says so before the first generation is whole, too."""
        return await read_progress(self._client, self._keys)

    async def _ready(self) -> Deployment:
        now = asyncio.get_running_loop().time()
        if self._deployment is None or now - self._read_at > _CACHE_SECONDS:
            self._deployment = await read_deployment(self._client, self._keys)
            self._read_at = now
        if self._deployment is None:
            raise ViewsNotReady(
                "the read models are not built yet; start `leadstream worker --role views`, or see how far it is"
            )
        return self._deployment

    async def _generation(self, account: str) -> GenerationKeys:
        deployment = await self._ready()
        return self._keys.generation(account, deployment.generation)

    async def _page(
        self,
        pages: PageList,
        key: str,
        limit: int,
        cursor: str | None,
        *,
        newest_first: bool,
        field: tuple[str, str] | None = None,
    ) -> tuple[int, list[tuple[str, int, Any]], str | None]:
        """How many there are; contact, score and field of each one on the page; the next cursor."""
        score, member = ("", "") if cursor is None else pages.decode_cursor(cursor)
        arguments = ["down" if newest_first else "up", limit, score, member, *(field or ())]
        total, has_more, *cells = await self._client.run(PAGE, [key], arguments)
        triples = zip(cells[::3], cells[1::3], cells[2::3], strict=True)
        rows = [(_text(contact), int(float(instant)), value) for contact, instant, value in triples]
        following = pages.encode_cursor(str(rows[-1][1]), rows[-1][0]) if has_more else None
        return total, rows, following

    @staticmethod
    def _feed(keys: GenerationKeys, segment: str | None, campaign: str | None) -> str:
        if segment is not None:
            return keys.segment_changes(segment)
        return keys.changes if campaign is None else keys.campaign_changes(campaign)

    async def _entries_behind(
        self, key: str, after: str, limit: int, block_ms: int
    ) -> tuple[Sequence[Any], str | None, bool]:
        entries, oldest = await self._client.execute_all(
            [("XRANGE", key, f"({after}", "+", "COUNT", limit), ("XRANGE", key, "-", "+", "COUNT", 1)]
        )
        # A feed that has nothing as old as the position: what came in between may have been cut off.
        has_gap = bool(oldest) and after != "0-0" and _place(_text(oldest[0][0])) > _place(after) and bool(entries)
        if not entries and block_ms:
            answer = await self._client.execute(
                "XREAD", "COUNT", limit, "BLOCK", min(block_ms, 5_000), "STREAMS", key, after
            )
            entries = [entry for _, stream in answer or () for entry in stream]
        return entries, None, has_gap


def _only_value(fields: Any) -> bytes:
    """The value of a stream's entry that has one field; clients give a mapping or names and values in turn."""
    value: bytes = next(iter(fields.values())) if isinstance(fields, dict) else fields[1]
    return value


def _place(position: str) -> tuple[int, int]:
    ms, _, number = position.partition("-")
    return int(ms), int(number or 0)


def _text(value: Any) -> str:
    return value.decode() if isinstance(value, bytes) else str(value)

"""The reader's answers against what the topics say."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass

import msgspec
import pytest

from connectors.redis.connection import RedisClient, open_redis
from connectors.redis.local import LocalRedis
from schemas.values import instant_ms, instant_text
from streams.clock import now_ms
from streams.errors import UsageError, ViewsNotReady
from streams.views.campaign_totals import LEAD_STATUSES
from streams.views.reader import ViewReader
from streams.views.rebuild import Rebuild
from tests.harness.views.output_traffic import CAMPAIGNS, SEGMENTS
from tests.harness.views.topic_fold import Snapshot
from tests.harness.views.view_deployment import ViewDeployment

ACCOUNT = "default"


@dataclass(frozen=True)
class Views:
    """Read models of made-up outputs, and what the topics say."""

    client: RedisClient
    reader: ViewReader
    expected: Snapshot
    deployment: ViewDeployment


@pytest.fixture(scope="module")
def module_deployment(kafka: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ViewDeployment]:
    folder = tmp_path_factory.mktemp("views")
    with (
        LocalRedis(folder / "redis") as server,
        ViewDeployment(kafka, f"reader{folder.name}{id(server)}-", server.url, folder) as deployment,
    ):
        deployment.write(500)
        yield deployment


@pytest.fixture
async def views(module_deployment: ViewDeployment) -> AsyncIterator[Views]:
    deployment = module_deployment
    async with open_redis(deployment.redis_url) as client:
        await Rebuild(deployment.settings, client).run()
        reader = ViewReader(client, deployment.settings.prefix)
        yield Views(client, reader, deployment.expected()[ACCOUNT], deployment)


async def test_a_contact_has_its_row_memberships_and_leads(views: Views) -> None:
    for contact, text in views.expected["contacts"].items():
        profile = await views.reader.contact(ACCOUNT, contact)
        assert profile is not None
        assert profile.properties == msgspec.json.decode(text)["properties"]
        assert {each.segment for each in profile.memberships} == {
            segment for segment, members in views.expected["members"].items() if contact in members
        }
        assert [each.campaign for each in profile.leads] == sorted(
            campaign for campaign, leads in views.expected["leads"].items() if contact in leads
        )
    assert await views.reader.contact(ACCOUNT, "nobody") is None


async def test_pages_of_contacts_give_each_one_once(views: Views) -> None:
    found: list[str] = []
    cursor = None
    while True:
        page = await views.reader.contacts(ACCOUNT, limit=7, cursor=cursor)
        found += page.contacts
        cursor = page.next
        if cursor is None:
            break
    assert found == sorted(views.expected["contacts"])
    assert page.total == len(found)
    with_prefix = await views.reader.contacts(ACCOUNT, prefix="contact 1")
    assert with_prefix.contacts == [name for name in found if name.startswith("contact 1")]


@pytest.mark.parametrize("newest_first", [False, True])
async def test_pages_of_members_give_each_one_once_in_order_of_entering(views: Views, newest_first: bool) -> None:
    sizes = {each.segment: each.members for each in await views.reader.segments(ACCOUNT)}
    assert sizes == {segment: len(views.expected["members"].get(segment, {})) for segment in SEGMENTS}
    for segment, members in views.expected["members"].items():
        found: list[str] = []
        cursor = None
        while True:
            page = await views.reader.members(ACCOUNT, segment, limit=3, cursor=cursor, newest_first=newest_first)
            found += [each.contact for each in page.members]
            assert page.total == len(members)
            cursor = page.next
            if cursor is None:
                break
        in_order = sorted(members, key=lambda contact: (members[contact], contact), reverse=newest_first)
        assert found == in_order


@pytest.mark.parametrize("newest_first", [False, True])
async def test_a_page_goes_on_where_a_member_stood_that_has_left(views: Views, newest_first: bool) -> None:
    key = f"{views.deployment.settings.prefix}leadstream:{{default}}:{{generation}}:members:same"
    deployment = await views.client.execute(
        "HGET", f"{views.deployment.settings.prefix}leadstream:deployment", "generation"
    )
    key = key.replace("{generation}", deployment.decode())
    names = [f"c{number:03d}" for number in range(50)]
    await views.client.execute("ZADD", key, *[part for name in names for part in (5, name)])
    found: list[str] = []
    cursor = None
    while True:
        page = await views.reader.members(ACCOUNT, "same", limit=4, cursor=cursor, newest_first=newest_first)
        found += [each.contact for each in page.members]
        cursor = page.next
        if cursor is None:
            break
        await views.client.execute("ZREM", key, found[-1])
    assert found == sorted(names, reverse=newest_first)


async def test_a_text_that_is_no_cursor_is_refused(views: Views) -> None:
    for cursor in ("nonsense", "", "W10", "é"):
        with pytest.raises(UsageError, match="no cursor"):
            await views.reader.members(ACCOUNT, "hot", cursor=cursor)
    with pytest.raises(UsageError, match="no position"):
        await views.reader.changes(ACCOUNT, after="yesterday")


async def test_versions_of_the_tables_change_when_they_are_built_anew(views: Views) -> None:
    before = await views.reader.versions(ACCOUNT)
    assert {"contacts", "segment-members", "leads", "campaign-revenue"} <= before.keys()
    assert await views.reader.versions(ACCOUNT) == before
    await Rebuild(views.deployment.settings, views.client).run()
    reader = ViewReader(views.client, views.deployment.settings.prefix)
    after = await reader.versions(ACCOUNT)
    assert after.keys() == before.keys()
    assert all(after[name] != before[name] for name in before)


async def test_a_cursor_goes_on_with_the_list_that_it_came_from_alone(views: Views) -> None:
    reader = views.reader
    of_contacts = (await reader.contacts(ACCOUNT, prefix="contact 1", limit=1)).next
    of_members = (await reader.members(ACCOUNT, "hot", limit=1)).next
    of_leads = [
        page.next
        for campaign in CAMPAIGNS
        for status in LEAD_STATUSES
        if (page := await reader.leads(ACCOUNT, campaign, status, limit=1)).next
    ]
    assert of_contacts
    assert of_members
    assert len(of_leads) > 1
    await reader.contacts(ACCOUNT, prefix="contact 1", limit=9, cursor=of_contacts)
    for others in (
        reader.contacts(ACCOUNT, prefix="contact", cursor=of_contacts),
        reader.contacts(ACCOUNT, cursor=of_contacts),
        reader.contacts("another", prefix="contact 1", cursor=of_contacts),
        reader.contacts(ACCOUNT, cursor=of_members),
        reader.members(ACCOUNT, "hot", cursor=of_members, newest_first=True),
        reader.members(ACCOUNT, "same", cursor=of_members),
        reader.leads(ACCOUNT, CAMPAIGNS[0], "deleted", cursor=of_contacts),
        reader.leads(ACCOUNT, "another", "active", cursor=of_leads[0]),
    ):
        with pytest.raises(UsageError, match="one of another list"):
            await others


async def test_leads_by_campaign_and_status_with_funnel_points_and_revenue(views: Views) -> None:
    assert await views.reader.campaigns(ACCOUNT) == sorted(CAMPAIGNS)
    totals = await views.reader.campaign_totals(ACCOUNT, CAMPAIGNS)
    for campaign, own in zip(CAMPAIGNS, totals, strict=True):
        funnel = own.funnel
        assert funnel.campaign == campaign
        counts = views.expected["funnels"].get(campaign, {})
        assert funnel.handed_over == counts.get("handed_over", 0)
        assert (funnel.open, funnel.won, funnel.lost) == tuple(
            counts.get(name, 0) for name in ("open", "won", "lost")
        )
        for status in LEAD_STATUSES:
            rows = views.expected["statuses"].get(f"{campaign}:{status}", {})
            page = await views.reader.leads(ACCOUNT, campaign, status, limit=500)
            assert funnel.statuses[status] == page.total == len(rows)
            assert [lead.contact for lead in page.leads] == sorted(
                rows, key=lambda name: (rows[name], name), reverse=True
            )
            assert all(lead.status == status for lead in page.leads)
        points = views.expected["points"].get(campaign, {}).values()
        distribution = await views.reader.points(ACCOUNT, campaign, [0, 50, 100])
        assert [band.leads for band in distribution.bands] == [
            sum(1 for each in points if each < 0),
            sum(1 for each in points if 0 <= each < 50),
            sum(1 for each in points if 50 <= each < 100),
            sum(1 for each in points if each >= 100),
        ]
        assert distribution.leads == len(points)
        revenue = {each.currency: each.won.amount for each in own.revenue}
        assert revenue == {
            currency: msgspec.json.decode(row)["won"]["amount"]
            for currency, row in views.expected["revenue"].get(campaign, {}).items()
        }


async def test_changes_page_forward_without_a_gap_and_by_subject(views: Views) -> None:
    position, found = "0-0", []
    while (page := await views.reader.changes(ACCOUNT, after=position, limit=11)).changes:
        assert page.last is not None
        found += page.changes
        position = page.last
    assert sorted(msgspec.json.encode(each.record).decode() for each in found) == views.expected["changes"]
    latest = await views.reader.changes(ACCOUNT, limit=5)
    assert latest.changes == found[-5:]
    for segment in SEGMENTS:
        own = await views.reader.changes(ACCOUNT, segment=segment, limit=10_000)
        expected = views.expected["subjects"].get(f"segment:{segment}", [])
        assert sorted(msgspec.json.encode(each.record).decode() for each in own.changes) == expected
    assert (await views.reader.changes(ACCOUNT, after=position, block_ms=50)).changes == []


async def test_a_timeline_is_in_order_and_says_how_far_it_reaches(views: Views) -> None:
    for contact, texts in views.expected["timelines"].items():
        timeline = await views.reader.timeline(ACCOUNT, contact)
        assert sorted(msgspec.json.encode(each).decode() for each in timeline.changes) == texts
        outputs = [each for each in timeline.changes if "number" in each]
        assert outputs == sorted(outputs, key=lambda each: each["number"]["offset"], reverse=True)
        assert timeline.since is None
    longest = max(views.expected["timelines"], key=lambda contact: len(views.expected["timelines"][contact]))
    cut = await views.reader.timeline(ACCOUNT, longest, limit=2)
    assert len(cut.changes) == 2
    assert cut.since is None, "the others are kept"


@pytest.mark.parametrize(("kept", "is_full"), [(199, False), (200, True)])
async def test_a_timeline_that_is_full_says_so_however_few_changes_are_asked_for(
    views: Views, kept: int, is_full: bool
) -> None:
    prefix = views.deployment.settings.prefix
    generation = await views.client.execute("HGET", f"{prefix}leadstream:deployment", "generation")
    key = f"{prefix}leadstream:{{default}}:{generation.decode()}:timeline:busy-{kept}"
    start = now_ms() - kept
    cells = [part for number in range(kept) for part in (start + number, f'{number} 0 s:x {{"n":{number}}}')]
    await views.client.execute("ZADD", key, *cells)
    since = instant_text(start) if is_full else None
    for limit in (1, 100, 200):
        timeline = await views.reader.timeline(ACCOUNT, f"busy-{kept}", limit)
        assert [each["n"] for each in timeline.changes] == list(range(kept))[::-1][:limit]
        assert timeline.since == since


async def test_the_size_of_a_segment_over_time_ends_with_its_members(views: Views) -> None:
    for segment in SEGMENTS:
        flow = views.expected["flow"][segment]
        for step, letter in (("minute", "m"), ("hour", "h")):
            history = await views.reader.size_history(ACCOUNT, segment, step)  # type: ignore[arg-type]
            length = 60_000 if step == "minute" else 3_600_000
            assert {
                (f"{letter}:{instant_ms(point.at) // length}:in", point.entered)
                for point in history.points
                if point.entered
            } == {
                (name, count) for name, count in flow.items() if name.startswith(f"{letter}:") and name.endswith("in")
            }
            assert history.points[-1].size == history.members == len(views.expected["members"].get(segment, {}))


async def test_progress_tells_every_partition_and_no_lag(views: Views) -> None:
    progress = await views.reader.progress()
    assert progress.rebuild is None
    assert progress.generation is not None
    assert {each.topic for each in progress.partitions} == {
        "campaign-revenue",
        "contacts",
        "crm-results",
        "lead-changes",
        "leads",
        "segment-changes",
        "segment-members",
    }
    assert all(each.lag == 0 for each in progress.partitions)


async def test_before_the_first_generation_is_whole_readers_are_told_to_wait(views: Views) -> None:
    with pytest.raises(ViewsNotReady, match="not built yet"):
        await ViewReader(views.client, "another-").segments(ACCOUNT)
    assert (await ViewReader(views.client, "another-").progress()).generation is None


async def test_accounts_never_see_each_other(views: Views) -> None:
    assert await views.reader.accounts() == ["acme", "default"]
    other = await views.reader.segments("unknown")
    assert other == []

"""The fresh start that live edits are compared with."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import msgspec

from benchmarks.live_edit.reference_run import JournalCut, PublishedHistory, ReferenceRun
from schemas.topics import WEB_VISITS
from schemas.values import instant_text
from streams.engine.journal import records

START = 1_772_355_600_000
SEGMENTS = {
    "account": "default",
    "segments": [{"id": "busy", "dynamic": True, "when": {"visit": {}, "within": "30s"}}],
}


def history_of(visits: list[tuple[str, int]]) -> PublishedHistory:
    """Visits of contacts at instants (ms after START), in the journal's order."""
    sources, journal = {}, []
    for offset, (contact, after) in enumerate(visits):
        source, at = (WEB_VISITS.name, 0, offset), START + after
        event = {"id": f"v{offset}", "type": "web.visited", "at": instant_text(at), "contact": contact}
        sources[source] = msgspec.json.encode({**event, "url": "https://shop.example/"})
        entry = records.JournalEvent("web.visited", f"v{offset}", at, "default", contact, source)
        journal.append(SimpleNamespace(offset=offset, value=records.encode(entry)))
    return PublishedHistory(sources, {0: journal})


async def members(tmp_path: Path, visits: list[tuple[str, int]], cut: JournalCut) -> set[str]:
    run = ReferenceRun(history_of(visits), tmp_path)
    return {contact for _, contact in await run.segment_members(SEGMENTS, "busy", {0: cut})}


async def test_an_event_later_than_the_release_moves_no_other_contact(tmp_path: Path) -> None:
    visits = [("ann", 0), ("bob", 5_000), ("cid", 30_500)]
    release = JournalCut(len(visits), START + 30_001)
    assert await members(tmp_path, visits, release) == {"bob", "cid"}
    assert await members(tmp_path, visits, JournalCut(len(visits), START + 29_999)) == {"ann", "bob", "cid"}


async def test_a_contact_that_comes_again_later_than_the_release_has_left_before(tmp_path: Path) -> None:
    visits = [("ann", 0), ("ann", 30_500), ("ann", 31_000)]
    assert await members(tmp_path, visits, JournalCut(2, START + 29_000)) == {"ann"}
    later = [("ann", 0), ("bob", 0)]
    assert await members(tmp_path, later, JournalCut(2, START + 30_001)) == set()

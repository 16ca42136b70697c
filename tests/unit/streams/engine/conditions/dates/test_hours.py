"""The start of the hour where clocks change by half an hour, or show an hour twice."""

from __future__ import annotations

import pytest

from schemas.time_zones import require_zone, zone_names
from schemas.values import instant_ms
from streams.engine.conditions.dates.date_math import Round
from streams.engine.conditions.dates.zones import clock_changes_near
from tests.harness.engine.reference_evaluator import date_span

MINUTE = 60_000
DAY = 1_440 * MINUTE

# Zone, now, and when its hour began.
BEGAN = [
    ("Australia/Lord_Howe", "2026-10-03T15:29:59.999Z", "2026-10-03T14:30:00Z"),
    ("Australia/Lord_Howe", "2026-10-03T15:30:00Z", "2026-10-03T15:30:00Z"),  # at 2:00, which is left out
    ("Australia/Lord_Howe", "2026-10-03T15:59:59.999Z", "2026-10-03T15:30:00Z"),
    ("Australia/Lord_Howe", "2026-10-03T16:00:00Z", "2026-10-03T16:00:00Z"),
    ("Australia/Lord_Howe", "2026-04-04T14:59:59.999Z", "2026-04-04T14:00:00Z"),
    ("Australia/Lord_Howe", "2026-04-04T15:01:00Z", "2026-04-04T14:00:00Z"),  # 1:31 for the second time
    ("Australia/Lord_Howe", "2026-04-04T15:30:00Z", "2026-04-04T15:30:00Z"),
    ("Europe/Berlin", "2026-10-25T00:30:00Z", "2026-10-25T00:00:00Z"),
    ("Europe/Berlin", "2026-10-25T01:30:00Z", "2026-10-25T01:00:00Z"),  # the present pass of the doubled hour
    ("Europe/Berlin", "2026-03-29T01:10:00Z", "2026-03-29T01:00:00Z"),
    ("Asia/Kathmandu", "2026-03-29T01:10:00Z", "2026-03-29T00:15:00Z"),
]


@pytest.mark.parametrize(("zone", "now", "began"), BEGAN)
def test_the_hour_began_when_local_clocks_showed_it(zone: str, now: str, began: str) -> None:
    assert Round("h").apply(instant_ms(now), require_zone(zone)) == instant_ms(began)
    assert date_span("now/h", instant_ms(now), require_zone(zone))[0] == instant_ms(began)


@pytest.mark.parametrize("unit", ["h", "m", "s", "ms"])
def test_every_unit_of_every_zone_begins_before_now_and_is_the_same_when_recomputed(unit: str) -> None:
    looked_at = 0
    for name in sorted(zone_names())[::4]:
        zone = require_zone(name)
        for year in (1901, 1945, 1973, 2007, 2026):
            start = instant_ms(f"{year}-01-01T00:00:00Z")
            changes = {
                change.at for week in range(0, 366, 5) for change in clock_changes_near(zone, start + week * DAY)
            }
            for change in changes:
                for now in (change - 1, change, change + 1, change + 17 * MINUTE, change + 47 * MINUTE):
                    looked_at += 1
                    began = Round(unit).apply(now, zone)
                    assert began <= now, (name, now)
                    assert began == date_span(f"now/{unit}", now, zone)[0], (name, now)
    assert looked_at > 500

"""How long changes and tombstones stay, by how the topics are configured."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pytest

from streams.settings import Settings
from streams.views import retention
from streams.views.retention import TopicRetention, read_retention

TABLES = ("contacts", "segment-members", "leads", "campaign-revenue")


async def retention_of(
    monkeypatch: pytest.MonkeyPatch, segment_changes: str, lead_changes: str, revenue_tombstones: str = "500"
) -> TopicRetention:
    """What is read where the topics are configured so."""
    configs = {name: {"delete.retention.ms": "900"} for name in TABLES}
    configs["campaign-revenue"]["delete.retention.ms"] = revenue_tombstones
    configs["segment-changes"] = {"retention.ms": segment_changes}
    configs["lead-changes"] = {"retention.ms": lead_changes}

    async def tell(_settings: Settings, names: Sequence[str]) -> Mapping[str, Mapping[str, str]]:
        return {name: configs[name] for name in names}

    monkeypatch.setattr(retention, "topic_configs", tell)
    return await read_retention(Settings())


async def test_changes_are_kept_as_long_as_by_the_topic_that_keeps_less(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert (await retention_of(monkeypatch, "700", "300")).changes == 300
    assert (await retention_of(monkeypatch, "-1", "300")).changes == 300


async def test_changes_are_kept_for_ever_where_both_topics_do(monkeypatch: pytest.MonkeyPatch) -> None:
    assert (await retention_of(monkeypatch, "-1", "-1")).changes == -1


async def test_tombstones_stay_as_long_as_in_the_table_that_keeps_them_for_least(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert (await retention_of(monkeypatch, "-1", "-1")).tombstones == 500

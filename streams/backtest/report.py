"""The result of a backtest: each segment and campaign as it was and as it would have been."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import Any

from schemas.values import instant_text
from streams.backtest.chart import bar, columns, heights
from streams.backtest.tally import DAY_MS, AccountTally, CampaignTally
from streams.backtest.worth import OpportunityBook, Worth

EXAMPLES = 20
"""So many contacts are named of those that make a difference."""

_STEPS = ("leads made", "qualified", "rejected", "handed over")


@dataclass(frozen=True, slots=True)
class LeadGroup:
    """Leads that were handed over on both sides, or on one: how many, some of them, and what they were worth."""

    count: int
    examples: tuple[str, ...]
    here: Worth
    elsewhere: Worth

    def to_dict(self) -> dict[str, Any]:
        """The group as JSON values."""
        return {
            "count": self.count,
            "contacts": list(self.examples),
            "worth": self.here.to_list(),
            "worth_in_other_campaigns": self.elsewhere.to_list(),
        }

    def __str__(self) -> str:
        if not self.count:
            return "none"
        more = f"; in other campaigns: {self.elsewhere}" if self.elsewhere.sums else ""
        return f"{self.count}: {self.here}{more}"


@dataclass(frozen=True, slots=True)
class AccountBacktest:
    """One account: `actual` is what happened, `hypothetical` what would have; both from `since` (ms) on."""

    account: str
    actual: AccountTally
    hypothetical: AccountTally
    opportunities: OpportunityBook
    since: int | None = None

    def to_dict(self) -> dict[str, Any]:
        """The result as JSON values."""
        return {
            "account": self.account,
            "since": None if self.since is None else instant_text(self.since),
            "segments": [
                {
                    "segment": name,
                    "happened": {"entered": self.actual.entries[name], "left": self.actual.exits[name]},
                    "backtest": {"entered": self.hypothetical.entries[name], "left": self.hypothetical.exits[name]},
                }
                for name in self._segments()
            ],
            "campaigns": [self._campaign_to_dict(name) for name in self._campaigns()],
        }

    def lines(self) -> Iterator[str]:
        """The result as lines for people, with bars."""
        since = "the beginning" if self.since is None else instant_text(self.since)
        yield f"account {self.account}, since {since}"
        names = self._segments()
        pairs = {name: (self.actual.entries[name], self.hypothetical.entries[name]) for name in names}
        largest = max((max(pair) for pair in pairs.values()), default=0)
        for name, (happened, would) in pairs.items():
            yield ""
            yield f"segment {name}: entered{_difference(happened, would)}"
            left = (self.actual.exits[name], self.hypothetical.exits[name])
            yield f"  happened  {happened:>7} in {left[0]:>7} out  {bar(happened, largest)}".rstrip()
            yield f"  backtest  {would:>7} in {left[1]:>7} out  {bar(would, largest)}".rstrip()
        for name in self._campaigns():
            yield ""
            yield from self._campaign_lines(name)

    def groups(self, campaign: str) -> dict[str, LeadGroup]:
        """The leads that were handed over, by whether they would have been: `both`, `no_more` and `added`."""
        happened, would = self._tallies(campaign)
        return {
            "both": self._group(campaign, happened.handed_over & would.handed_over),
            "no_more": self._group(campaign, happened.handed_over - would.handed_over),
            "added": self._group(campaign, would.handed_over - happened.handed_over),
        }

    def _segments(self) -> list[str]:
        tallies = (self.actual, self.hypothetical)
        return sorted({name for tally in tallies for name in (*tally.entries, *tally.exits)})

    def _campaigns(self) -> list[str]:
        return sorted({*self.actual.campaigns, *self.hypothetical.campaigns})

    def _tallies(self, campaign: str) -> tuple[CampaignTally, CampaignTally]:
        return (
            self.actual.campaigns.get(campaign, CampaignTally()),
            self.hypothetical.campaigns.get(campaign, CampaignTally()),
        )

    def _group(self, campaign: str, contacts: Collection[str]) -> LeadGroup:
        here, elsewhere = self.opportunities.worth(self.account, campaign, contacts)
        return LeadGroup(len(contacts), tuple(sorted(contacts)[:EXAMPLES]), here, elsewhere)

    def _campaign_to_dict(self, name: str) -> dict[str, Any]:
        happened, would = (dict(zip(_STEPS, _steps(tally), strict=True)) for tally in self._tallies(name))
        return {
            "campaign": name,
            "happened": {step.replace(" ", "_"): count for step, count in happened.items()},
            "backtest": {step.replace(" ", "_"): count for step, count in would.items()},
            "handed_over": {kind: group.to_dict() for kind, group in self.groups(name).items()},
        }

    def _campaign_lines(self, name: str) -> Iterator[str]:
        tallies = self._tallies(name)
        happened, would = map(_steps, tallies)
        largest = max(*happened, *would)
        yield f"campaign {name}"
        for step, *counts in zip(_STEPS, happened, would, strict=True):
            yield f"  {step}{_difference(*counts)}"
            yield f"    happened  {counts[0]:>7}  {bar(counts[0], largest)}".rstrip()
            yield f"    backtest  {counts[1]:>7}  {bar(counts[1], largest)}".rstrip()
        yield from _time_lines(*tallies)
        groups = self.groups(name)
        yield f"  handed over in both {groups['both']}"
        yield f"  handed over no more {groups['no_more']}"
        yield f"  handed over in addition {groups['added']}"


def _steps(tally: CampaignTally) -> tuple[int, int, int, int]:
    return tally.lead_count, len(tally.qualified), len(tally.rejected), len(tally.handed_over)


def _difference(happened: int, would: int) -> str:
    return "" if happened == would else f", {would - happened:+}"


def _time_lines(happened: CampaignTally, would: CampaignTally) -> Iterator[str]:
    """Hand-overs over time: one line for each side, on one scale."""
    days = [*happened.hand_overs_by_day, *would.hand_overs_by_day]
    if not days:
        return
    first, last = min(days), max(days)
    rows = [columns(tally.hand_overs_by_day, first, last) for tally in (happened, would)]
    largest = max(max(row) for row in rows)
    yield f"  hand-overs from {_day_text(first)} to {_day_text(last)}, at most {largest} in a column"
    for name, row in zip(("happened", "backtest"), rows, strict=True):
        yield f"    {name}  {heights(row, largest)}".rstrip()


def _day_text(day: int) -> str:
    return instant_text(day * DAY_MS)[:10]

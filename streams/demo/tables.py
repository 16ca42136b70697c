"""The tables of the live view: segments, leads, revenue. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from decimal import Decimal

from rich.text import Text

from schemas.definitions import Definitions
from streams.demo.columns import ViewColumn, ViewTable
from streams.demo.state import DemoState, OpportunityTotal

LONGEST_SPARKLINE = 64
SHORTEST_SPARKLINE = 9
NUMBER_WIDTH = 5
"""Columns stand still while numbers have no more digits than that."""
AMOUNT_WIDTH = 10

_BARS = "▁▂▃▄▅▆▇█"
_STATUSES = {"active": 8, "qualified": 8, "rejected": 8, "duplicate": 4, "deleted": 3}
"""Lead status -> how much its column is needed."""


def segment_table(state: DemoState, definitions: Definitions, width: int | None = None) -> ViewTable:
    """Returns members, entries and exits of each segment; with sparklines if `width` has room for them."""
    segments = [segment.id for segment in definitions.segments]
    numbers = [
        _numbers("members", [len(state.members.get(segment, ())) for segment in segments], "bold"),
        _numbers("entered", [state.entered_counts[segment] for segment in segments], "green"),
        _numbers("left", [state.exited_counts[segment] for segment in segments], "red"),
    ]
    table = ViewTable("Segments", "cyan", [_names("", segments), *numbers])
    if width is None:
        return table
    if width - table.width - table.gap < SHORTEST_SPARKLINE:
        table = table.narrow()
    room = min(width - table.width - table.gap, LONGEST_SPARKLINE)
    if room < SHORTEST_SPARKLINE:
        return table
    lines = [Text(sparkline(state.size_history.get(segment, ()), room), style="cyan") for segment in segments]
    history = ViewColumn("over time", lines, is_number=False, least=room, needed=1)
    return replace(table, columns=[*table.columns[:2], history, *table.columns[2:]])


def lead_table(state: DemoState, definitions: Definitions) -> ViewTable:
    """Returns how many leads of each campaign have each status, were sent to Salesforce, and arrived there."""
    campaigns = [campaign.id for campaign in definitions.campaigns]
    funnels = [state.funnel(campaign) for campaign in campaigns]
    columns = [
        _numbers(status, [funnel[status] for funnel in funnels], needed=needed)
        for status, needed in _STATUSES.items()
    ]
    sent = _numbers("sent", [state.hand_over_counts[campaign] for campaign in campaigns])
    linked = _numbers("CRM", [state.crm_link_counts[campaign] for campaign in campaigns])
    return ViewTable("Leads", "green", [_names("", campaigns), *columns, sent, linked])


def revenue_table(state: DemoState, definitions: Definitions) -> ViewTable:
    """Returns open, won and lost opportunities of the campaigns that have any, in thousands; how many in brackets.

    From the beginning it has a row for each campaign, so that it keeps its height.
    """
    order = [campaign.id for campaign in definitions.campaigns]
    rows = sorted(state.revenue.items(), key=lambda item: (_rank(order, item[0][0]), item[0]))
    blank = max(len(order), 1) - len(rows)
    names = [*(campaign for (campaign, _), _ in rows), *[""] * blank]
    if not rows:
        names = ["nothing yet", *names[1:]]
    currencies = [*(currency for (_, currency), _ in rows), *[""] * blank]
    first = ViewColumn("", [Text(name) for name in names], is_number=False, least=max(map(len, order), default=0))
    columns = [
        _amounts("open", [revenue.open for _, revenue in rows], "", blank),
        _amounts("won", [revenue.won for _, revenue in rows], "bold green", blank),
        _amounts("lost", [revenue.lost for _, revenue in rows], "dim", blank),
        ViewColumn("", [Text(currency) for currency in currencies], is_number=False, least=3, needed=8),
    ]
    return ViewTable("Revenue", "yellow", [first, *columns])


def sparkline(sizes: Iterable[int], width: int = LONGEST_SPARKLINE) -> str:
    """Returns the sizes as bars, the largest size as the tallest; of many sizes only some, equally spaced."""
    every = list(sizes)
    count = min(len(every), width)
    sample = [every[round((number + 1) * len(every) / count) - 1] for number in range(count)]
    top = max(sample, default=0)
    if top == 0:
        return _BARS[0] * len(sample)
    return "".join(_BARS[round(size / top * (len(_BARS) - 1))] for size in sample)


def _names(header: str, names: Sequence[str]) -> ViewColumn:
    return ViewColumn(header, [Text(name) for name in names] or [Text("none")], is_number=False)


def _numbers(header: str, numbers: Sequence[int], style: str = "", needed: int = 9) -> ViewColumn:
    cells = [Text(f"{number:,}", style=style) for number in numbers] or [Text("")]
    return ViewColumn(header, cells, least=min(NUMBER_WIDTH, max(len(header), 3)), needed=needed)


def _amounts(header: str, totals: Sequence[OpportunityTotal], style: str, blank: int) -> ViewColumn:
    texts = [f"{_amount_text(total.amount)} ({total.count:,})" for total in totals]
    cells = [Text(text, style=style) for text in [*texts, *[""] * blank]]
    return ViewColumn(header, cells or [Text("")], least=AMOUNT_WIDTH)


def _amount_text(amount: Decimal) -> str:
    return f"{amount / 1000:,.0f}k"


def _rank(order: Sequence[str], campaign: str) -> int:
    return order.index(campaign) if campaign in order else len(order)

"""The live view: turns a state into something that rich can draw. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from decimal import Decimal

from rich import box
from rich.console import Group, RenderableType
from rich.panel import Panel
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from schemas.definitions import Definitions
from schemas.values import instant_text
from streams.demo.state import DemoState, RecentChange, RecordValue, Revenue
from streams.demo.traffic import DAY

SPARKLINE_WIDTH = 16
MAX_CHANGES = 14

_BARS = "▁▂▃▄▅▆▇█"
_STATUSES = {"active": "active", "qualified": "qual.", "rejected": "rej.", "duplicate": "dup.", "deleted": "del."}
"""Lead status -> heading."""
_CAUSES = {
    "clock": "time passed",
    "definition": "new definitions",
    "command": "by hand",
    "cascade": "the contact's status",
    "audience": "audience",
    "automation": "rule",
    "crm": "Salesforce",
    "merge": "merge",
}


def render(state: DemoState, definitions: Definitions) -> RenderableType:
    """Returns the whole view, about 120 columns by 45 lines."""
    return Group(
        _header(state),
        _side_by_side(
            Panel(_segment_table(state, definitions), title="Segments", title_align="left", border_style="cyan"),
            Group(
                Panel(_campaign_table(state, definitions), title="Leads", title_align="left", border_style="green"),
                Panel(_revenue_table(state, definitions), title="Revenue", title_align="left", border_style="yellow"),
            ),
        ),
        Panel(_change_table(state), title="Latest changes, and why", title_align="left", border_style="magenta"),
    )


def _side_by_side(left: RenderableType, right: RenderableType) -> Table:
    grid = Table.grid(expand=True)
    grid.add_column(ratio=1)
    grid.add_column(ratio=1)
    grid.add_row(left, right)
    return grid


def _header(state: DemoState) -> RenderableType:
    now = state.simulated_instant if state.simulated_instant is not None else state.begin
    days = (state.end - state.begin) // DAY
    text = Text.assemble(
        ("Leadstream  ", "bold"),
        (instant_text(now)[:16].replace("T", " "), "bold cyan"),
        f"  day {(now - state.begin) // DAY} of {days}   ",
        (f"{state.published_count:,}", "bold"),
        f" events ({state.publish_rate:,.0f}/s)   ",
        (f"{state.change_count:,}", "bold"),
        f" changes ({state.change_rate:,.0f}/s)   ",
        (f"{state.dead_letter_count} dead letters", "red" if state.dead_letter_count else "dim"),
    )
    grid = Table.grid(expand=True)
    grid.add_row(text)
    grid.add_row(ProgressBar(total=state.end - state.begin, completed=now - state.begin, complete_style="cyan"))
    grid.add_row(Text(state.message or " ", style="dim"))
    return grid


def _segment_table(state: DemoState, definitions: Definitions) -> Table:
    table = _table(("", "left"), ("members", "right"), ("", "left"), ("in", "right"), ("out", "right"))
    for segment in definitions.segments:
        size = len(state.members.get(segment.id, ()))
        table.add_row(
            segment.id,
            Text(f"{size}", style="bold"),
            Text(sparkline(state.size_history.get(segment.id, ())), style="cyan"),
            Text(f"{state.entered_counts[segment.id]}", style="green"),
            Text(f"{state.exited_counts[segment.id]}", style="red"),
        )
    return table


def _campaign_table(state: DemoState, definitions: Definitions) -> Table:
    statuses = [(heading, "right") for heading in _STATUSES.values()]
    table = _table(("", "left"), *statuses, ("sent", "right"), ("CRM", "right"))
    for campaign in definitions.campaigns:
        funnel = state.funnel(campaign.id)
        counts = [f"{funnel[status]}" for status in _STATUSES]
        table.add_row(
            campaign.id, *counts, f"{state.hand_over_counts[campaign.id]}", f"{state.crm_link_counts[campaign.id]}"
        )
    return table


def _revenue_table(state: DemoState, definitions: Definitions) -> Table:
    table = _table(("", "left"), ("open", "right"), ("won", "right"), ("lost", "right"), ("", "left"))
    order = [campaign.id for campaign in definitions.campaigns]
    rows = sorted(state.revenue.items(), key=lambda item: (_rank(order, item[0][0]), item[0]))
    for (campaign, currency), revenue in rows:
        table.add_row(campaign, *_amount_texts(revenue), currency)
    if not rows:
        table.add_row(Text("nothing yet", style="dim"), "", "", "", "")
    return table


def _rank(order: Sequence[str], campaign: str) -> int:
    return order.index(campaign) if campaign in order else len(order)


def _amount_texts(revenue: Revenue) -> Iterable[Text]:
    totals = (("", revenue.open), ("bold green", revenue.won), ("dim", revenue.lost))
    return (Text(f"{_amount_text(total.amount)} ({total.count})", style=style) for style, total in totals)


def _amount_text(amount: Decimal) -> str:
    return f"{amount / 1000:,.0f}k"


def _change_table(state: DemoState) -> Table:
    table = Table.grid(padding=(0, 2), expand=True)
    for _ in range(3):
        table.add_column(no_wrap=True)
    table.add_column(no_wrap=True, ratio=1, overflow="ellipsis")
    newest = list(state.recent_changes)[-MAX_CHANGES:]
    for change in reversed(newest):
        table.add_row(*_change_cells(change, state))
    for _ in range(MAX_CHANGES - len(newest)):
        table.add_row("", "", "", "")
    return table


def _change_cells(change: RecentChange, state: DemoState) -> Iterable[Text]:
    yield Text(change.at[:19].replace("T", " "), style="dim")
    yield Text(change.contact, style="bold")
    yield Text.assemble((change.action + " ", "green" if change.is_positive else "red"), change.subject)
    yield Text(cause_text(change.cause, state), style="dim")


def cause_text(cause: RecordValue, state: DemoState) -> str:
    """Returns the cause in a few words: its kind, its rule, and its event by description or, without one, by id."""
    event: str = cause.get("event", "")
    words: list[str] = [_CAUSES.get(cause["kind"], "")]
    words.append(cause.get("rule", ""))
    if event:
        words.append(state.event_descriptions.get(event, event))
    if cause.get("late"):
        words.append("(late)")
    return " ".join(word for word in words if word)


def sparkline(sizes: Iterable[int]) -> str:
    """Returns the sizes as bars, the largest size as the tallest; of many sizes only some, equally spaced."""
    every = list(sizes)
    count = min(len(every), SPARKLINE_WIDTH)
    sample = [every[round((number + 1) * len(every) / count) - 1] for number in range(count)]
    top = max(sample, default=0)
    if top == 0:
        return _BARS[0] * len(sample)
    return "".join(_BARS[round(size / top * (len(_BARS) - 1))] for size in sample)


def _table(*columns: tuple[str, str]) -> Table:
    table = Table(box=box.SIMPLE_HEAD, expand=True, pad_edge=False, show_edge=False, collapse_padding=True)
    for name, side in columns:
        table.add_column(name, justify="right" if side == "right" else "left", no_wrap=True, header_style="dim")
    return table

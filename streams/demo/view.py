"""The live view: turns a state into what fits on a screen. Pure."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import IntEnum

from rich.console import Group, RenderableType
from rich.panel import Panel
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from schemas.definitions import Definitions
from schemas.values import instant_text
from streams.demo.changes import ROOMY_WIDTH, change_table
from streams.demo.columns import FRAME_LINES, FRAME_WIDTH, ViewTable
from streams.demo.guide import LEGEND_LINES, legend
from streams.demo.state import DemoState
from streams.demo.tables import lead_table, revenue_table, segment_table
from streams.demo.traffic import DAY

MOST_CHANGES = 14
FEWEST_CHANGES = 2
DEAD_LETTER_WIDTH = 44
"""Room for a code and its number: the lines stand still when the first one comes."""
MARGIN = 3
"""Blanks between two tables without frames."""


@dataclass(frozen=True)
class ViewBlock:
    """A part of the view, with its width and height in cells."""

    content: RenderableType
    width: int
    lines: int
    has_legend: bool = False


Arrangement = Callable[[DemoState, Definitions, int], ViewBlock]
"""Draws segments, leads and revenue in a width; it may come out wider."""


class Room(IntEnum):
    """How much room there is for what is not a number."""

    FRAMED = 2
    PLAIN = 1
    TERSE = 0


def render(state: DemoState, definitions: Definitions, width: int, height: int | None = None) -> RenderableType:
    """Returns the whole view for a screen of `width` columns and `height` lines; without `height` for paper.

    Wide and high screens have frames and sparklines. Where there is less room, first these go, then explanations,
    then columns that are needed less; numbers and headers are whole everywhere.
    """
    for arrangement, room in _ARRANGEMENTS:
        head = _header(state, width, has_bar=room is Room.FRAMED)
        tables = arrangement(state, definitions, width)
        guide = _guide_block(state, width, room, has_legend=room is not Room.TERSE and not tables.has_legend)
        free = _free_lines(height, head, tables, guide) - FRAME_LINES * (room is Room.FRAMED)
        if tables.width <= width and free >= FEWEST_CHANGES:
            break
    changes = [_change_block(state, definitions, width, free, is_framed=room is Room.FRAMED)] if free > 0 else []
    return Group(*(block.content for block in (head, tables, *changes, guide)))


def _free_lines(height: int | None, *blocks: ViewBlock) -> int:
    """Returns how many lines are left beside the blocks."""
    return MOST_CHANGES + FRAME_LINES if height is None else height - sum(block.lines for block in blocks)


def _change_block(state: DemoState, definitions: Definitions, width: int, rows: int, *, is_framed: bool) -> ViewBlock:
    table = change_table(state, definitions, width - FRAME_WIDTH * is_framed, rows)
    return ViewBlock(table.render(is_framed=is_framed), width, rows + FRAME_LINES * is_framed)


def _header(state: DemoState, width: int, *, has_bar: bool) -> ViewBlock:
    now = state.simulated_instant if state.simulated_instant is not None else state.begin
    days = (state.end - state.begin) // DAY
    pieces = [
        Text.assemble(("Leadstream  ", "bold"), (instant_text(now)[:16].replace("T", " "), "bold cyan")),
        *([Text(state.console_address, style="underline")] if state.console_address else []),
        Text(f"day {(now - state.begin) // DAY:>2} of {days}"),
        Text.assemble((f"{state.published_count:>6,}", "bold"), f" events ({state.publish_rate:>3,.0f}/s)"),
        Text.assemble((f"{state.change_count:>6,}", "bold"), f" changes ({state.change_rate:>3,.0f}/s)"),
        _dead_letter_text(state),
        *([_typed_field_text(state)] if width >= ROOMY_WIDTH else []),
    ]
    if state.message:
        pieces.append(Text(state.message, style="yellow"))
    lines: list[RenderableType] = list(_flow(pieces, width))
    if has_bar:
        bar = Table.grid(expand=True)  # which ends the line, as a bar alone does not
        bar.add_row(ProgressBar(total=state.end - state.begin, completed=now - state.begin, complete_style="cyan"))
        lines.append(bar)
    return ViewBlock(Group(*lines), width, len(lines))


def _dead_letter_text(state: DemoState) -> Text:
    """Returns how many dead letters there are, and of which codes."""
    count = state.dead_letter_count
    codes = ", ".join(f"{code} {number}" for code, number in sorted(state.dead_letter_codes.items()))
    noun = "dead letter" if count == 1 else "dead letters"
    text = f"{count} {noun}{f': {codes}' if codes else ''}"
    return Text(text.ljust(DEAD_LETTER_WIDTH), style="red" if count else "dim")


def _typed_field_text(state: DemoState) -> Text:
    """Returns how many fields sales people typed in Salesforce, and how often a later hand-over kept or lost one."""
    counts = state.typed_fields
    lost = f", {counts['overwritten']} lost" if counts["overwritten"] else ""
    return Text(f"sales typed {counts['typed']:>3} fields, {counts['kept']:>3} kept at hand-overs{lost}", style="dim")


def _flow(pieces: Sequence[Text], width: int) -> list[Text]:
    """Puts the pieces on as few lines as they fit on."""
    lines: list[Text] = []
    for piece in pieces:
        if lines and lines[-1].cell_len + 2 + piece.cell_len <= width:
            lines[-1].append("  ").append_text(piece)
        else:
            lines.append(Text().append_text(piece))  # whose own style does not reach the pieces after it
    return lines


def _beside(state: DemoState, definitions: Definitions, width: int) -> ViewBlock:
    """Segments with as much of their history as fits; leads and revenue to the right of them. All framed."""
    right = [lead_table(state, definitions), revenue_table(state, definitions)]
    right_width = max(table.width for table in right) + FRAME_WIDTH
    segments = segment_table(state, definitions, width - right_width - FRAME_WIDTH)
    if not segments.has("over time"):
        right = [table.narrow() for table in right]
        right_width = max(table.width for table in right) + FRAME_WIDTH
        segments = segment_table(state, definitions, width - right_width - FRAME_WIDTH)
    grid = Table.grid(expand=True)
    grid.add_column(ratio=1)
    grid.add_column(width=right_width)
    grid.add_row(segments.render(is_framed=True), Group(*(table.render(is_framed=True) for table in right)))
    lines = max(segments.lines + FRAME_LINES, sum(table.lines + FRAME_LINES for table in right))
    return ViewBlock(grid, segments.width + FRAME_WIDTH + right_width, lines)


def _stacked(state: DemoState, definitions: Definitions, width: int) -> ViewBlock:
    """Everything one below the other, framed."""
    inner = width - FRAME_WIDTH
    tables = [
        segment_table(state, definitions, inner),
        lead_table(state, definitions).fit(inner),
        revenue_table(state, definitions).fit(inner),
    ]
    content = Group(*(table.render(is_framed=True) for table in tables))
    return ViewBlock(
        content,
        max(table.width for table in tables) + FRAME_WIDTH,
        sum(table.lines + FRAME_LINES for table in tables),
    )


def _halved(state: DemoState, definitions: Definitions, width: int) -> ViewBlock:
    """Two columns of segments; leads and revenue below them."""
    return _without_frames(segment_table(state, definitions), state, definitions, width)


def _sizes_halved(state: DemoState, definitions: Definitions, width: int) -> ViewBlock:
    """Two columns of segments that only show how many members there are; leads and revenue below them."""
    return _without_frames(segment_table(state, definitions).without("entered", "left"), state, definitions, width)


def _without_frames(segments: ViewTable, state: DemoState, definitions: Definitions, width: int) -> ViewBlock:
    if 2 * segments.width + MARGIN > width:
        segments = segments.narrow()
    upper, lower = segments.halves()
    pair = Table.grid(padding=(0, MARGIN, 0, 0))
    pair.add_column(width=upper.width)
    pair.add_column(width=lower.width)
    pair.add_row(upper.render(is_framed=False), lower.render(is_framed=False))
    leads = lead_table(state, definitions).fit(width)
    revenue = revenue_table(state, definitions).fit(width)
    has_legend = revenue.width + MARGIN + max(map(len, LEGEND_LINES)) <= width
    last: RenderableType = revenue.render(is_framed=False)
    if has_legend:
        beside = Table.grid(padding=(0, MARGIN, 0, 0))
        beside.add_row(last, Text("\n".join(["", *LEGEND_LINES]), style="dim"))
        last = beside
    return ViewBlock(
        Group(pair, leads.render(is_framed=False), last),
        max(upper.width + MARGIN + lower.width, leads.width, revenue.width),
        upper.lines + leads.lines + max(revenue.lines, has_legend * (1 + len(LEGEND_LINES))),
        has_legend,
    )


def _guide_block(state: DemoState, width: int, room: Room, *, has_legend: bool) -> ViewBlock:
    """The commands for another terminal, while there is something that they can reach, and the legend."""
    is_framed = room is Room.FRAMED
    inner = width - FRAME_WIDTH * is_framed
    explanation = legend(inner)
    lines = [explanation] if explanation and has_legend else []
    if state.guide is None:
        return ViewBlock(Group(*lines), width, len(lines))
    commands = state.guide.lines(inner, state.example_contact, is_brief=not is_framed)
    if not is_framed:
        return ViewBlock(Group(*commands, *lines), width, len(commands) + len(lines))
    panel = Panel(Group(*commands), title="In another terminal", title_align="left", border_style="blue")
    return ViewBlock(Group(panel, *lines), width, len(commands) + FRAME_LINES + len(lines))


_ARRANGEMENTS: Sequence[tuple[Arrangement, Room]] = (
    (_beside, Room.FRAMED),
    (_stacked, Room.FRAMED),
    (_halved, Room.PLAIN),
    (_halved, Room.TERSE),
    (_sizes_halved, Room.PLAIN),
    (_sizes_halved, Room.TERSE),
)
"""From the one that takes most room to the one that takes least."""

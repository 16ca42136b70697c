"""Tables that know how wide they are: what does not fit is left out whole, and no number is ever cut. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from rich.cells import cell_len
from rich.console import RenderableType
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

GAP = 2
NARROW_GAP = 1
FRAME_WIDTH = 4
"""What a panel takes of the width: two borders, and a blank inside each."""
FRAME_LINES = 2


@dataclass(frozen=True)
class ViewColumn:
    """A column of a table; `least` is its least width. What is least `needed` is the first to go."""

    header: str
    cells: Sequence[Text]
    is_number: bool = True
    least: int = 0
    needed: int = 9

    @property
    def width(self) -> int:
        """How many cells of the terminal it takes, without a gap."""
        return max(self.least, cell_len(self.header), *(cell.cell_len for cell in self.cells), 0)


@dataclass(frozen=True)
class ViewTable:
    """A block of the view: a title, and columns of the same length."""

    title: str
    style: str
    columns: Sequence[ViewColumn]
    gap: int = GAP

    @property
    def lines(self) -> int:
        """How many lines it takes without a frame: one for the headers if there are any, one for each row."""
        return self.has_headers + len(self.columns[0].cells)

    @property
    def has_headers(self) -> bool:
        """Whether any column has a header."""
        return any(column.header for column in self.columns)

    @property
    def width(self) -> int:
        """How wide it is without a frame."""
        return sum(column.width for column in self.columns) + self.gap * (len(self.columns) - 1)

    def narrow(self) -> ViewTable:
        """Returns the table with one blank between two columns."""
        return replace(self, gap=NARROW_GAP)

    def fit(self, width: int) -> ViewTable:
        """Returns the table within `width`: with narrow gaps, and without the columns that are needed least."""
        table = self if self.width <= width else self.narrow()
        while table.width > width and len(table.columns) > 1:
            least = min(reversed(table.columns), key=lambda column: column.needed)
            table = replace(table, columns=[column for column in table.columns if column is not least])
        return table

    def has(self, header: str) -> bool:
        """Returns whether there is a column of this header."""
        return any(column.header == header for column in self.columns)

    def halves(self) -> tuple[ViewTable, ViewTable]:
        """Returns the upper and the lower half of the rows, each with the headers and the widths of the whole."""
        middle = (len(self.columns[0].cells) + 1) // 2
        upper = [replace(each, cells=each.cells[:middle], least=each.width) for each in self.columns]
        lower = [replace(each, cells=each.cells[middle:], least=each.width) for each in self.columns]
        return replace(self, columns=upper), replace(self, columns=lower, title="")

    def without(self, *headers: str) -> ViewTable:
        """Returns the table without the columns of these headers."""
        return replace(self, columns=[column for column in self.columns if column.header not in headers])

    def render(self, *, is_framed: bool) -> RenderableType:
        """Returns it as it is drawn: in a panel, or with the title in place of the first header."""
        table = Table(box=None, pad_edge=False, padding=(0, self.gap, 0, 0), show_header=self.has_headers)
        for number, column in enumerate(self.columns):
            is_titled = number == 0 and not is_framed
            table.add_column(
                Text(self.title if is_titled else column.header),
                justify="right" if column.is_number else "left",
                no_wrap=True,
                overflow="crop",
                width=column.width,
                header_style=f"bold {self.style}" if is_titled else "dim",
            )
        for row in zip(*(column.cells for column in self.columns), strict=True):
            table.add_row(*row)
        if not is_framed:
            return table
        return Panel(table, title=self.title, title_align="left", border_style=self.style)

"""Draws a line chart with logarithmic axes as SVG, with each line's name at its end."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape

WIDTH, HEIGHT = 860, 460
LEFT, RIGHT, TOP, BOTTOM = 70, 230, 48, 52
LABEL_GAP = 15
OWN_COLOR = "#0b5fa5"
COLORS = (
    "#b3541e",
    "#3f7d3a",
    "#7a4ea3",
    "#8a6d00",
    "#a33b5e",
    "#2b7f86",
    "#5b5b5b",
    "#94653f",
    "#6b7fb8",
    "#555f00",
)

LinePoints = Sequence[tuple[float, float]]


@dataclass(frozen=True)
class LineChart:
    """A title, names of both axes, and lines by name; the line called `own` is drawn bold."""

    title: str
    x_name: str
    y_name: str
    lines: Mapping[str, LinePoints]
    own: str

    def svg(self) -> str:
        """Returns the document. Raises ValueError without any point."""
        points = [point for line in self.lines.values() for point in line]
        if not points:
            raise ValueError("a chart needs points")
        x_axis = _Axis.spanning([x for x, _ in points], LEFT, WIDTH - RIGHT)
        y_axis = _Axis.spanning([y for _, y in points], HEIGHT - BOTTOM, TOP)
        parts = [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}"'
            ' font-family="Helvetica, Arial, sans-serif" font-size="13">',
            f'<rect width="{WIDTH}" height="{HEIGHT}" fill="#ffffff"/>',
            f'<text x="{LEFT}" y="24" font-size="16" font-weight="bold" fill="#222222">{escape(self.title)}</text>',
            *self._grid(x_axis, y_axis),
            *self._lines(x_axis, y_axis),
            "</svg>",
        ]
        return "\n".join(parts) + "\n"

    def _grid(self, x_axis: _Axis, y_axis: _Axis) -> list[str]:
        parts = []
        for value in x_axis.ticks():
            x = x_axis.place(value)
            parts.append(_line(x, TOP, x, HEIGHT - BOTTOM))
            parts.append(_text(x, HEIGHT - BOTTOM + 18, _number(value), "middle"))
        for value in y_axis.ticks():
            y = y_axis.place(value)
            parts.append(_line(LEFT, y, WIDTH - RIGHT, y))
            parts.append(_text(LEFT - 8, y + 4, _number(value), "end"))
        middle = (LEFT + WIDTH - RIGHT) / 2
        parts.append(_text(middle, HEIGHT - 12, self.x_name, "middle"))
        parts.append(_text(LEFT, 42, self.y_name, "start"))
        return parts

    def _lines(self, x_axis: _Axis, y_axis: _Axis) -> list[str]:
        names = sorted((name for name in self.lines if self.lines[name]), key=lambda name: self.lines[name][-1][1])
        label_places = _spread([y_axis.place(self.lines[name][-1][1]) for name in names])
        parts = []
        others = sorted(name for name in self.lines if name != self.own)
        for name, label_y in zip(names, label_places, strict=True):
            is_own = name == self.own
            color = OWN_COLOR if is_own else COLORS[others.index(name) % len(COLORS)]
            places = [(x_axis.place(x), y_axis.place(y)) for x, y in self.lines[name]]
            path = " ".join(f"{x:.1f},{y:.1f}" for x, y in places)
            width = 3.5 if is_own else 1.8
            parts.append(f'<polyline points="{path}" fill="none" stroke="{color}" stroke-width="{width}"/>')
            parts.extend(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="{width:.1f}" fill="{color}"/>' for x, y in places)
            weight = ' font-weight="bold"' if is_own else ""
            label = f"{name}  {_number(self.lines[name][-1][1])}"
            parts.append(
                f'<text x="{places[-1][0] + 10:.1f}" y="{label_y + 4:.1f}" fill="{color}"{weight}>'
                f"{escape(label)}</text>"
            )
        return parts


@dataclass(frozen=True)
class _Axis:
    """A logarithmic axis from value `low` at the pixel `start` to `high` at `end`."""

    low: float
    high: float
    start: float
    end: float

    @classmethod
    def spanning(cls, values: Sequence[float], start: float, end: float) -> _Axis:
        """Returns an axis that has room for all values, all above 0."""
        low, high = min(values), max(values)
        return cls(low / 1.15, high * 1.15, start, end)

    def place(self, value: float) -> float:
        """Returns the pixel of a value."""
        share = math.log(value / self.low) / math.log(self.high / self.low)
        return self.start + share * (self.end - self.start)

    def ticks(self) -> list[float]:
        """Returns powers of ten, with twos and fives where few powers fit."""
        first, last = math.floor(math.log10(self.low)), math.ceil(math.log10(self.high))
        factors = (1, 2, 5) if last - first <= 3 else (1,)
        values = [factor * 10.0**power for power in range(first, last + 1) for factor in factors]
        return [value for value in values if self.low <= value <= self.high]


def _spread(places: Sequence[float]) -> list[float]:
    """Returns places for labels, at least LABEL_GAP apart; the given ones descend (pixels, the lowest line first)."""
    spread: list[float] = []
    for place in places:
        spread.append(place if not spread else min(place, spread[-1] - LABEL_GAP))
    overflow = TOP - spread[-1] if spread else 0.0
    return [place + max(0.0, overflow) for place in spread]


def _line(x1: float, y1: float, x2: float, y2: float) -> str:
    return f'<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}" stroke="#dddddd"/>'


def _text(x: float, y: float, text: str, anchor: str) -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" fill="#444444">{escape(text)}</text>'


def _number(value: float) -> str:
    return f"{value:,.0f}" if value >= 10 else f"{value:.2g}"

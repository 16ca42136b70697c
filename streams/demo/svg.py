"""The live view as an SVG picture, for a document. Pure."""

from __future__ import annotations

import io
import re

from rich.console import Console

from schemas.definitions import Definitions
from streams.demo.state import DemoState
from streams.demo.view import render

WIDTH = 120
# The picture stands for itself: readers use a font of theirs instead of fetching one.
_FONT = re.compile(r"@font-face \{.*?\}\s*", re.DOTALL)


def render_svg(state: DemoState, definitions: Definitions) -> str:
    """SVG text, 120 columns wide."""
    console = Console(width=WIDTH, record=True, file=io.StringIO(), force_terminal=True, color_system="truecolor")
    console.print(render(state, definitions))
    # A fixed id, so that the same state gives the same bytes.
    return _FONT.sub("", console.export_svg(title="leadstream demo", unique_id="demo"))

"""Renders the live view as an SVG image for a document. Pure."""

from __future__ import annotations

import io
import re

from rich.console import Console

from schemas.definitions import Definitions
from streams.demo.state import DemoState
from streams.demo.view import render

WIDTH = 120
# The image loads nothing from the network: without a web font, readers see a font of their own.
_FONT = re.compile(r"@font-face \{.*?\}\s*", re.DOTALL)


def render_svg(state: DemoState, definitions: Definitions) -> str:
    """Returns the text of an SVG image, `WIDTH` columns wide."""
    console = Console(width=WIDTH, record=True, file=io.StringIO(), force_terminal=True, color_system="truecolor")
    console.print(render(state, definitions, WIDTH))
    # With a fixed id the same state gives the same bytes.
    return _FONT.sub("", console.export_svg(title="leadstream demo", unique_id="demo"))

"""The argument of the commands that read files of definitions."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

DefinitionFilesArgument = Annotated[
    list[Path], typer.Argument(metavar="FILE...", help="Definitions in YAML or JSON.")
]

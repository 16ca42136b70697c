"""A worker process of the chaos: the real one, or one with a guard taken away.

Environment: `CHAOS_PROGRAM` names the program (programs.py), `CHAOS_WITHOUT` the guard. `CHAOS_CRASH` is the chance
to die between two steps of a transaction; `CHAOS_DEATHS` lists steps to die after once each, as soon as
the file DEATHS lies in the data folder.
"""

from __future__ import annotations

import os

from schemas.topics import SEGMENT_CHANGES
from streams.runtime.process.main import main
from streams.runtime.process.supervisor import end_with_parent
from streams.settings import Settings
from tests.programs.chaos.crashes import DEATHS, ByChance, Dies, InTurn, crashing
from tests.programs.chaos.guards import shell_without
from tests.programs.chaos.programs import PROGRAMS


def dies(settings: Settings) -> Dies:
    """What the environment says of dying."""
    steps = os.environ.get("CHAOS_DEATHS", "").split()
    if steps:
        return InTurn(steps, settings.prefix + SEGMENT_CHANGES.name, settings.data_dir / DEATHS)
    return ByChance(float(os.environ.get("CHAOS_CRASH", "0")))


if __name__ == "__main__":
    end_with_parent()
    settings = Settings()
    shell = shell_without(os.environ.get("CHAOS_WITHOUT", ""), crashing(dies(settings)))
    main(PROGRAMS[os.environ["CHAOS_PROGRAM"]].kind(settings), settings, shell)

"""A worker process of a chaos run: the real one, or one without one of its guards.

Environment: `CHAOS_PROGRAM` names the program (programs.py), `CHAOS_WITHOUT` the guard. `CHAOS_CRASH` is the chance
to die between two steps of a transaction. `CHAOS_DEATHS` lists steps after which to die once each, as soon as the
file `deaths` is in the data folder.
"""

from __future__ import annotations

import os

from schemas.topics import SEGMENT_CHANGES
from streams.runtime.process.main import main
from streams.runtime.process.supervisor import exit_with_parent
from streams.settings import Settings
from tests.programs.chaos.crashes import CRASH_FILE, CrashAtRandom, CrashDecision, CrashInOrder, crashing_producer
from tests.programs.chaos.guards import slot_manager_without
from tests.programs.chaos.programs import PROGRAMS


def crash_decision(settings: Settings) -> CrashDecision:
    """Returns the decision when to crash, from the environment."""
    steps = os.environ.get("CHAOS_DEATHS", "").split()
    if steps:
        return CrashInOrder(steps, settings.prefix + SEGMENT_CHANGES.name, settings.data_dir / CRASH_FILE)
    return CrashAtRandom(float(os.environ.get("CHAOS_CRASH", "0")))


if __name__ == "__main__":
    exit_with_parent()
    settings = Settings()
    manager_class = slot_manager_without(
        os.environ.get("CHAOS_WITHOUT", ""), crashing_producer(crash_decision(settings))
    )
    main(PROGRAMS[os.environ["CHAOS_PROGRAM"]].spec(settings), settings, manager_class)

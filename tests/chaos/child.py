"""A worker process of the chaos: the real one, or one with a guard taken away.

Environment: `CHAOS_PROGRAM` names the program (programs.py), `CHAOS_WITHOUT` the guard, `CHAOS_CRASH` is the chance
to die between two steps of a transaction.
"""

from __future__ import annotations

import os

from streams.runtime.parent import end_with_parent
from streams.runtime.worker import main
from streams.settings import Settings
from tests.chaos.guards import shell_without
from tests.chaos.programs import PROGRAMS

if __name__ == "__main__":
    end_with_parent()
    settings = Settings()
    shell = shell_without(os.environ.get("CHAOS_WITHOUT", ""), float(os.environ.get("CHAOS_CRASH", "0")))
    main(PROGRAMS[os.environ["CHAOS_PROGRAM"]].kind(settings), settings, shell)

"""A process that publishes the live events at an even rate until SIGTERM, and then prints its report as JSON."""

from __future__ import annotations

from benchmarks.backfill.contacts import LiveEvents
from benchmarks.live_edit.traffic import run_process

if __name__ == "__main__":
    run_process(lambda options: LiveEvents(options.contacts), __doc__)

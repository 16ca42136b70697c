"""A worker process of the counting program: `python -m tests.harness.runtime.counting_worker`, settings from the
environment.
"""

from __future__ import annotations

from streams.runtime.process.main import main
from streams.runtime.process.supervisor import exit_with_parent
from streams.settings import Settings
from tests.harness.runtime.counting_program import counting_spec

if __name__ == "__main__":
    exit_with_parent()
    settings = Settings()
    main(counting_spec(settings.partitions), settings)

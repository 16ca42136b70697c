"""A worker process of the counting program: `python -m tests.support.counting_worker`, settings from the
environment.
"""

from __future__ import annotations

from streams.runtime.parent import end_with_parent
from streams.runtime.worker import main
from streams.settings import Settings
from tests.support.counting import counting_kind

if __name__ == "__main__":
    end_with_parent()
    settings = Settings()
    main(counting_kind(settings.partitions), settings)

"""A parent with one chaos child: `python -m tests.programs.chaos.supervisor`, settings from the environment."""

from __future__ import annotations

import os
import sys

from streams.runtime.process import logs
from streams.runtime.process.supervisor import Child, supervise

if __name__ == "__main__":
    logs.configure("parent")
    child = Child("pipeline", [sys.executable, "-m", "tests.programs.chaos.worker"], dict(os.environ))
    sys.exit(supervise([child]))

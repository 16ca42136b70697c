"""A parent process with one chaos child: `python -m tests.chaos.one`, settings from the environment."""

from __future__ import annotations

import os
import sys

from streams.runtime import logs
from streams.runtime.parent import Child, supervise

if __name__ == "__main__":
    logs.configure("parent")
    child = Child("pipeline", [sys.executable, "-m", "tests.chaos.child"], dict(os.environ))
    sys.exit(supervise([child]))

"""The folder of a demo: a temporary one, or the one of `--keep`."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

from streams.errors import UsageError

KAFKA = "kafka"
"""The subfolder that `leadstream broker start --data-dir` looks for, too."""


class DemoFolder:
    """Where Kafka's data and the logs are; `path` is absolute.

    Raises UsageError where `keep` holds an earlier demo or cannot be made.
    """

    def __init__(self, keep: Path | None) -> None:
        self.is_kept = keep is not None
        if keep is None:
            self.path = Path(tempfile.mkdtemp(prefix="leadstream-demo-"))
            return
        self.path = keep.absolute()
        if (self.path / KAFKA).exists():
            raise UsageError(
                f"{keep} holds an earlier demo: `leadstream broker start --data-dir {keep}` starts its Kafka again;"
                " for a new demo name another folder, or remove this one"
            )
        try:
            self.path.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise UsageError(f"--keep {keep}: the folder cannot be made ({error.strerror})") from error

    @property
    def kafka(self) -> Path:
        """The folder of the broker."""
        return self.path / KAFKA

    def remove(self) -> None:
        """Removes a temporary folder; one of `--keep` stays."""
        if not self.is_kept:
            shutil.rmtree(self.path, ignore_errors=True)

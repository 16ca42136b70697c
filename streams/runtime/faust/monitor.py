"""A monitor with the attributes that Faust's core uses and without the counting, which costs time per message."""

from __future__ import annotations

from typing import Any

import faust
from mode import Service


class QuietMonitor(faust.Monitor):  # type: ignore[misc]  # Faust publishes no types
    """Counts nothing, so it looks at no argument."""

    @Service.task  # type: ignore[untyped-decorator]  # mode publishes no types
    async def _sampler(self) -> None:
        """Does nothing: Faust computes averages here every second."""

    def on_message_in(self, *_args: Any, **_options: Any) -> None:
        """Does nothing."""

    def on_stream_event_in(self, *_args: Any, **_options: Any) -> None:
        """Does nothing."""

    def on_stream_event_out(self, *_args: Any, **_options: Any) -> None:
        """Does nothing."""

    def on_message_out(self, *_args: Any, **_options: Any) -> None:
        """Does nothing."""

    def track_tp_end_offset(self, *_args: Any, **_options: Any) -> None:
        """Does nothing."""

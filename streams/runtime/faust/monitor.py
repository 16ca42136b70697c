"""The monitor: keeps the attributes that Faust's core touches and drops the counting, which is felt per message."""

from __future__ import annotations

from typing import Any

import faust


class QuietMonitor(faust.Monitor):  # type: ignore[misc]  # Faust publishes no types
    """Counts nothing."""

    def on_message_in(self, *_args: Any, **_options: Any) -> None:
        """Nothing."""

    def on_stream_event_in(self, *_args: Any, **_options: Any) -> None:
        """Nothing."""

    def on_stream_event_out(self, *_args: Any, **_options: Any) -> None:
        """Nothing."""

    def on_message_out(self, *_args: Any, **_options: Any) -> None:
        """Nothing."""

    def track_tp_end_offset(self, *_args: Any, **_options: Any) -> None:
        """Nothing."""

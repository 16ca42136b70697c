"""What an event is about, in a few words for the live view. Pure."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

DemoEvent = dict[str, Any]


def describe_event(event: DemoEvent) -> str:
    """A few words such as `visited /pricing` or `form_submitted: demo`."""
    kind = event["type"]
    if kind == "web.visited":
        return f"visited {urlsplit(event['url']).path}"
    if kind == "activity.recorded":
        detail = " ".join(str(value) for value in event.get("properties", {}).values())
        return f"{event['name']}: {detail}"
    if kind == "contact.changed":
        return f"status {event['status']}" if "status" in event else "profile changed"
    if kind == "score.adjusted":
        return f"score {event['points']:+d}"
    by = f" by {event['by']}" if "by" in event else ""
    return f"{kind}{by}"

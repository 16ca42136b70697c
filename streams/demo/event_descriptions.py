"""Describes an event in a few words for the live view. Pure."""

from __future__ import annotations

from urllib.parse import urlsplit

from streams.demo.traffic import DemoEvent


def describe_event(event: DemoEvent) -> str:
    """Returns a few words such as `visited /pricing` or `form_submitted: demo`."""
    event_type = event["type"]
    if event_type == "web.visited":
        return f"visited {urlsplit(event['url']).path}"
    if event_type == "activity.recorded":
        detail = " ".join(str(value) for value in event.get("properties", {}).values())
        return f"{event['name']}: {detail}"
    if event_type == "contact.changed":
        return f"status {event['status']}" if "status" in event else "profile changed"
    if event_type == "score.adjusted":
        return f"score {event['points']:+d}"
    by = f" by {event['by']}" if "by" in event else ""
    return f"{event_type}{by}"

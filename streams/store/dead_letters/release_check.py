"""Whether the release in force would refuse an event again that a decision refused."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from schemas.definitions import STANDARD_PROPERTIES, Definitions
from streams.engine.journal.effects import Refusal
from streams.engine.state.properties import validate_property


def refusal_by_release(event: Mapping[str, Any], definitions: Definitions | None) -> Refusal | None:
    """The refusal that is certain whatever the contact's state is; None where the event may be taken.

    `event` is valid in its in-topic; `definitions` are its account's, None where it has none.
    """
    if definitions is None:
        return None
    return next(_refusals(event, definitions), None)


def _refusals(event: Mapping[str, Any], definitions: Definitions) -> Iterator[Refusal]:
    kind, campaign, name = event["type"], event.get("campaign"), event.get("segment")
    names_campaign = kind.startswith("lead.") or (kind == "score.adjusted" and campaign is not None)
    if names_campaign and campaign not in {each.id for each in definitions.campaigns}:
        yield Refusal("unknown_campaign", f"no campaign is called {campaign} in the release in force")
    if kind.startswith("segment."):
        segment = next((each for each in definitions.segments if each.id == name), None)
        if segment is None:
            yield Refusal("unknown_segment", f"no segment is called {name} in the release in force")
        elif segment.dynamic:
            yield Refusal("segment_not_static", f"segment {name} is dynamic: its condition alone decides")
    if kind == "contact.changed":
        for each, value in event.get("properties", {}).items():
            property_type = definitions.properties.get(each) or STANDARD_PROPERTIES.get(each)
            result = validate_property(each, value, property_type, definitions.engine_version)
            if isinstance(result, Refusal):
                yield result

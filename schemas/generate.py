"""Writes the JSON Schema of every topic to schemas/json: `python -m schemas.generate`."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from functools import reduce
from operator import or_
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter

from schemas.definitions import Definitions
from schemas.events import clock, contacts, crm, leads, opportunities, releases, scores, segments, visits
from schemas.outputs import handovers, letters, revenue
from schemas.outputs import leads as lead_outputs
from schemas.outputs import segments as segment_outputs

FOLDER = Path(__file__).parent / "json"
DIALECT = "https://json-schema.org/draft/2020-12/schema"

MODELS: Mapping[str, tuple[type[Any], ...]] = {
    "contact-changes": (
        contacts.ContactChanged,
        contacts.ContactDeleted,
        contacts.ContactMerged,
        contacts.ContactIdentified,
        contacts.ContactErased,
    ),
    "web-visits": (visits.WebVisited, visits.ActivityRecorded),
    "scoring-events": (scores.ScoreAdjusted,),
    "lead-commands": (
        leads.LeadAdded,
        leads.LeadQualified,
        leads.LeadRejected,
        leads.LeadRemoved,
        leads.LeadReactivated,
    ),
    "segment-commands": (segments.SegmentMemberAdded, segments.SegmentMemberRemoved),
    "crm-opportunities": (opportunities.OpportunityChanged,),
    "crm-results": (crm.CrmLinked, crm.CrmFailed, crm.CrmOutcome),
    "definitions": (releases.DefinitionsApplied,),
    "clock": (clock.ClockAdvanced,),
    "segment-changes": (segment_outputs.SegmentEntered, segment_outputs.SegmentExited),
    "segment-members": (segment_outputs.SegmentMember,),
    "lead-changes": (lead_outputs.LeadStatusChanged, lead_outputs.LeadPointsChanged),
    "leads": (lead_outputs.LeadRow,),
    "qualified-leads": (handovers.LeadHandedOver,),
    "campaign-revenue": (revenue.CampaignRevenue,),
    "dead-letters.headers": (letters.DeadLetterHeaders,),
    "account-definitions": (Definitions,),
}
"""Topic (and what else travels) -> the models of its records."""


def json_schema(name: str) -> dict[str, Any]:
    """The JSON Schema of a topic's values: any of its types, and any field besides the known ones."""
    any_of_them: Any = reduce(or_, MODELS[name])
    body = TypeAdapter(any_of_them).json_schema(by_alias=True)
    return {"$schema": DIALECT, "title": name, **{key: value for key, value in body.items() if key != "title"}}


def schema_text(name: str) -> str:
    """The file's text."""
    return json.dumps(json_schema(name), indent=2, ensure_ascii=False, sort_keys=True) + "\n"


def write_schemas() -> list[Path]:
    """Writes every file and removes those of topics that are no more; returns what was written."""
    FOLDER.mkdir(exist_ok=True)
    for stale in FOLDER.glob("*.json"):
        if stale.name.removesuffix(".json") not in MODELS:
            stale.unlink()
    written = []
    for name in MODELS:
        path = FOLDER / f"{name}.json"
        path.write_text(schema_text(name), encoding="utf-8")
        written.append(path)
    return written


if __name__ == "__main__":
    sys.stdout.write("".join(f"{path.name}\n" for path in write_schemas()))

"""Leads of ours that people merged into others: the conversion of a survivor without a key is theirs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import msgspec

from connectors.salesforce.opportunities.org_opportunity import LeadOrigin
from connectors.salesforce.opportunities.queries import OpportunityQueries

MAX_MERGES = 10
"""How many merges are followed from one record to the next."""

MergedLeads = Mapping[str, Mapping[str, LeadOrigin]]
"""Id of a survivor -> id of a Lead of ours that was merged into it -> that Lead."""


@dataclass(frozen=True, slots=True)
class SurvivingLeads:
    """What became of the survivors: converted ones by opportunity, and those that may still be converted."""

    converted: dict[str, list[LeadOrigin]] = field(default_factory=dict)
    waiting: MergedLeads = field(default_factory=dict)


def follow_merges(queries: OpportunityQueries, merged: MergedLeads) -> SurvivingLeads:
    """Follows Leads to the survivors, over several merges, in a request for each; none where nothing was merged.

    A survivor with a key is left out: it is found by that, and what happens to it is that contact's.
    """
    converted: dict[str, list[LeadOrigin]] = {}
    waiting: dict[str, Mapping[str, LeadOrigin]] = {}
    for _ in range(MAX_MERGES):
        further: dict[str, dict[str, LeadOrigin]] = {}
        for row in queries.survivors(merged):
            survivor, opportunity, master = str(row["Id"]), row["ConvertedOpportunityId"], row["MasterRecordId"]
            leads = merged[survivor]
            if opportunity is not None:
                date = str(row["ConvertedDate"] or "")
                converted.setdefault(str(opportunity), []).extend(
                    msgspec.structs.replace(lead, merged_into=survivor, converted=date) for lead in leads.values()
                )
            elif not row["IsDeleted"] and not row["IsConverted"]:
                waiting[survivor] = leads
            elif row["IsDeleted"] and master is not None:
                further.setdefault(str(master), {}).update(leads)
        if not further:
            break
        merged = further
    return SurvivingLeads(converted, waiting)

"""The metrics of API usage, org by org."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from connectors.salesforce.org.directory import DEFAULT_ORG
from connectors.salesforce.org.orgs_file import DEFAULT_LABEL
from connectors.salesforce.org.usage import ApiUsage
from streams.metrics import catalog
from streams.metrics.report import MetricValue, value_of


def usage_values(usages: Mapping[str, ApiUsage]) -> Iterator[MetricValue]:
    """The values by the names of orgs; the default one is called `default`."""
    for name, usage in usages.items():
        org = DEFAULT_LABEL if name == DEFAULT_ORG else name
        for outcome, count in usage.calls.items():
            yield value_of(catalog.SALESFORCE_CALLS, count, org, outcome)
        remaining = usage.remaining
        if remaining is not None and usage.limit is not None:
            yield value_of(catalog.SALESFORCE_LIMIT, usage.limit, org)
            yield value_of(catalog.SALESFORCE_LEFT, remaining, org)
        if usage.known_at is not None:
            yield value_of(catalog.SALESFORCE_LIMIT_KNOWN, usage.known_at, org)

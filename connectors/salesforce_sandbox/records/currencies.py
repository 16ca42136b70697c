"""Several currencies: the codes and rates of an org, and the field that says in which one an amount is."""

from __future__ import annotations

from collections.abc import Mapping

from connectors.salesforce_sandbox.records.schema import SObject, SObjectField, define_sobject
from connectors.salesforce_sandbox.records.store import RecordStore

CURRENCY_FIELD = "CurrencyIsoCode"
CURRENCY_TYPE = define_sobject(
    "CurrencyType",
    "01L",
    SObjectField("IsoCode", "picklist", length=3, required=True, label="Currency ISO Code"),
    SObjectField("ConversionRate", "double", precision=18, scale=9, required=True, label="Conversion Rate"),
    SObjectField("DecimalPlaces", "int", precision=1, default=2, label="Decimal Places"),
    SObjectField("IsActive", "boolean", default=True, label="Active"),
    SObjectField("IsCorporate", "boolean", default=False, label="Corporate Currency"),
)
_OBJECTS = ("Lead", "Account", "Contact", "Opportunity", "Campaign", "CampaignMember")


def activate_currencies(
    store: RecordStore, schema: dict[str, SObject], corporate: str, rates: Mapping[str, float]
) -> None:
    """Gives an org several currencies: its own, whose rate is 1, and others by how many of them one of its own is.

    Every object with amounts gets a currency field, and what exists is in the org's own. Raises ValueError for an org
    that has them already.
    """
    if CURRENCY_TYPE.name in schema:
        raise ValueError("the org has several currencies already")
    schema[CURRENCY_TYPE.name] = CURRENCY_TYPE
    codes = {corporate: 1.0, **rates}
    for code, rate in codes.items():
        values = {"IsoCode": code, "ConversionRate": float(rate), "IsCorporate": code == corporate}
        store.insert(CURRENCY_TYPE, values)
    field = SObjectField(
        CURRENCY_FIELD,
        "picklist",
        length=3,
        default=corporate,
        picklist=tuple(codes),
        restricted=True,
        label="Currency ISO Code",
    )
    for name in _OBJECTS:
        former = schema[name]
        schema[name] = former.with_field(field)
        store.redefine(former, schema[name])


def conversion_rates(store: RecordStore) -> dict[str, float]:
    """Returns how many of each currency one of the org's own is; empty for an org with one currency."""
    return {row["IsoCode"]: row["ConversionRate"] for row in store.all_rows(CURRENCY_TYPE.name)}

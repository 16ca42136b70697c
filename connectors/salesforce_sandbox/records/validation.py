"""Validation rules: conditions under which an org refuses a record, as its administrator wrote them."""

from __future__ import annotations

from dataclasses import dataclass

from connectors.salesforce_sandbox.api_errors import ApiError
from connectors.salesforce_sandbox.records.schema import SObject
from connectors.salesforce_sandbox.records.store import SandboxRow
from connectors.salesforce_sandbox.soql.execution import compile_rule
from connectors.salesforce_sandbox.soql.paths import QueryContext
from connectors.salesforce_sandbox.soql.syntax import SoqlCondition


@dataclass(frozen=True, slots=True)
class ValidationRule:
    """Refuses records of `sobject` that fulfil a condition; the message stands at `field`, or at none."""

    sobject: str
    condition: SoqlCondition
    message: str
    field: str | None = None

    def check(self, context: QueryContext, sobject: SObject, row: SandboxRow) -> None:
        """Checks a record as it will be. Raises ApiError when it is refused."""
        if sobject.name == self.sobject and compile_rule(context, sobject, self.condition)(row):
            raise ApiError("FIELD_CUSTOM_VALIDATION_EXCEPTION", self.message, [self.field] if self.field else [])

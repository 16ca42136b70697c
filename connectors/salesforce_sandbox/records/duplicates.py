"""Duplicate rules: they report, warn or block when a record resembles another one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal, get_args

from connectors.salesforce_sandbox.api_errors import ApiError
from connectors.salesforce_sandbox.records.schema import SObject
from connectors.salesforce_sandbox.records.store import RecordStore, SandboxRow

DuplicateAction = Literal["report", "alert", "block"]
_MESSAGE = "Use one of these records?"


@dataclass(frozen=True, slots=True)
class DuplicateRule:
    """A rule for records of `sobject`: they are doubles of those of `match` whose `fields` all have the same values.

    `report` saves them, `alert` refuses them unless the request says `allowSave=true`, `block` refuses them always.
    """

    sobject: str = "Lead"
    match: tuple[str, ...] = ("Lead",)
    fields: tuple[str, ...] = ("Email",)
    action: DuplicateAction = "alert"

    def __post_init__(self) -> None:
        if self.action not in get_args(DuplicateAction):
            raise ValueError(f"unknown action {self.action!r}: one of {', '.join(get_args(DuplicateAction))}")

    def check(
        self,
        store: RecordStore,
        sobject: SObject,
        row: SandboxRow,
        changes: SandboxRow,
        *,
        allow_save: bool,
        version: str,
    ) -> None:
        """Checks a record as it will be, of whose fields `changes` are new. Raises ApiError when it is refused.

        `version` of the API is that of the addresses in the error.
        """
        if sobject.name != self.sobject or not any(name in changes for name in self.fields):
            return
        if self.action == "report" or (self.action == "alert" and allow_save):
            return
        results = [result for name in self.match if (result := self._match(store, name, row, version)) is not None]
        if results:
            raise ApiError("DUPLICATES_DETECTED", _MESSAGE, duplicate_result=self._describe(results))

    def _match(self, store: RecordStore, name: str, row: SandboxRow, version: str) -> dict[str, Any] | None:
        wanted = {field: row.get(field) for field in self.fields}
        if any(value is None for value in wanted.values()):
            return None
        first, value = next(iter(wanted.items()))
        candidates = store.find(name, first, str(value)) if first == "Email" else store.rows(name)
        doubles = [
            other
            for other in candidates
            if other["Id"] != row.get("Id")
            and not other.get("IsConverted")
            and all(str(other.get(field)).casefold() == str(each).casefold() for field, each in wanted.items())
        ]
        if not doubles:
            return None
        return {
            "entityType": name,
            "errors": [],
            "matchEngine": "FuzzyMatchEngine",
            "matchRecords": [_match_record(name, other["Id"], version) for other in doubles],
            "rule": f"Standard_{name}_Match_Rule_v1_1",
            "size": len(doubles),
            "success": True,
        }

    def _describe(self, results: list[dict[str, Any]]) -> dict[str, Any]:
        return {
            "allowSave": self.action == "alert",
            "duplicateRule": f"Standard_{self.sobject}_Duplicate_Rule",
            "duplicateRuleEntityType": self.sobject,
            "errorMessage": _MESSAGE,
            "matchResults": results,
        }


def _match_record(name: str, record_id: str, version: str) -> dict[str, Any]:
    attributes = {"type": name, "url": f"/services/data/v{version}/sobjects/{name}/{record_id}"}
    return {
        "additionalInformation": [],
        "fieldDiffs": [],
        "matchConfidence": 100.0,
        "record": {"attributes": attributes, "Id": record_id},
    }

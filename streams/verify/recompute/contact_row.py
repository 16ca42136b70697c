"""The row of `contacts`: what it shows of a contact, and the instant since which it shows that (SPEC section 2)."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from streams.verify.recompute.model import ContactModel
from streams.verify.recompute.releases import JournalRelease

FIRST_VERSION = 4
"""The engine version from which on the contacts of an account have rows."""


@dataclass(frozen=True)
class RecomputedContactRow:
    """The row of a contact, as of the last record that changed what it shows; instants in ms."""

    at: int
    status: str
    properties: dict[str, Any]
    score: float
    scores: dict[str, float]
    created: int
    last_seen: int | None
    """The latest visit or activity."""

    def visible_json(self) -> str:
        """What a reader sees besides `at`; 1, 1.0 and true are three values, the order of keys is none."""
        fields = (self.status, self.properties, self.score, self.scores, self.created, self.last_seen)
        return json.dumps(fields, sort_keys=True)


def has_contact_rows(release: JournalRelease | None) -> bool:
    """Whether contacts have rows under the release; None is no release."""
    return release is not None and release.definitions.engine_version >= FIRST_VERSION


def next_row(former: RecomputedContactRow | None, model: ContactModel, at: int) -> RecomputedContactRow:
    """Returns the row after a record decided at the instant `at` (ms): `former` where a reader sees no difference."""
    row = RecomputedContactRow(
        at,
        model.status,
        model.properties,
        model.score,
        dict(model.scores),
        model.created,
        max((activity.at for activity in model.activities), default=None),
    )
    return former if former is not None and former.visible_json() == row.visible_json() else row

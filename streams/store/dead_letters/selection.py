"""Which dead letters a question is about."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field, replace

from schemas.topics import LEDGER_IN, PIPELINE_IN
from schemas.values import normalize_contact_id
from streams.kafka.deployment import DeploymentRecord
from streams.store.dead_letters.letter import Letter, LetterCoordinates

SOURCE_TOPICS = tuple(topic.name for topic in (*PIPELINE_IN, *LEDGER_IN))
"""The in-topics that dead letters come from, without prefix."""


@dataclass(frozen=True, slots=True)
class LetterSelection:
    """What letters must meet; what is empty or None holds for any. Instants in ms.

    `since` and `until` bound the time of writing, the first included. `topics` are in-topics without prefix.
    """

    codes: Collection[str] = ()
    topics: Collection[str] = ()
    since: int | None = None
    until: int | None = None
    account: str | None = None
    contact: str | None = None
    coordinates: Collection[LetterCoordinates] = field(default_factory=frozenset)
    is_retried: bool | None = None
    normalizes_ids: bool = False
    """Whether `contact` is a normalized id, and so are those of the letters to be."""

    def in_deployment(self, deployment: DeploymentRecord) -> LetterSelection:
        """The selection, which finds a contact however its id is written, where the deployment normalizes ids."""
        if self.contact is None or not deployment.normalize_ids:
            return self
        return replace(self, contact=deployment.contact_id(self.contact), normalizes_ids=True)

    def fits(self, letter: Letter, *, is_retried: bool) -> bool:
        """Whether a letter is meant; `is_retried` says that it was sent again."""
        return (
            (not self.coordinates or letter.coordinates in self.coordinates)
            and (not self.codes or letter.code in self.codes)
            and (not self.topics or (letter.source is not None and letter.source[0] in self.topics))
            and (self.since is None or letter.timestamp >= self.since)
            and (self.until is None or letter.timestamp < self.until)
            and self.account in (None, letter.account)
            and self.contact in (None, self._contact_of(letter))
            and self.is_retried in (None, is_retried)
        )

    def _contact_of(self, letter: Letter) -> str | None:
        contact = letter.contact
        return normalize_contact_id(contact) if contact is not None and self.normalizes_ids else contact

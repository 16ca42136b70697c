"""The names of all keys of the read models in Redis; docs/views.md describes them as an interface.

Keys of one account share the hash tag `{account}`, so that a Redis Cluster has them in one slot. A generation is one
whole set of them: a rebuild makes another, and the deployment's hash names the one that readers see.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from schemas.definitions import LeadStatus


@dataclass(frozen=True)
class DeploymentKeys:
    """The keys of a deployment that belong to no account; `prefix` is that of its topics."""

    prefix: str = ""

    @property
    def deployment(self) -> str:
        """A hash: the `generation` that readers see, when it was `built`, and how far back history reaches."""
        return f"{self.prefix}leadstream:deployment"

    @property
    def generations(self) -> str:
        """The set of the generations that have keys; all but the one that readers see are on their way out or in."""
        return f"{self.prefix}leadstream:generations"

    def accounts(self, generation: int) -> str:
        """The set of the accounts that have keys in a generation."""
        return f"{self.prefix}leadstream:accounts:{generation}"

    def progress(self, generation: int) -> str:
        """A hash: `topic:partition` to JSON with position, end, and when; of one generation."""
        return f"{self.prefix}leadstream:progress:{generation}"

    @property
    def rebuild(self) -> str:
        """A text while a rebuild runs: JSON with generation, done and total; it expires with its process."""
        return f"{self.prefix}leadstream:rebuild"

    def generation_pattern(self, number: int) -> str:
        """What the keys of all accounts in a generation match; a prefix has no character that means more here."""
        return f"{self.prefix}leadstream:{{*}}:{number}:*"

    def generation(self, account: str, number: int) -> GenerationKeys:
        """The keys of an account in a generation."""
        return GenerationKeys(f"{self.prefix}leadstream:{{{account}}}:{number}:")


@dataclass(frozen=True)
class GenerationKeys:
    """The keys of an account in one generation; `base` is what all of them begin with."""

    base: str

    @cached_property
    def offsets(self) -> str:
        """A hash: `topic:partition` to the offset of the next record to apply; `feed` to the last position."""
        return f"{self.base}offsets"

    @cached_property
    def contacts(self) -> str:
        """A sorted set of all contacts, every score 0: in the order of their bytes."""
        return f"{self.base}contacts"

    def contact(self, contact: str) -> str:
        """A hash: `row` (JSON), `created`, `m:SEGMENT` (since, ms), `l:CAMPAIGN` (a lead's JSON), `s:CAMPAIGN`."""
        return f"{self.base}contact:{contact}"

    def timeline(self, contact: str) -> str:
        """A sorted set of changes by the time of writing (ms); a member is `PLACE POSITION SUBJECT JSON`."""
        return f"{self.base}timeline:{contact}"

    @cached_property
    def segments(self) -> str:
        """The set of the segments that have or had members."""
        return f"{self.base}segments"

    def members(self, segment: str) -> str:
        """A sorted set of members by the instant of their entry (ms)."""
        return f"{self.base}members:{segment}"

    def flow(self, segment: str) -> str:
        """A hash: `STEP:BEGINNING:in` and `:out` to how many entered and left in that step (m, h; ms)."""
        return f"{self.base}flow:{segment}"

    @cached_property
    def campaigns(self) -> str:
        """The set of the campaigns that have or had leads or revenue."""
        return f"{self.base}campaigns"

    def leads(self, campaign: str, status: LeadStatus) -> str:
        """A sorted set of contacts by the instant of the last change of their lead (ms)."""
        return f"{self.base}leads:{campaign}:{status}"

    def points(self, campaign: str) -> str:
        """A sorted set of contacts whose lead is not deleted, by its points."""
        return f"{self.base}points:{campaign}"

    def funnel(self, campaign: str) -> str:
        """A hash of counts: `handed_over`, and the outcomes `open`, `won`, `lost`."""
        return f"{self.base}funnel:{campaign}"

    def revenue(self, campaign: str) -> str:
        """A hash: currency to the JSON of `campaign-revenue`."""
        return f"{self.base}revenue:{campaign}"

    @cached_property
    def changes(self) -> str:
        """A stream of the account's latest changes: field `json`."""
        return f"{self.base}changes"

    def segment_changes(self, segment: str) -> str:
        """A stream of a segment's latest changes."""
        return f"{self.base}changes:segment:{segment}"

    def campaign_changes(self, campaign: str) -> str:
        """A stream of a campaign's latest changes."""
        return f"{self.base}changes:campaign:{campaign}"

    @cached_property
    def erased(self) -> str:
        """A sorted set of hashes of contacts without a row, by when that was written (ms): late changes find it."""
        return f"{self.base}erased"

"""One instant at which a contact is settled, for one reason: a record, a release, or time alone."""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal

from streams.verify.recompute.contact import Told
from streams.verify.recompute.leads.decay import added, decayed, rounded
from streams.verify.recompute.leads.lead_rules import LeadCampaign, LeadRules
from streams.verify.recompute.leads.lead_state import Life, Row, RuleKey
from streams.verify.recompute.memberships import Ask
from streams.verify.recompute.model import Condition, Event, Lead


@dataclass
class Moment:
    """What is known while the instant is settled, and what has become of leads in it."""

    told: Told
    rules: LeadRules
    now: int
    ask: Ask
    happening: Event | None = None
    """The visit or activity that the record is."""
    token: str = ""
    """The campaign that the visit names."""
    fired: set[tuple[str, RuleKey]] = field(default_factory=set)
    """Rules that fired: each at most once."""
    made: set[str] = field(default_factory=set)
    left: set[str] = field(default_factory=set)
    """Campaigns whose lead was made, or judged to have left: each at most once."""
    before: dict[str, dict[RuleKey, bool]] = field(default_factory=dict)
    """Campaign -> what its rules came to before this instant."""
    unknown: set[tuple[str, RuleKey]] = field(default_factory=set)
    """Rules of which the present truth is the one before."""
    touched: set[str] = field(default_factory=set)
    """Campaigns whose lead is written anew."""

    @property
    def leads(self) -> dict[str, Life]:
        """Campaign -> lead."""
        return self.told.lives

    def taking(self, campaign: str) -> Life | None:
        """The campaign's lead if it takes points and automation."""
        life = self.leads.get(campaign)
        return life if life is not None and life.takes else None

    def look(self, hand: str = "") -> None:
        """Shows the leads as they stand now to conditions; `hand` is the campaign whose lead is at hand."""
        self.told.world.hand = hand
        self.told.world.leads = {
            campaign: Lead(life.made, life.status, life.worth(self.now, self.rules.half_life(campaign)))
            for campaign, life in self.leads.items()
        }

    def becomes_true(self, campaign: LeadCampaign, life: Life, key: RuleKey, when: Condition) -> bool:
        """Whether a rule's condition is true and was not before this instant; each may fire once."""
        self.look(campaign.id)
        truth = self.ask(when, self.now)
        before = self.before.setdefault(campaign.id, dict(life.truths))
        if (campaign.id, key) in self.unknown:
            self.unknown.discard((campaign.id, key))
            before[key] = truth
        life.truths[key] = truth
        return truth and not before.get(key, False) and (campaign.id, key) not in self.fired

    def make(self, campaign: str) -> str | None:
        """A new lead, or one made anew that keeps what the CRM said; or why there can be none."""
        found = self.rules.campaign[campaign]
        if self.told.world.status != "active":
            return "contact_not_active"
        if not found.runs(self.now):
            return "campaign_not_running"
        if campaign in self.made:
            return "made_already"
        former = self.leads.get(campaign)
        status = "qualified" if found.definition.auto_qualify else "active"
        crm, row = (former.crm, former.row) if former else ({}, None)
        self.leads[campaign] = Life(self.now, self.now, self.now, status, crm=crm, row=row)
        self.before[campaign] = {}
        self.unknown = {entry for entry in self.unknown if entry[0] != campaign}
        self.made.add(campaign)
        self.touched.add(campaign)
        return None

    def move(self, campaign: str, status: str, ended_by: str = "") -> bool:
        """Takes a lead to a status; whether it had another one."""
        life = self.leads[campaign]
        if life.status == status:
            return False
        life.fold(self.now, self.rules.half_life(campaign))
        before, took = life.status, life.takes
        life.status, life.changed = status, self.now
        life.ended_by = ended_by if status == "deleted" else ""
        if not life.takes:
            life.points = rounded(life.points)
        elif not took:
            self._take_up(campaign, life, anew=before == "deleted")
        self.touched.add(campaign)
        return True

    def add_points(self, campaign: str, amount: Decimal, at: int) -> bool:
        """Adds millionths, decayed from their own instant; whether the points are others then."""
        life, half_life = self.leads[campaign], self.rules.half_life(campaign)
        folded = decayed(life.points, self.now - life.since, half_life)
        after = added(folded, decayed(amount, self.now - at, half_life))
        is_other = rounded(after) != rounded(folded)
        if is_other or life.since == self.now:
            life.points = after
        if is_other:
            life.since = self.now
            self.touched.add(campaign)
        return is_other

    def finish(self) -> None:
        """Rounds what was reckoned exactly, and writes the rows of the leads that something became of."""
        for campaign, life in self.leads.items():
            if life.since == self.now:
                life.points = rounded(life.points)
            if campaign in self.touched:
                points = life.worth(self.now, self.rules.half_life(campaign))
                life.row = Row(self.now, life.status, points, life.made, life.changed, dict(life.crm))

    def _take_up(self, campaign: str, life: Life, *, anew: bool) -> None:
        """A lead that takes points again: what is true at present counts as true before."""
        life.since = self.now
        if anew:
            life.points, life.made, life.awards = Decimal(0), self.now, {}
        life.truths = {}
        self.before[campaign] = {}
        if campaign in self.rules.campaign:
            self.unknown |= {(campaign, key) for key in self.rules.campaign[campaign].conditions()}

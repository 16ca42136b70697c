"""A contact's leads, told from instant to instant: what depends on the order in which rules fired (SPEC section 7).

Nothing of a condition is kept but whether it was true at the instant before, which is what an edge is. It is asked of
the whole history at every record, and in between at every instant at which time alone may change it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from streams.verify.recompute.contact import RecomputedContact
from streams.verify.recompute.interval import Interval
from streams.verify.recompute.leads.audiences import create_leads
from streams.verify.recompute.leads.automation import run_automation
from streams.verify.recompute.leads.decay import first_crossing, round_points
from streams.verify.recompute.leads.lead_instant import LeadInstant
from streams.verify.recompute.leads.lead_rules import LeadCampaign, LeadRules
from streams.verify.recompute.leads.lead_state import LeadState
from streams.verify.recompute.leads.scoring import award_points
from streams.verify.recompute.memberships import compute_members
from streams.verify.recompute.model import PlainCondition
from streams.verify.recompute.releases import JournalRelease

LeadRulesLookup = Callable[[JournalRelease | None], LeadRules]


class LeadHistory:
    """Of one contact, from its first record on."""

    def __init__(self, contact: RecomputedContact, rules_of: LeadRulesLookup) -> None:
        self._contact = contact
        self._rules_of = rules_of
        self._rules = rules_of(contact.release)
        self._last_instant = contact.clock
        self._interval = Interval(contact.model, self._last_instant)

    def advance_to(self, now: int) -> None:
        """What time alone does before an instant, each at its own."""
        if not self._rules.campaigns:
            return
        known = self._interval.change_instants(self._rules.leaves, now)
        while True:
            coming = (*known, *self._campaign_instants(), *self._lead_instants(now))
            following = min((at for at in coming if self._last_instant < at < now), default=None)
            if following is None:
                return
            self._settle(LeadInstant(self._contact, self._rules, following, self._evaluate))

    def refresh_model(self, now: int) -> None:
        """Shows conditions the leads as they stand at an instant, nothing having happened since."""
        LeadInstant(self._contact, self._rules, now, self._evaluate).refresh_model()

    def open_instant(self, now: int) -> LeadInstant:
        """A record or a release: points are decayed to its instant."""
        for campaign, life in self._contact.leads.items():
            life.decay_to(now, self._rules.half_life(campaign))
        return LeadInstant(self._contact, self._rules, now, self._evaluate)

    def change_release(self, lead_instant: LeadInstant, former: JournalRelease | None) -> None:
        """The release that is told now decides from this moment on."""
        known = self._rules_of(former)
        self._rules = lead_instant.rules = self._rules_of(self._contact.release)
        for campaign in self._rules.campaigns:
            life = lead_instant.open_lead(campaign.id)
            if life is not None:
                _change_rules(lead_instant, known.campaigns_by_id.get(campaign.id), campaign, life)

    def close_instant(self, lead_instant: LeadInstant) -> None:
        """Settles the contact once the record is applied."""
        self._interval = Interval(self._contact.model, lead_instant.now)
        self._settle(lead_instant)

    def _settle(self, lead_instant: LeadInstant) -> None:
        """Segments, audiences, scoring, automation; again while something changed."""
        release = self._contact.release
        changed = release is not None and bool(self._rules.campaigns)
        while changed and release is not None:
            lead_instant.refresh_model()
            compute_members(
                self._contact.model, release, lead_instant.now, self._contact.fixed_memberships, self._evaluate
            )
            changed = create_leads(lead_instant)
            changed |= award_points(lead_instant)
            changed |= run_automation(lead_instant)
        lead_instant.finish()
        self._last_instant = lead_instant.now

    def _evaluate(self, condition: PlainCondition, now: int) -> bool:
        return self._interval.holds(condition, now)

    def _campaign_instants(self) -> Iterator[int]:
        for campaign in self._rules.campaigns:
            yield from (at for at in (campaign.starts, campaign.ends) if at is not None)

    def _lead_instants(self, until: int) -> Iterator[int]:
        """When a lead comes to an age, or its points decay to a number, that a condition speaks of."""
        for campaign, life in self._contact.leads.items():
            for age in self._rules.age_thresholds:
                yield from (life.created + age, life.created + age + 1)
            half_life = self._rules.half_life(campaign)
            if half_life is None or not life.is_open:
                continue
            for number in self._rules.point_thresholds:
                at = first_crossing(lambda at: life.points_at(at, half_life), number, self._last_instant, until - 1)  # noqa: B023
                if at is not None:
                    yield at


def _change_rules(
    lead_instant: LeadInstant, former: LeadCampaign | None, campaign: LeadCampaign, lead: LeadState
) -> None:
    """Rules that are new or changed begin with their present truth, unless they are to apply to existing leads."""
    lead.decayed_to = lead_instant.now  # what decays under this release does so from here
    if campaign.definition.half_life is None:
        lead.points = round_points(lead.points)
    known, wanted = former.conditions() if former else {}, campaign.conditions()
    lead.truths = {key: truth for key, truth in lead.truths.items() if key in wanted}
    existing = {rule.key for rule in campaign.automation if rule.apply_to_existing}
    lead_instant.rules_without_baseline |= {
        (campaign.id, key) for key, when in wanted.items() if known.get(key) != when and key not in existing
    }

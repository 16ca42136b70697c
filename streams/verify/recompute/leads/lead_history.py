"""A contact's leads, told from instant to instant: what depends on the order in which rules fired (SPEC section 7).

Nothing of a condition is kept but whether it was true at the instant before, which is what an edge is. It is asked of
the whole history at every record, and in between at every instant at which time alone may change it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from streams.verify.recompute.contact import Told
from streams.verify.recompute.interval import Stretch
from streams.verify.recompute.leads.audiences import take_in
from streams.verify.recompute.leads.automation import automate
from streams.verify.recompute.leads.decay import first_otherwise, rounded
from streams.verify.recompute.leads.lead_instant import Moment
from streams.verify.recompute.leads.lead_rules import LeadCampaign, LeadRules
from streams.verify.recompute.leads.lead_state import Life
from streams.verify.recompute.leads.scoring import award
from streams.verify.recompute.memberships import members
from streams.verify.recompute.model import Condition
from streams.verify.recompute.releases import InForce

RulesOf = Callable[[InForce | None], LeadRules]


class Story:
    """Of one contact, from its first record on."""

    def __init__(self, told: Told, rules_of: RulesOf) -> None:
        self._told = told
        self._rules_of = rules_of
        self._rules = rules_of(told.release)
        self._at = told.clock
        self._stretch = Stretch(told.world, self._at)

    def pass_to(self, now: int) -> None:
        """What time alone does before an instant, each at its own."""
        if not self._rules.campaigns:
            return
        known = self._stretch.instants(self._rules.leaves, now)
        while True:
            coming = (*known, *self._instants_of_campaigns(), *self._instants_of_leads(now))
            following = min((at for at in coming if self._at < at < now), default=None)
            if following is None:
                return
            self._settle(Moment(self._told, self._rules, following, self._ask))

    def look(self, now: int) -> None:
        """Shows conditions the leads as they stand at an instant, nothing having happened since."""
        Moment(self._told, self._rules, now, self._ask).look()

    def begin(self, now: int) -> Moment:
        """A record or a release: points are decayed to its instant."""
        for campaign, life in self._told.lives.items():
            life.fold(now, self._rules.half_life(campaign))
        return Moment(self._told, self._rules, now, self._ask)

    def change_release(self, moment: Moment, former: InForce | None) -> None:
        """The release that is told now decides from this moment on."""
        known = self._rules_of(former)
        self._rules = moment.rules = self._rules_of(self._told.release)
        for campaign in self._rules.campaigns:
            life = moment.taking(campaign.id)
            if life is not None:
                _change_rules(moment, known.campaign.get(campaign.id), campaign, life)

    def end(self, moment: Moment) -> None:
        """Settles the contact once the record is applied."""
        self._stretch = Stretch(self._told.world, moment.now)
        self._settle(moment)

    def _settle(self, moment: Moment) -> None:
        """Segments, audiences, scoring, automation; again while something changed."""
        release = self._told.release
        changed = release is not None and bool(self._rules.campaigns)
        while changed and release is not None:
            moment.look()
            members(self._told.world, release, moment.now, self._told.kept, self._ask)
            changed = take_in(moment)
            changed |= award(moment)
            changed |= automate(moment)
        moment.finish()
        self._at = moment.now

    def _ask(self, condition: Condition, now: int) -> bool:
        return self._stretch.holds(condition, now)

    def _instants_of_campaigns(self) -> Iterator[int]:
        for campaign in self._rules.campaigns:
            yield from (at for at in (campaign.starts, campaign.ends) if at is not None)

    def _instants_of_leads(self, until: int) -> Iterator[int]:
        """When a lead comes to an age, or its points decay to a number, that a condition speaks of."""
        for campaign, life in self._told.lives.items():
            for age in self._rules.ages:
                yield from (life.made + age, life.made + age + 1)
            half_life = self._rules.half_life(campaign)
            if half_life is None or not life.takes:
                continue
            for number in self._rules.numbers:
                at = first_otherwise(lambda at: life.worth(at, half_life), number, self._at, until - 1)  # noqa: B023
                if at is not None:
                    yield at


def _change_rules(moment: Moment, former: LeadCampaign | None, campaign: LeadCampaign, life: Life) -> None:
    """Rules that are new or changed begin with their present truth, unless they are to apply to existing leads."""
    life.since = moment.now  # what decays under this release does so from here
    if campaign.definition.half_life is None:
        life.points = rounded(life.points)
    known, wanted = former.conditions() if former else {}, campaign.conditions()
    life.truths = {key: truth for key, truth in life.truths.items() if key in wanted}
    existing = {rule.key for rule in campaign.automation if rule.apply_to_existing}
    moment.unknown |= {
        (campaign.id, key) for key, when in wanted.items() if known.get(key) != when and key not in existing
    }

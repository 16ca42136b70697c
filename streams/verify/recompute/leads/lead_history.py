"""A contact's leads, computed instant by instant: they depend on the order in which rules fire (SPEC section 7).

The only state of a condition is whether it was true at the instant before; an edge is a change of that. It is
evaluated
over the whole history at every record, and in between at every instant at which time alone may change it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from streams.verify.recompute.contact import RecomputedContact
from streams.verify.recompute.interval import Interval
from streams.verify.recompute.leads.audiences import create_leads
from streams.verify.recompute.leads.automation import run_automation
from streams.verify.recompute.leads.decay import first_crossing, round_points
from streams.verify.recompute.leads.hand_overs import finish_hand_overs, was_forbidden
from streams.verify.recompute.leads.lead_instant import LeadInstant
from streams.verify.recompute.leads.lead_rules import LeadCampaign, LeadRules
from streams.verify.recompute.leads.lead_state import LeadState, RuleKey
from streams.verify.recompute.leads.scoring import award_points
from streams.verify.recompute.memberships import compute_members
from streams.verify.recompute.model import PlainCondition
from streams.verify.recompute.releases import JournalRelease

LeadRulesLookup = Callable[[JournalRelease | None], LeadRules]


class LeadHistory:
    """The leads of one contact, from its first record on."""

    def __init__(self, contact: RecomputedContact, rules_of: LeadRulesLookup) -> None:
        self._contact = contact
        self._rules_of = rules_of
        self._rules = rules_of(contact.release)
        self._last_instant = contact.clock
        self._interval = Interval(contact.model, self._last_instant)

    def advance_to(self, now: int) -> None:
        """Settles every instant before `now` (ms) at which time alone changes something."""
        if not self._rules.campaigns and self._rules.do_not_sync is None:
            return
        changes = self._interval.change_instants(self._rules.leaves, now)
        while True:
            instants = (*changes, *self._campaign_instants(), *self._lead_instants(now))
            next_instant = min((at for at in instants if self._last_instant < at < now), default=None)
            if next_instant is None:
                return
            was_forbidden = self._was_forbidden(next_instant)
            self._settle(
                LeadInstant(self._contact, self._rules, next_instant, self._evaluate, was_forbidden=was_forbidden)
            )

    def refresh_model(self, now: int) -> None:
        """Copies the leads as of `now` into the model, for conditions; no record lies in between."""
        LeadInstant(self._contact, self._rules, now, self._evaluate).refresh_model()

    def open_instant(self, now: int, *, is_release: bool = False) -> LeadInstant:
        """Opens the instant of a record or a release: points are decayed to it.

        A release that says otherwise who is handed over tells nothing of those who were.
        """
        was_forbidden = None if is_release else self._was_forbidden(now)
        for campaign, lead in self._contact.leads.items():
            lead.decay_to(now, self._rules.half_life(campaign))
        model = self._contact.model
        return LeadInstant(
            self._contact,
            self._rules,
            now,
            self._evaluate,
            contact_before=(model.status, model.properties),
            was_forbidden=was_forbidden,
        )

    def change_release(self, lead_instant: LeadInstant, previous: JournalRelease | None) -> None:
        """Lets the contact's release decide from this instant on."""
        former_rules = self._rules_of(previous)
        self._rules = lead_instant.rules = self._rules_of(self._contact.release)
        for campaign in self._rules.campaigns:
            lead = lead_instant.open_lead(campaign.id)
            if lead is not None:
                _change_rules(lead_instant, former_rules, campaign, lead)
                lead_instant.clamp_points(campaign.id)

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
        finish_hand_overs(lead_instant)
        lead_instant.finish()
        self._last_instant = lead_instant.now

    def _was_forbidden(self, now: int) -> bool | None:
        """Whether `do_not_sync` held a millisecond before, or as a former record at the same instant left it."""
        before = max(now - 1, self._last_instant)
        return was_forbidden(LeadInstant(self._contact, self._rules, before, self._evaluate))

    def _evaluate(self, condition: PlainCondition, now: int) -> bool:
        return self._interval.holds(condition, now)

    def _campaign_instants(self) -> Iterator[int]:
        for campaign in self._rules.campaigns:
            yield from (at for at in (campaign.starts, campaign.ends) if at is not None)

    def _lead_instants(self, until: int) -> Iterator[int]:
        """When a lead reaches an age, or its points decay to a number, that a condition compares with."""
        for campaign, lead in self._contact.leads.items():
            for age in self._rules.age_thresholds:
                yield from (lead.created + age, lead.created + age + 1)
            half_life = self._rules.half_life(campaign)
            if half_life is None or not lead.is_open:
                continue
            for number in self._rules.point_thresholds:
                at = first_crossing(lambda at: lead.points_at(at, half_life), number, self._last_instant, until - 1)  # noqa: B023
                if at is not None:
                    yield at


def _change_rules(
    lead_instant: LeadInstant, former_rules: LeadRules, campaign: LeadCampaign, lead: LeadState
) -> None:
    """Gives new and changed rules their present truth as baseline, except those that apply to existing leads."""
    lead.decayed_to = lead_instant.now  # what decays under this release does so from here
    if campaign.definition.half_life is None:
        lead.points = round_points(lead.points)
    previous, conditions = former_rules.campaigns_by_id.get(campaign.id), campaign.conditions()
    former = previous.conditions() if previous else {}
    if previous is not None and former_rules.engine_version != lead_instant.rules.engine_version:
        former = _conditions_that_wait(previous, lead_instant.now)
    lead.truths = {key: truth for key, truth in lead.truths.items() if key in conditions}
    existing = {rule.key for rule in campaign.automation if rule.apply_to_existing}
    lead_instant.rules_without_baseline |= {
        (campaign.id, key) for key, when in conditions.items() if former.get(key) != when and key not in existing
    }


def _conditions_that_wait(campaign: LeadCampaign, now: int) -> dict[RuleKey, PlainCondition]:
    """The conditions of rules that do not run at `now` (ms): of a campaign that is paused, not started or over.

    Another engine version gives a condition another meaning, so it changes every rule that runs. What others are to
    fire when they run again is judged against the truth that they had when they ran last.
    """
    runs = {"automation": campaign.is_running(now), "scoring": campaign.in_period(now)}
    return {key: when for key, when in campaign.conditions().items() if not runs[key[0]]}

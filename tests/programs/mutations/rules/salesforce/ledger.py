"""Opportunities and revenue: what the ledger keeps, adds up and tells leads."""

from __future__ import annotations

from tests.programs.mutations.mutation import Mutation

_LEADS = "tests/unit/streams/engine/ledger/test_lead_outcomes.py"
_REVENUE = "tests/unit/streams/engine/ledger/test_revenue.py"
_ORDER = f"{_LEADS}::test_won_goes_before_open_and_open_before_lost_with_the_sum_of_those_that_are_so"
_CURRENCIES = f"{_LEADS}::test_amounts_of_several_currencies_stand_apart"
_MOVED = f"{_LEADS}::test_an_opportunity_that_goes_to_another_contact_leaves_the_first_with_what_remains"
_UPGRADE = f"{_LEADS}::test_an_upgrade_tells_each_lead_of_several_opportunities_once_what_they_say_together"
_UNCHANGED = f"{_LEADS}::test_an_upgrade_tells_a_lead_nothing_that_it_knows"
_VERSION_3 = f"{_LEADS}::test_an_account_of_version_3_hears_of_each_opportunity_alone"
_DELETED = f"{_LEADS}::test_a_lead_whose_last_opportunity_is_deleted_says_deleted_until_it_is_undeleted"
_UNHEARD = f"{_LEADS}::test_a_lead_that_never_heard_of_an_opportunity_does_not_hear_of_its_deletion"
_TWO_LEADS = f"{_LEADS}::test_leads_of_one_contact_in_two_campaigns_have_outcomes_of_their_own"
_RESTART = f"{_LEADS}::test_a_restart_remembers_which_opportunities_a_lead_has"
_RELEASE = f"{_LEADS}::test_a_row_of_revenue_names_the_release_that_decided"
_NUMBER = f"{_LEADS}::test_every_outcome_has_the_number_of_an_output_and_names_its_cause_and_release"
_NO_HAND_OVER = f"{_LEADS}::test_the_number_of_an_outcome_is_not_taken_for_that_of_a_hand_over"
_RELEASED = f"{_LEADS}::test_an_opportunity_that_another_account_owns_now_takes_everything_back"
_OWN_CAMPAIGN = f"{_LEADS}::test_the_opportunitys_own_campaign_earns_and_the_lead_that_was_converted_hears_of_it"
_KEPT = f"{_REVENUE}::test_a_campaign_that_is_not_defined_any_more_keeps_its_revenue"
_FIRST = f"{_REVENUE}::test_of_two_campaigns_with_one_id_of_the_crm_the_first_counts"
_LONG_IDS = f"{_REVENUE}::test_ids_of_15_and_18_characters_are_the_same_campaign"
_STAMP = f"{_REVENUE}::test_an_older_state_that_arrives_late_is_ignored"
_REOPENED = f"{_REVENUE}::test_revenue_is_reversed_when_a_won_opportunity_is_reopened"
_CENTS = f"{_REVENUE}::test_cents_add_up_exactly"
_WIDE = f"{_REVENUE}::test_the_largest_and_the_smallest_amounts_add_up"
_LATER = f"{_REVENUE}::test_a_campaign_defined_later_gets_the_revenue_that_was_there_before"

MUTATIONS: tuple[Mutation, ...] = (
    Mutation(
        id="won-before-open",
        section=8,
        rule="a lead's outcome is won if any of its opportunities is won",
        where="ledger/lead_outcomes.py",
        text='("won", "open", "lost")',
        instead='("open", "won", "lost")',
        caught_by=(_ORDER,),
    ),
    Mutation(
        id="open-before-lost",
        section=8,
        rule="a lead's outcome is open if none of its opportunities is won and any is open",
        where="ledger/lead_outcomes.py",
        text='("won", "open", "lost")',
        instead='("won", "lost", "open")',
        caught_by=(_ORDER,),
    ),
    Mutation(
        id="deciding-opportunities",
        section=8,
        rule="the amount is that of the opportunities that have the lead's outcome",
        where="ledger/lead_outcomes.py",
        text="if sums := self.by_outcome.get(outcome):",
        instead="if sums := self.by_outcome.get(outcome) and {each: pair for kinds in self.by_outcome.values() for each, pair in kinds.items()}:",
        caught_by=(_ORDER,),
    ),
    Mutation(
        id="currency-of-the-most",
        section=8,
        rule="of several currencies that of the most opportunities is named",
        where="ledger/lead_outcomes.py",
        text="(-sums[each][0], each)",
        instead="(sums[each][0], each)",
        caught_by=(_CURRENCIES,),
    ),
    Mutation(
        id="amounts-by-currency",
        section=8,
        rule="amounts of several currencies are never added",
        where="ledger/lead_outcomes.py",
        text="sums[report.currency] = (count + 1, money.plus(amount, report.amount or money.ZERO))",
        instead='sums[report.currency] = (count + 1, money.plus(amount, sums.get("EUR", (0, report.amount or money.ZERO))[1]))',
        caught_by=(_CURRENCIES,),
    ),
    Mutation(
        id="former-lead-forgets",
        section=8,
        rule="a lead that an opportunity left says what remains",
        where="ledger/lead_outcomes.py",
        text="self._sums[lead].remove(former)",
        instead="self._sums[lead].count -= 1",
        caught_by=(_MOVED,),
    ),
    Mutation(
        id="summary-once",
        section=8,
        rule="a newer meaning tells each lead once",
        where="ledger/lead_outcomes.py",
        text="return sums.count > 1 and not sums.unheard and",
        instead="return sums.count > 1 and",
        caught_by=(_UPGRADE,),
    ),
    Mutation(
        id="summary-of-one",
        section=8,
        rule="a newer meaning emits only differences",
        where="ledger/lead_outcomes.py",
        text="return sums.count > 1 and not sums.unheard",
        instead="return not sums.unheard",
        caught_by=(_UPGRADE,),
    ),
    Mutation(
        id="summary-of-deleted",
        section=8,
        rule="a newer meaning emits only differences: a lead without opportunities knows it",
        where="ledger/lead_outcomes.py",
        text="not sums.unheard and sums.outcome() is not None",
        instead="not sums.unheard",
        caught_by=(_UNCHANGED,),
    ),
    Mutation(
        id="version-3-single-opportunities",
        section=8,
        rule="under the former meaning an outcome is that of one opportunity",
        where="ledger/attribution.py",
        text="return self.engine_version >= WHOLE_LEADS_VERSION",
        instead="return True",
        caught_by=(_VERSION_3,),
    ),
    Mutation(
        id="deleted-when-none-left",
        section=8,
        rule="a lead whose opportunities are all deleted says so",
        where="ledger/decider.py",
        text='LeadOutcome("deleted", report.currency',
        instead='LeadOutcome("lost", report.currency',
        caught_by=(_DELETED,),
    ),
    Mutation(
        id="unheard-deletion",
        section=8,
        rule="a lead that never heard of an opportunity does not hear of its deletion",
        where="ledger/decider.py",
        text='is_unheard = is_new and expected.outcome == "deleted"',
        instead='is_unheard = is_new and expected.outcome == "open"',
        caught_by=(_UNHEARD,),
    ),
    Mutation(
        id="former-lead-hears",
        section=8,
        rule="an opportunity that goes to another contact moves the outcome",
        where="ledger/decider.py",
        text='if former is not None and is_other_lead and former.outcome != "deleted":',
        instead="if former is not None and expected is None:",
        caught_by=(_MOVED,),
    ),
    Mutation(
        id="other-campaign-other-lead",
        section=8,
        rule="leads of one contact in two campaigns have outcomes of their own",
        where="ledger/lead_outcomes.py",
        text="return LeadId(account, report.contact, report.campaign)",
        instead='return LeadId(account, report.contact, "")',
        caught_by=(_TWO_LEADS,),
    ),
    Mutation(
        id="restored-leads",
        section=8,
        rule="a restart remembers which opportunities a lead has",
        where="ledger/decider.py",
        text="opportunity.account, former.reported_outcome if former else None, opportunity.reported_outcome",
        instead="opportunity.account, None, None",
        caught_by=(_RESTART,),
    ),
    Mutation(
        id="release-in-cause",
        section=8,
        rule="every output names the release that decided",
        where="ledger/decider.py",
        text='cause["release"] = campaigns.release',
        instead='cause.setdefault("release", 1)',
        caught_by=(_RELEASE,),
    ),
    Mutation(
        id="outcome-number",
        section=8,
        rule="outputs carry a number that rises",
        where="ledger/outputs.py",
        text='        "number": origin.next_number(),\n        "amount"',
        instead='        "number": {"partition": 0, "offset": origin.offset, "ordinal": 0},\n        "amount"',
        caught_by=(_NUMBER,),
    ),
    Mutation(
        id="number-of-an-outcome",
        section=8,
        rule="the number of an outcome is not that of a hand-over",
        where="journal/event_types.py",
        text='fields.pop("number", None)',
        instead='fields.setdefault("number", event.number)',
        caught_by=(_NO_HAND_OVER,),
    ),
    Mutation(
        id="released-opportunity",
        section=8,
        rule="an opportunity that another account owns now is gone from the former one",
        where="ledger/opportunity.py",
        text='if fields.get("deleted") or fields.get("released"):',
        instead='if fields.get("deleted"):',
        caught_by=(_RELEASED,),
    ),
    Mutation(
        id="own-campaign-first",
        section=8,
        rule="attribution: the opportunity's campaign where a definition has that id, else the lead's",
        where="ledger/attribution.py",
        text="return self.by_crm_id.get(to_long_id(crm_campaign), lead_campaign)",
        instead="return lead_campaign or self.by_crm_id.get(to_long_id(crm_campaign))",
        caught_by=(_OWN_CAMPAIGN,),
    ),
    Mutation(
        id="mapping-stays",
        section=8,
        rule="a campaign that is defined no more keeps its revenue",
        where="ledger/attribution.py",
        text="{**self.by_crm_id, **by_crm_id}",
        instead="by_crm_id",
        caught_by=(_KEPT,),
    ),
    Mutation(
        id="first-campaign-counts",
        section=8,
        rule="of two campaigns with one id of the CRM the first counts",
        where="ledger/attribution.py",
        text="in reversed(definitions.campaigns)",
        instead="in definitions.campaigns",
        caught_by=(_FIRST,),
    ),
    Mutation(
        id="long-ids",
        section=8,
        rule="an id of 15 characters names the campaign of the one of 18",
        where="ledger/attribution.py",
        text="if len(crm_id) != 15:",
        instead="if crm_id:",
        caught_by=(_LONG_IDS,),
    ),
    Mutation(
        id="stamp-before-order",
        section=8,
        rule="opportunities compare by the CRM's own stamp; the order of the journal only breaks ties",
        where="ledger/opportunity.py",
        text="return (self.modified, self.version) >= (other.modified, other.version)",
        instead="return True",
        caught_by=(_STAMP,),
    ),
    Mutation(
        id="contribution-taken-back",
        section=8,
        rule="revenue is reversed when a won opportunity is reopened",
        where="ledger/decider.py",
        text="changed[total.key] = total.minus(former)",
        instead="changed[total.key] = total",
        caught_by=(_REOPENED,),
    ),
    Mutation(
        id="exact-cents",
        section=8,
        rule="revenue is exact",
        where="ledger/money.py",
        text="EXACT.add(Decimal(one), Decimal(other))",
        instead="Decimal(float(one) + float(other))",
        caught_by=(_CENTS,),
    ),
    Mutation(
        id="wide-sums",
        section=8,
        rule="no amount that may be told is too large to add",
        where="ledger/money.py",
        text="Context(prec=100, traps=[Inexact])",
        instead="Context(prec=60)",
        caught_by=(_WIDE,),
    ),
    Mutation(
        id="marker-visits-account",
        section=8,
        rule="a release attributes the account's earlier opportunities",
        where="ledger/decider.py",
        text="if row.account == account)",
        instead="if row.account != account)",
        caught_by=(_LATER,),
    ),
)

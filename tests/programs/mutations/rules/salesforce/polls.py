"""What a poll reads and tells, and from where it goes on."""

from __future__ import annotations

from tests.programs.mutations.mutation import Mutation

_SCOPE = "tests/integration/salesforce/opportunities/test_scope.py"
_CHANGES = "tests/integration/salesforce/opportunities/test_changes.py"
_OWNERS = "tests/integration/salesforce/opportunities/test_owners.py"

MUTATIONS: tuple[Mutation, ...] = (
    Mutation(
        id="poll-overlap",
        section=8,
        rule="rows that Salesforce shows minutes late are not missed",
        where="connectors/salesforce/opportunities/poll.py",
        text="OVERLAP = timedelta(minutes=10)",
        instead="OVERLAP = timedelta(minutes=1)",
        caught_by=(f"{_CHANGES}::test_a_row_that_becomes_visible_late_under_an_old_stamp_is_not_missed",),
    ),
    Mutation(
        id="poll-tells-once",
        section=8,
        rule="the same however often a change is seen",
        where="connectors/salesforce/opportunities/poll.py",
        text="if former is not None and former.tells_the_same_as(state):",
        instead="if former is state:",
        caught_by=(f"{_CHANGES}::test_each_change_is_reported_exactly_once",),
    ),
    Mutation(
        id="poll-ties",
        section=8,
        rule="states that Salesforce stamps with the same second are told in their order",
        where="connectors/salesforce/opportunities/poll.py",
        text="version = max(cursor.version + 1, int(until.timestamp() * 1000))",
        instead="version = int(until.timestamp() * 1000)",
        caught_by=(f"{_CHANGES}::test_changes_within_one_second_of_the_org_are_reported_in_order",),
    ),
    Mutation(
        id="poll-position",
        section=8,
        rule="the position of a poll moves only when all its events are written",
        where="connectors/salesforce/opportunities/poll.py",
        text='            events[-1]["version"] = version',
        instead="            [each.update(version=version) for each in events]",
        caught_by=(
            f"{_SCOPE}::test_a_crash_while_a_poll_is_written_forgets_no_change_of_the_past_that_an_account_does_not_want",
        ),
    ),
    Mutation(
        id="poll-first-again",
        section=8,
        rule="a first poll that was not written whole is the first one again",
        where="connectors/salesforce/opportunities/cursor.py",
        text="if version >= _EARLIEST_MS:",
        instead="if version:",
        caught_by=(f"{_SCOPE}::test_a_first_poll_that_is_written_in_part_is_repeated_as_the_first",),
    ),
    Mutation(
        id="poll-release",
        section=8,
        rule="an opportunity that another account owns now is released by the former one",
        where="connectors/salesforce/opportunities/poll.py",
        text='if former is not None and former.account not in ("", state.account):',
        instead='if former is not None and former.account == "nobody":',
        caught_by=(f"{_OWNERS}::test_a_campaign_that_moves_to_another_account_takes_its_opportunities_along",),
    ),
    Mutation(
        id="poll-hidden",
        section=8,
        rule="what the integration user may not see any more is not deleted",
        where="connectors/salesforce/opportunities/poll.py",
        text="        for each in gone & purged:\n",
        instead="        for each in gone:\n",
        caught_by=(f"{_SCOPE}::test_what_the_integration_user_may_not_see_any_more_is_not_taken_for_deleted",),
    ),
    Mutation(
        id="poll-purged",
        section=8,
        rule="what is deleted for good is told as deleted",
        where="connectors/salesforce/opportunities/poll.py",
        text="survey.rows[each] = as_deleted(cursor.states[each].row, now)",
        instead="continue",
        caught_by=(f"{_SCOPE}::test_deleted_for_good_is_deleted_as_the_log_of_the_org_says",),
    ),
    Mutation(
        id="poll-ever-kept",
        section=8,
        rule="an opportunity that leaves its campaign is told to the account that counted it",
        where="connectors/salesforce/opportunities/poll.py",
        text="return OrgOpportunity(row, account, None, lead, role, is_partial) if account else None",
        instead="return None",
        caught_by=(
            f"{_OWNERS}::test_an_opportunity_that_leaves_its_campaign_is_told_to_the_account_that_counted_it",
        ),
    ),
    Mutation(
        id="poll-lead-is-kept",
        section=8,
        rule="an opportunity keeps its contact when its Lead is gone",
        where="connectors/salesforce/opportunities/survey.py",
        text="leads.setdefault(former.record, former)",
        instead="pass",
        caught_by=(f"{_CHANGES}::test_an_opportunity_keeps_its_contact_when_its_lead_is_deleted",),
    ),
    Mutation(
        id="poll-conversions",
        section=8,
        rule="a conversion is seen whenever it was made, into an opportunity seen before, too",
        where="connectors/salesforce/opportunities/poll.py",
        text="POLLS_WITHOUT_LEADS = 9",
        instead="POLLS_WITHOUT_LEADS = 99",
        caught_by=(
            f"{_OWNERS}::test_a_lead_converted_into_an_opportunity_that_was_seen_before_owns_it_from_then_on",
        ),
    ),
    Mutation(
        id="poll-new-mapping",
        section=8,
        rule="a new mapping reads its past",
        where="connectors/salesforce/opportunities/poll.py",
        text="if new := [each for each in campaigns if each not in known]:",
        instead="if new := [each for each in campaigns if each in known and False]:",
        caught_by=(f"{_SCOPE}::test_a_new_mapping_reads_the_past_of_its_campaign",),
    ),
    Mutation(
        id="poll-left-while-busy",
        section=8,
        rule="what leaves its campaign is noticed where the org changes much",
        where="connectors/salesforce/opportunities/poll.py",
        text="others = [each for each, state in cursor.states.items() if state.lead is None and state.role is None]",
        instead="others = []",
        caught_by=(f"{_SCOPE}::test_an_opportunity_that_leaves_its_campaign_is_noticed_in_an_org_that_changes_much",),
    ),
    Mutation(
        id="poll-busy",
        section=8,
        rule="an org that changes much is asked for ours alone",
        where="connectors/salesforce/opportunities/poll.py",
        text="                busy_polls = BUSY_POLLS\n",
        instead='                probe = {str(row["Id"]): row for row in rows}\n',
        caught_by=(f"{_SCOPE}::test_in_an_org_that_changes_much_only_ours_are_read",),
    ),
    Mutation(
        id="poll-changed-past",
        section=8,
        rule="a past that an account does not want and that has changed since is told",
        where="connectors/salesforce/opportunities/poll.py",
        text="return cursor.until is None or datetime.fromisoformat(state.row.modified) < cursor.until - OVERLAP",
        instead="return True",
        caught_by=(
            f"{_SCOPE}::test_a_crash_while_a_poll_is_written_forgets_no_change_of_the_past_that_an_account_does_not_want",
        ),
    ),
    Mutation(
        id="poll-deleted",
        section=8,
        rule="deleted opportunities are reported",
        where="connectors/salesforce/opportunities/survey.py",
        text='deleted=bool(row["IsDeleted"])',
        instead="deleted=False",
        caught_by=(f"{_CHANGES}::test_each_change_is_reported_exactly_once",),
    ),
)

"""When a generation is whole, who sees it, when it can be gone on from, and what is taken away."""

from __future__ import annotations

from tests.programs.mutations.mutation import Mutation

_REBUILD = "streams/views/rebuild.py"
_OF_SESSIONS = "streams/views/session.py"
_CONTINUITY = "streams/views/continuity.py"
_RETENTION = "streams/views/retention.py"
_SWAP = "tests/integration/views/test_swap.py"
_SESSION = "tests/integration/views/test_session.py"
_TRIMMING = "tests/integration/views/test_trimming.py"
_OF_CONTINUITY = "tests/unit/streams/views/test_continuity.py"
_OF_RETENTION = "tests/unit/streams/views/test_retention.py"
_PROGRESS = "tests/unit/streams/views/test_progress.py"

MUTATIONS: tuple[Mutation, ...] = (
    Mutation(
        id="rebuild-tables-first",
        section=10,
        rule="a rebuild reads rows before changes: a change of long ago without a row is of one that was erased",
        where=_REBUILD,
        text="((tables, LIVE), (history, past))",
        instead="((history, past), (tables, LIVE))",
        caught_by=(f"{_SWAP}::test_a_change_of_a_contact_that_was_erased_long_ago_does_not_come_back",),
    ),
    Mutation(
        id="rebuild-past-reach",
        section=10,
        rule="a rebuild drops changes of long ago of contacts without a row",
        where=_REBUILD,
        text="((tables, LIVE), (history, past))",
        instead="((tables, LIVE), (history, LIVE))",
        caught_by=(f"{_SWAP}::test_a_change_of_a_contact_that_was_erased_long_ago_does_not_come_back",),
    ),
    Mutation(
        id="rebuild-whole",
        section=10,
        rule="readers see a generation when it has what came in while it was built",
        where=_REBUILD,
        text="for _ in range(_MOST_PASSES):",
        instead="for _ in range(0):",
        caught_by=(f"{_SWAP}::test_what_came_in_while_it_ran_is_there_when_readers_see_it",),
    ),
    Mutation(
        id="rebuild-later-shown",
        section=10,
        rule="readers never go back to an earlier generation",
        where=_REBUILD,
        text="if shown and tonumber(shown) >= tonumber(ARGV[2]) then return 0 end\n",
        instead="",
        caught_by=(f"{_SWAP}::test_readers_never_go_back_to_an_earlier_generation",),
    ),
    Mutation(
        id="rebuild-number",
        section=10,
        rule="a new generation has a larger number than the one that readers see",
        where=_REBUILD,
        text="generation = max(now_ms(), before.generation + 1 if before else 0)",
        instead="generation = now_ms()",
        caught_by=(f"{_SWAP}::test_a_clock_that_went_back_does_not_keep_a_rebuild_from_being_seen",),
    ),
    Mutation(
        id="rebuild-one-at-a-time",
        section=10,
        rule="two rebuilds do not run at a time",
        where=_REBUILD,
        text='text, "NX", "PX", _LOCK_MS)',
        instead='text, "PX", _LOCK_MS)',
        caught_by=(f"{_SWAP}::test_two_do_not_run_at_a_time",),
    ),
    Mutation(
        id="rebuild-lock-at-the-swap",
        section=10,
        rule="a rebuild whose lock is lost is not shown",
        where=_REBUILD,
        text="        await self._renew()  # whoever takes keys of no rebuild away may have taken these, if its lock was lost\n",
        instead="",
        caught_by=(f"{_SWAP}::test_one_that_lost_its_lock_to_another_is_not_shown",),
    ),
    Mutation(
        id="rebuild-takes-shown",
        section=10,
        rule="the generation that readers see stays until the next one is whole",
        where=_REBUILD,
        text="            if number > current:\n",
        instead="            if number >= current:\n",
        caught_by=(f"{_SWAP}::test_what_readers_see_stays_until_the_swap_and_what_was_given_up_goes_before",),
    ),
    Mutation(
        id="rebuild-takes-one-that-is-built",
        section=10,
        rule="while a rebuild runs no keys are taken away",
        where=_REBUILD,
        text="if rebuild is None and deployment is not None and deployment.generation == current:",
        instead="if deployment is not None and deployment.generation == current:",
        caught_by=(f"{_SWAP}::test_former_keys_go_only_when_readers_see_the_generation_and_nothing_is_built",),
    ),
    Mutation(
        id="rebuild-since",
        section=10,
        rule="history reaches back as far as the event topics' retention, and says so: that of all of them",
        where=_REBUILD,
        text="since = max(self._first_written.get(each, now) for each in cut)",
        instead="since = min(self._first_written.get(each, now) for each in cut)",
        caught_by=(f"{_SWAP}::test_history_begins_with_the_latest_topic_that_has_lost_its_beginning",),
    ),
    Mutation(
        id="session-offsets",
        section=10,
        rule="reading goes on where the offsets beside the data say",
        where=_OF_SESSIONS,
        text="        positions = self._writer.start_positions(\n"
        "            {name: stored[name].position if name in stored else 0 for name in names}\n"
        "        )\n",
        instead="        positions = {name: stored[name].position if name in stored else 0 for name in names}\n",
        caught_by=(f"{_SESSION}::test_it_reads_on_from_the_offsets_beside_the_data_and_not_from_the_progress",),
    ),
    Mutation(
        id="session-rebalance",
        section=10,
        rule="what was fetched before a rebalance is another member's, or comes again",
        where=_OF_SESSIONS,
        text="        if number != self._assignment.number:\n            return  # these",
        instead="        if number < 0:\n            return  # these",
        caught_by=(f"{_SESSION}::test_what_was_fetched_before_a_rebalance_is_not_applied",),
    ),
    Mutation(
        id="session-generation",
        section=10,
        rule="nothing is written into a generation that readers do not see any more",
        where=_OF_SESSIONS,
        text="if deployment.generation != self._deployment.generation:",
        instead="if deployment.generation < self._deployment.generation:",
        caught_by=(f"{_SESSION}::test_it_ends_before_it_writes_what_readers_do_not_see_any_more",),
    ),
    Mutation(
        id="session-caught-up",
        section=10,
        rule="a partition that is applied to its end is caught up",
        where="streams/views/progress.py",
        text="        if position >= end:\n            awaited_end, instant = end, asked\n        if position >= awaited_end:\n",
        instead="        if position > end:\n            awaited_end, instant = end, asked\n        if position > awaited_end:\n",
        caught_by=(f"{_SESSION}::test_at_the_end_of_a_partition_it_is_caught_up",),
    ),
    Mutation(
        id="session-caught-up-under-traffic",
        section=10,
        rule="a partition is caught up, too, where it passes the end that it had a moment ago",
        where="streams/views/progress.py",
        text="        if position >= awaited_end:\n",
        instead="        if position >= end:\n",
        caught_by=(
            f"{_SESSION}::test_a_partition_to_which_records_come_without_a_pause_counts_as_caught_up",
            f"{_PROGRESS}::test_a_partition_that_passes_an_end_of_before_was_caught_up_when_that_was_asked_for",
        ),
    ),
    Mutation(
        id="session-away",
        section=10,
        rule="who was away for longer than tombstones stay begins anew",
        where=_OF_SESSIONS,
        text="stored[name].caught_up if name in stored else now for name in names}",
        instead="now for name in names}",
        caught_by=(f"{_SESSION}::test_who_was_away_for_longer_than_tombstones_stay_begins_anew",),
    ),
    Mutation(
        id="session-cluster-empty",
        section=10,
        rule="an account has lost nothing of a partition without records",
        where=_OF_SESSIONS,
        text="if name in stored and stored[name].position > 0]",
        instead="if name in stored]",
        caught_by=(
            f"{_SESSION}::test_in_a_cluster_a_partition_that_has_no_records_yet_is_nothing_that_an_account_lost",
        ),
    ),
    Mutation(
        id="session-kept-for-ever",
        section=10,
        rule="feeds of topics that keep all are not trimmed",
        where=_OF_SESSIONS,
        text='if self._is_due("trim", now, TRIM_SECONDS) and self._deployment.retention >= 0:',
        instead='if self._is_due("trim", now, TRIM_SECONDS):',
        caught_by=(f"{_SESSION}::test_feeds_that_are_kept_for_ever_are_not_trimmed",),
    ),
    Mutation(
        id="continuity-retention",
        section=10,
        rule="read models reach back as far as the event topics' retention, longer or shorter",
        where=_CONTINUITY,
        text="if deployment.retention != retention.changes:",
        instead="if deployment.retention < retention.changes:",
        caught_by=(f"{_OF_CONTINUITY}::test_read_models_of_another_retention_are_not_gone_on_from",),
    ),
    Mutation(
        id="continuity-tombstones",
        section=10,
        rule="a fifth of the time of tombstones is left for clocks that differ",
        where=_CONTINUITY,
        text="horizon = now_ms() - retention.tombstones * 4 // 5",
        instead="horizon = now_ms() - retention.tombstones",
        caught_by=(f"{_OF_CONTINUITY}::test_a_partition_of_a_table_has_to_be_caught_up_before_tombstones_go",),
    ),
    Mutation(
        id="retention-trim",
        section=10,
        rule="what was written at the horizon of retention stays",
        where=_RETENTION,
        text='"MINID", f"{horizon}-0")',
        instead='"MINID", f"{horizon + 1}-0")',
        caught_by=(f"{_TRIMMING}::test_what_was_written_at_the_horizon_stays_and_what_was_before_goes",),
    ),
    Mutation(
        id="retention-generation",
        section=10,
        rule="with a generation its own keys go, and none of another",
        where="streams/views/keys.py",
        text=":{number}:*",
        instead=":{number}*",
        caught_by=(f"{_TRIMMING}::test_a_generation_goes_with_all_its_accounts_and_no_other_one_does",),
    ),
)

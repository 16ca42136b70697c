"""Pages and their cursors, feeds and timelines: where they begin and end, and what was cut off."""

from __future__ import annotations

from tests.programs.mutations.mutation import Mutation

_CURSORS = "streams/views/cursors.py"
_READER = "streams/views/reader.py"
_SCRIPTS = "streams/views/scripts.py"
_OF_CURSORS = "tests/unit/streams/views/test_cursors.py"
_PAGES = "tests/integration/views/test_pages_and_feeds.py"
_DEPLOYMENT = "tests/unit/streams/views/test_deployment.py"
_ANOTHER = (f"{_OF_CURSORS}::test_a_cursor_of_another_list_is_refused",)

MUTATIONS: tuple[Mutation, ...] = (
    Mutation(
        id="cursor-of-another-list",
        section=10,
        rule="a cursor goes on with the list that it came from alone",
        where=_CURSORS,
        text="if mark != self._mark:",
        instead="if len(mark) != len(self._mark):",
        caught_by=_ANOTHER,
    ),
    Mutation(
        id="cursor-account",
        section=10,
        rule="a cursor of one account is none of another",
        where=_CURSORS,
        text='return PageList("contacts", account, prefix)',
        instead='return PageList("contacts", prefix)',
        caught_by=_ANOTHER,
    ),
    Mutation(
        id="cursor-status",
        section=10,
        rule="a cursor of leads in one status is none of another",
        where=_CURSORS,
        text='return PageList("leads", account, campaign, status, str(newest_first))',
        instead='return PageList("leads", account, campaign, str(newest_first))',
        caught_by=_ANOTHER,
    ),
    Mutation(
        id="cursor-score",
        section=10,
        rule="a text that no page gave is no cursor",
        where=_CURSORS,
        text="number = str(int(score))",
        instead="number = score",
        caught_by=(f"{_OF_CURSORS}::test_a_cursor_without_a_whole_number_is_refused",),
    ),
    Mutation(
        id="page-size",
        section=10,
        rule="a page has as many rows as were asked for",
        where=_SCRIPTS,
        text="math.min(last, first + limit - 1)",
        instead="math.min(last, first + limit)",
        caught_by=(f"{_PAGES}::test_the_last_page_that_is_full_has_no_next_one",),
    ),
    Mutation(
        id="page-last",
        section=10,
        rule="the last page has no next one",
        where=_SCRIPTS,
        text="is_up and to < last or",
        instead="is_up and to <= last or",
        caught_by=(f"{_PAGES}::test_the_last_page_that_is_full_has_no_next_one",),
    ),
    Mutation(
        id="page-member-moved",
        section=10,
        rule="a page goes on where a member stood that entered again since",
        where=_SCRIPTS,
        text="if now and tonumber(now) == tonumber(score) then",
        instead="if now then",
        caught_by=(f"{_PAGES}::test_a_page_goes_on_where_a_member_stood_that_entered_again",),
    ),
    Mutation(
        id="page-contact-repeats",
        section=10,
        rule="pages give each contact once",
        where=_READER,
        text='b"(" + pages.decode_cursor(cursor)[1].encode()',
        instead='b"[" + pages.decode_cursor(cursor)[1].encode()',
        caught_by=(f"{_PAGES}::test_pages_of_contacts_with_a_prefix_end_where_the_prefix_ends",),
    ),
    Mutation(
        id="page-contact-prefix",
        section=10,
        rule="contacts by a prefix begin with it",
        where=_READER,
        text='end = b"(" + prefix.encode() + b"\\xff" if prefix else b"+"',
        instead='end = b"+"',
        caught_by=(f"{_PAGES}::test_pages_of_contacts_with_a_prefix_end_where_the_prefix_ends",),
    ),
    Mutation(
        id="feed-missed",
        section=10,
        rule="who stands before all that a feed keeps is told that something may be missing",
        where=_READER,
        text="_place(_text(oldest[0][0])) > _place(after) and bool(entries)",
        instead="_place(_text(oldest[0][0])) < _place(after) and bool(entries)",
        caught_by=(f"{_PAGES}::test_who_stands_before_all_that_a_feed_keeps_may_have_missed_something",),
    ),
    Mutation(
        id="feed-behind",
        section=10,
        rule="a feed is read on behind a position",
        where=_READER,
        text='("XRANGE", key, f"({after}", "+", "COUNT", limit)',
        instead='("XRANGE", key, after, "+", "COUNT", limit)',
        caught_by=(f"{_PAGES}::test_a_feed_is_read_on_behind_a_position",),
    ),
    Mutation(
        id="timeline-retention",
        section=10,
        rule="a timeline shows nothing older than the event topics' retention",
        where=_READER,
        text="horizon = now - deployment.retention if deployment.retention >= 0 else 0",
        instead="horizon = 0",
        caught_by=(f"{_PAGES}::test_a_timeline_shows_nothing_that_is_older_than_changes_are_kept",),
    ),
    Mutation(
        id="timeline-full",
        section=10,
        rule="a timeline that is full says how far it reaches back",
        where=_READER,
        text='(*kept, "WITHSCORES", "LIMIT", TIMELINE_CHANGES - 1, 1)',
        instead='(*kept, "WITHSCORES", "LIMIT", TIMELINE_CHANGES, 1)',
        caught_by=(f"{_PAGES}::test_a_timeline_that_is_full_says_since_when_it_knows",),
    ),
    Mutation(
        id="sizes-back",
        section=10,
        rule="sizes over time are counted back from the members there are",
        where=_READER,
        text='size -= flow["in"] - flow["out"]',
        instead='size -= flow["in"] + flow["out"]',
        caught_by=(f"{_PAGES}::test_sizes_are_counted_back_from_the_members_there_are",),
    ),
    Mutation(
        id="reader-generation",
        section=10,
        rule="readers see a new generation within a second",
        where=_READER,
        text="if self._deployment is None or now - self._read_at > _CACHE_SECONDS:",
        instead="if self._deployment is None:",
        caught_by=(f"{_PAGES}::test_readers_see_a_new_generation_soon",),
    ),
    Mutation(
        id="reader-versions",
        section=10,
        rule="a table that was built anew has another version",
        where=_READER,
        text='return {topic: f"{deployment.generation}-{total}" for',
        instead='return {topic: f"{total}" for',
        caught_by=(f"{_PAGES}::test_versions_are_others_where_more_is_applied_or_all_is_built_anew",),
    ),
    Mutation(
        id="history-promise",
        section=10,
        rule="what is said of how far history reaches is never more than is there",
        where="streams/views/deployment.py",
        text="return -(-horizon // MINUTE_MS) * MINUTE_MS",
        instead="return horizon // MINUTE_MS * MINUTE_MS",
        caught_by=(f"{_DEPLOYMENT}::test_where_it_cuts_off_moves_by_minutes_and_never_promises_too_much",),
    ),
)

"""The rows of `contacts`: when they are written, and what they show."""

from __future__ import annotations

from tests.programs.mutations.mutation import Mutation

_ROWS = "tests/unit/streams/engine/decisions/test_contact_rows.py"

MUTATIONS: tuple[Mutation, ...] = (
    Mutation(
        id="contact-row-only-when-changed",
        section=2,
        rule="`contacts`: a record that changes nothing of a contact writes no row",
        where="decisions/decide.py",
        text="(fields_before is None or is_row_changed(fields_before, contact))",
        instead="True",
        caught_by=(f"{_ROWS}::test_a_patch_that_changes_nothing_writes_no_row",),
    ),
    Mutation(
        id="contact-row-of-a-new-contact",
        section=2,
        rule="`contacts`: any first record of a contact writes its row",
        where="decisions/decide.py",
        text="(fields_before is None or is_row_changed(fields_before, contact))",
        instead="(fields_before is not None and is_row_changed(fields_before, contact))",
        caught_by=(f"{_ROWS}::test_any_event_of_an_unknown_contact_makes_its_row",),
    ),
    Mutation(
        id="contact-rows-with-the-version",
        section=2,
        rule="`contacts`: the release that raises an account to version 4 writes the row of every contact",
        where="decisions/decide.py",
        text="if release.has_contact_rows and not former.has_contact_rows:",
        instead="if False:",
        caught_by=(f"{_ROWS}::test_the_release_that_raises_the_account_to_version_4_writes_each_row_once",),
    ),
    Mutation(
        id="contact-rows-once",
        section=2,
        rule="`contacts`: later releases write no rows",
        where="decisions/decide.py",
        text="if release.has_contact_rows and not former.has_contact_rows:",
        instead="if release.has_contact_rows:",
        caught_by=(f"{_ROWS}::test_the_release_that_raises_the_account_to_version_4_writes_each_row_once",),
    ),
    Mutation(
        id="contact-rows-not-before-version-4",
        section=2,
        rule="`contacts`: accounts of version 3 have no rows",
        where="releases/compile.py",
        text="has_contact_rows=definitions.engine_version >= CONTACTS_VERSION",
        instead="has_contact_rows=definitions.engine_version >= CONTACTS_VERSION - 1",
        caught_by=(f"{_ROWS}::test_version_3_writes_no_rows",),
    ),
    Mutation(
        id="contact-row-last-seen",
        section=2,
        rule="`contacts`: last seen is the latest visit or activity",
        where="decisions/output_builder.py",
        text="last_seen = contact.last_activity",
        instead="last_seen = contact.last_visit",
        caught_by=(f"{_ROWS}::test_last_seen_is_the_latest_visit_or_activity_by_its_own_instant",),
    ),
    Mutation(
        id="contact-row-last-seen-changes",
        section=2,
        rule="`contacts`: a visit or activity that is the latest writes a row",
        where="state/contact_rows.py",
        text="before.last_activity != contact.last_activity",
        instead="False",
        caught_by=(f"{_ROWS}::test_last_seen_is_the_latest_visit_or_activity_by_its_own_instant",),
    ),
    Mutation(
        id="contact-row-json-values",
        section=2,
        rule="`contacts`: 1, 1.0 and true are three values of a property",
        where="state/contact_rows.py",
        text="and _encode(value) != _encode(former)",
        instead="and value != former",
        caught_by=(f"{_ROWS}::test_a_patch_writes_a_row_where_a_reader_sees_another_value",),
    ),
    Mutation(
        id="contact-row-key-order",
        section=2,
        rule="`contacts`: the order of keys is no value of a property",
        where="state/contact_rows.py",
        text='msgspec.json.Encoder(order="deterministic")',
        instead="msgspec.json.Encoder()",
        caught_by=(f"{_ROWS}::test_a_patch_writes_a_row_where_a_reader_sees_another_value",),
    ),
    Mutation(
        id="contact-row-named-scores",
        section=2,
        rule="`contacts`: a named score that is new or changes writes a row",
        where="state/contact_rows.py",
        text="dict(contact.scores) if",
        instead="contact.scores if",
        caught_by=(f"{_ROWS}::test_only_scores_of_the_contact_are_in_the_row",),
    ),
)

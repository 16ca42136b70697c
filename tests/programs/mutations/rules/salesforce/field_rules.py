"""Which fields a hand-over writes, so that what people typed in Salesforce stays."""

from __future__ import annotations

from tests.programs.mutations.mutation import Mutation

_HAND_OVER = "tests/integration/salesforce/test_hand_over.py"
_RULES = "tests/unit/connectors/salesforce/handover/test_field_rules.py"
_FIELDS = "tests/integration/salesforce/handover/test_fields.py"
_MATCHING = "tests/integration/salesforce/handover/test_matching.py"
_DECIDES = f"{_RULES}::test_the_rule_of_a_field_decides"

MUTATIONS: tuple[Mutation, ...] = (
    Mutation(
        id="write-of-a-property",
        section=8,
        rule="`always` is the default of a mapped property",
        where="connectors/salesforce/handover/field_rules.py",
        text='(value_write if source.value is not None else "always")',
        instead='(value_write if source.value is not None else "create")',
        caught_by=(_DECIDES,),
    ),
    Mutation(
        id="write-of-a-fixed-value",
        section=8,
        rule="of a fixed `value` the default is `create`",
        where="connectors/salesforce/handover/field_rules.py",
        text='(value_write if source.value is not None else "always")',
        instead='"always"',
        caught_by=(_DECIDES,),
    ),
    Mutation(
        id="always-when-ours-differs",
        section=8,
        rule="`always` writes a property when its value differs from the one last written there by us",
        where="connectors/salesforce/handover/field_rules.py",
        text="return state.digests is None or digest is None or state.digests.get(name) != digest",
        instead="return True",
        caught_by=(
            _DECIDES,
            f"{_FIELDS}::test_always_writes_only_when_our_value_changes",
        ),
    ),
    Mutation(
        id="empty-only-where-empty",
        section=8,
        rule="`empty` writes only where the org's field is empty",
        where="connectors/salesforce/handover/field_rules.py",
        text="        return is_missing(state.present.get(name))",
        instead="        return True",
        caught_by=(_DECIDES,),
    ),
    Mutation(
        id="create-is-not-empty",
        section=8,
        rule="`create` writes nothing on a record that exists, not even where its field is empty",
        where="connectors/salesforce/handover/field_rules.py",
        text="    return False\n",
        instead="    return is_missing(state.present.get(name))\n",
        caught_by=(_DECIDES,),
    ),
    Mutation(
        id="default-on-a-record-that-exists",
        section=8,
        rule="a `default` is never written on a record that exists",
        where="connectors/salesforce/handover/field_rules.py",
        text="return source.default if is_new and is_missing(value) else value",
        instead="return source.default if is_missing(value) else value",
        caught_by=(_DECIDES,),
    ),
    Mutation(
        id="no-value-blanks-nothing",
        section=8,
        rule="a property without value never blanks a field",
        where="connectors/salesforce/handover/field_rules.py",
        text="        if ours.value is None:\n",
        instead="        if ours.value is None and not state.exists:\n",
        caught_by=(f"{_RULES}::test_a_property_without_value_keeps_its_digest",),
    ),
    Mutation(
        id="default-for-a-misfit",
        section=8,
        rule="a value that does not fit a new record gives way to the default",
        where="connectors/salesforce/handover/field_rules.py",
        text="ours = coerce(source.default, described, zone)",
        instead="ours = coerce(None, described, zone)",
        caught_by=(f"{_RULES}::test_a_value_that_does_not_fit_a_new_record_gives_way_to_the_default",),
    ),
    Mutation(
        id="values-of-the-former-release",
        section=8,
        rule="what a release without digests wrote stays until our value changes",
        where="connectors/salesforce/handover/field_rules.py",
        text='adopts = _adopts_present(state, name) and rule == "always"',
        instead="adopts = False",
        caught_by=(f"{_FIELDS}::test_a_lead_of_the_former_release_keeps_its_values_until_ours_change",),
    ),
    Mutation(
        id="digest-of-a-number",
        section=8,
        rule="1 and 1.0 are one value of a field",
        where="connectors/salesforce/handover/field_rules.py",
        text="if isinstance(value, float) and value.is_integer():",
        instead="if isinstance(value, float) and value < 0:",
        caught_by=(f"{_RULES}::test_digests_are_read_as_they_are_written",),
    ),
    Mutation(
        id="always-on-a-matched-record",
        section=8,
        rule="a record that was matched exists: `always` writes what differs there, too",
        where="connectors/salesforce/handover/field_rules.py",
        text='(rule == "always" and not state.keeps_digests)',
        instead='(rule == "always" and state.digests is None)',
        caught_by=(_DECIDES,),
    ),
    Mutation(
        id="no-digests-only-empty-fields",
        section=8,
        rule="where nothing tells what we wrote, only empty fields are written",
        where="connectors/salesforce/handover/field_rules.py",
        text='if rule == "empty" or (rule == "always" and not state.keeps_digests):',
        instead='if rule == "empty":',
        caught_by=(f"{_FIELDS}::test_a_contact_without_our_fields_gets_only_empty_ones_and_the_answer_says_so",),
    ),
    Mutation(
        id="number-of-the-hand-over",
        section=8,
        rule="the upsert carries its number, so that an older snapshot is not written over a newer one",
        where="connectors/salesforce/handover/planning.py",
        text="newer = [each for each in waiting if number is None or number < each.number]",
        instead="newer = list(waiting)",
        caught_by=(f"{_HAND_OVER}::test_an_older_snapshot_does_not_overwrite_a_newer_one",),
    ),
    Mutation(
        id="foreign-record-keeps-its-fields",
        section=8,
        rule="a record that carries another contact's key keeps its fields",
        where="connectors/salesforce/handover/planning.py",
        text="        if link.is_foreign:\n",
        instead="        if link.is_foreign and link.is_matched:\n",
        caught_by=(f"{_MATCHING}::test_two_of_our_contacts_merged_keep_the_survivors_own_values",),
    ),
)

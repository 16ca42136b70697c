"""Time zones and changes of clocks."""

from __future__ import annotations

from tests.programs.mutations.mutation import Mutation

_DATES = "tests/unit/streams/engine/conditions/dates/test_dates.py"
_CLOCKS = f"{_DATES}::test_a_local_time_left_out_shifts_forward_and_of_a_doubled_one_the_first_is_meant"
_OWN = f"{_DATES}::test_the_contacts_zone_is_used_where_it_is_set_and_valid"

_OFFSET = "offset = zone.utcoffset(local_time.replace(tzinfo=zone))"
_BOTH_OFFSETS = "(zone.utcoffset(local_time.replace(tzinfo=zone, fold=fold)) for fold in (0, 1))"

MUTATIONS: tuple[Mutation, ...] = (
    Mutation(
        id="gap-shifts-forward",
        section=5,
        rule="A local time that a change of clocks leaves out shifts forward",
        where="conditions/dates/zones.py",
        text=_OFFSET,
        instead=f"offset = max{_BOTH_OFFSETS}",  # the later offset leads to an earlier instant
        caught_by=(_CLOCKS,),
    ),
    Mutation(
        id="first-of-two",
        section=5,
        rule="Of a doubled local time the first is meant",
        where="conditions/dates/zones.py",
        text=_OFFSET,
        instead=f"offset = min{_BOTH_OFFSETS}",
        caught_by=(_CLOCKS,),
    ),
    Mutation(
        id="contacts-zone",
        section=5,
        rule="With `in_zone: contact` units and days are those of the contact's time zone",
        where="conditions/compiler_context.py",
        text='uses_contact_zone = in_zone == "contact"',
        instead="uses_contact_zone = False",
        caught_by=(_OWN,),
    ),
    Mutation(
        id="contacts-zone-of-an-item",
        section=5,
        rule="Inside `has_item`, too, `in_zone: contact` means the contact's time zone",
        where="conditions/dates/zones.py",
        text="return self.contact if is_contact else self.account",
        instead="return self.account",
        caught_by=(f"{_DATES}::test_an_item_may_speak_in_the_contacts_zone",),
    ),
    Mutation(
        id="accounts-zone-by-default",
        section=5,
        rule="Without `in_zone: contact` units and days are those of the account's time zone",
        where="conditions/compiler_context.py",
        text='uses_contact_zone = in_zone == "contact"',
        instead="uses_contact_zone = True",
        caught_by=(_OWN,),
    ),
    Mutation(
        id="invalid-zone",
        section=5,
        rule="`in_zone: contact` without a valid zone uses the account's",
        where="conditions/dates/zones.py",
        text="return find_zone(name) or self.account_zone",
        instead='return find_zone(name) or ZoneInfo("UTC")',
        caught_by=(_OWN,),
    ),
    Mutation(
        id="no-zone",
        section=5,
        rule="`in_zone: contact` of a contact without a zone uses the account's",
        where="conditions/dates/zones.py",
        text="        return self.account_zone\n",
        instead='        return ZoneInfo("UTC") if self.uses_contact_zone else self.account_zone\n',
        caught_by=(_OWN,),
    ),
    Mutation(
        id="zone-is-looked-at",
        section=5,
        rule="A leaf in the contact's zone changes when that property does",
        where="conditions/compiler_context.py",
        text='self.properties.add("time_zone")',
        instead="pass",
        caught_by=(_OWN,),
    ),
    Mutation(
        id="edges-break-with-the-clocks",
        section=6,
        rule="A moving edge is followed over a change of clocks: nobody is due too late",
        where="conditions/dates/relative_bounds.py",
        text="for change in clock_changes_near(zone, instant):",
        instead="for change in ():",
        caught_by=(f"{_DATES}::test_a_relative_bound_is_due_in_time_across_a_clock_change",),
    ),
)

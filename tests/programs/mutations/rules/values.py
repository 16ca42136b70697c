"""Numbers, booleans, lists and objects."""

from __future__ import annotations

from tests.programs.mutations.mutation import Mutation

_VALUES = "tests/unit/streams/engine/conditions/test_values.py"
_NUMBERS = f"{_VALUES}::test_numbers_compare_as_numbers"
_LISTS = f"{_VALUES}::test_lists_hold_their_items"

MUTATIONS: tuple[Mutation, ...] = (
    Mutation(
        id="small-patches-add-up",
        section=3,
        rule="Properties that together are too large are refused, however small the patches are",
        where="state/patches.py",
        text="contact.most_property_bytes = most",
        instead="contact.most_property_bytes = 0",
        caught_by=(
            "tests/unit/streams/engine/state/test_patches.py"
            "::test_small_patches_add_up_until_the_bound_and_no_further",
        ),
    ),
    Mutation(
        id="plain-values",
        section=3,
        rule="A value of another type than the declared one is refused, however simple it is",
        where="state/properties.py",
        text="if property_type is not None and property_type != _PLAIN_TYPES.get(kind):",
        instead="if property_type is not None and kind not in _PLAIN_TYPES:",
        caught_by=("tests/unit/streams/engine/state/test_patches.py::test_a_plain_value_is_valid_as_it_is",),
    ),
    Mutation(
        id="two-operators",
        section=5,
        rule="Two operators in one leaf must both hold",
        where="conditions/predicates.py",
        text="return lambda value: first(value) and second(value)",
        instead="return lambda value: first(value) or second(value)",
        caught_by=(
            "tests/unit/streams/engine/conditions/test_text.py::test_two_operators_in_one_leaf_must_both_hold",
        ),
    ),
    Mutation(
        id="two-date-operators",
        section=5,
        rule="Two operators in one leaf must both hold, on dates too",
        where="conditions/value_tests.py",
        text="all(test.holds(value, now, zones) for test in self.timed)\n",
        instead="(not self.timed or any(test.holds(value, now, zones) for test in self.timed))\n",
        caught_by=(
            "tests/unit/streams/engine/conditions/dates/test_dates.py::test_two_date_operators_in_one_leaf_must_both_hold",
        ),
    ),
    Mutation(
        id="numbers-as-text",
        section=5,
        rule="Numbers compare as numbers, never as text",
        where="conditions/numbers.py",
        text="return lambda value: is_number(value) and value == operand",
        instead="return lambda value: str(value) == str(operand)",
        caught_by=(_NUMBERS,),
    ),
    Mutation(
        id="gt",
        section=5,
        rule="`gt` is strict",
        where="conditions/numbers.py",
        text="value > operand",
        instead="value >= operand",
        caught_by=(_NUMBERS,),
    ),
    Mutation(
        id="gte",
        section=5,
        rule="`gte` is inclusive",
        where="conditions/numbers.py",
        text="value >= operand",
        instead="value > operand",
        caught_by=(_NUMBERS,),
    ),
    Mutation(
        id="lt",
        section=5,
        rule="`lt` is strict",
        where="conditions/numbers.py",
        text="value < operand",
        instead="value <= operand",
        caught_by=(_NUMBERS,),
    ),
    Mutation(
        id="lte",
        section=5,
        rule="`lte` is inclusive",
        where="conditions/numbers.py",
        text="value <= operand",
        instead="value < operand",
        caught_by=(_NUMBERS,),
    ),
    Mutation(
        id="between-lower",
        section=5,
        rule="`between` is inclusive at its lower end",
        where="conditions/numbers.py",
        text="lower <= value <= upper",
        instead="lower < value <= upper",
        caught_by=(_NUMBERS,),
    ),
    Mutation(
        id="between-upper",
        section=5,
        rule="`between` is inclusive at its upper end",
        where="conditions/numbers.py",
        text="lower <= value <= upper",
        instead="lower <= value < upper",
        caught_by=(_NUMBERS,),
    ),
    Mutation(
        id="misfit-refused",
        section=5,
        rule="A type that does not fit is refused at definition time if declared",
        where="conditions/operand_types.py",
        text="if property_type is None:\n",
        instead="if property_type is None or name:\n",
        caught_by=(
            f"{_VALUES}::test_an_operator_or_operand_that_does_not_fit_the_declared_type_is_refused",
            "tests/unit/streams/engine/conditions/test_text.py::test_text_has_no_order",
        ),
    ),
    Mutation(
        id="misfit-missing",
        section=5,
        rule='A value whose type does not fit is "missing" for that contact',
        where="conditions/plain_operators.py",
        text="return type_test(self._property_type, self._version)",
        instead="return lambda value: value is not None",
        caught_by=(f"{_VALUES}::test_a_value_of_another_type_than_declared_is_missing",),
    ),
    Mutation(
        id="misfit-missing-to-every-operator",
        section=5,
        rule='A value whose type does not fit is "missing": a date, list or object to every operator',
        where="conditions/properties.py",
        text="return value if self._fits(value) else None",
        instead="return value",
        caught_by=(
            "tests/unit/streams/engine/conditions/test_type_mismatches.py::test_a_value_that_no_patch_could_set_is_missing",
        ),
    ),
    Mutation(
        id="list-contains-an-item",
        section=5,
        rule="`contains` of a list is about whole items",
        where="conditions/scalars.py",
        text="    equals_operand = equals(operand, comparison)\n",
        instead="    equals_operand = text.contains(str(operand), comparison.fold)\n",
        caught_by=(_LISTS,),
    ),
    Mutation(
        id="contains-any",
        section=5,
        rule="`contains_any`: one item of the list is enough",
        where="conditions/scalars.py",
        text="any(is_operand(item) for item in value)",
        instead="all(is_operand(item) for item in value)",
        caught_by=(_LISTS,),
    ),
    Mutation(
        id="contains-all",
        section=5,
        rule="`contains_all`: every one of them is in the list",
        where="conditions/scalars.py",
        text="if texts and not texts <= _folded_items(value, comparison):",
        instead="if texts and texts.isdisjoint(_folded_items(value, comparison)):",
        caught_by=(_LISTS,),
    ),
    Mutation(
        id="has-item-one-item",
        section=5,
        rule="`has_item: {FILTER}`: one item meets it all",
        where="conditions/value_tests.py",
        text="any(self._item_holds(item, now, zones) for item in value)",
        instead=(
            "all(any(isinstance(item, dict) and tests.holds(item.get(key), now, zones) for item in value)"
            " for key, tests in self.fields)"
        ),
        caught_by=(f"{_VALUES}::test_one_item_meets_the_whole_filter",),
    ),
    Mutation(
        id="nested-keys",
        section=5,
        rule="NAME may be a list of keys into a nested object",
        where="conditions/properties.py",
        text="for key in self._keys:",
        instead="for key in self._keys[:2]:",
        caught_by=(f"{_VALUES}::test_nested_names_lead_into_objects",),
    ),
    Mutation(
        id="status-is-asked",
        section=5,
        rule="`status` is compared as a property",
        where="conditions/properties.py",
        text="return contact.status",
        instead='return contact.properties.get("status")',
        caught_by=(
            "tests/unit/streams/engine/conditions/test_segments_and_leads.py::test_status_and_tags_are_compared_as_properties",
        ),
    ),
)

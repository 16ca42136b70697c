"""Two-valued logic: what a missing value is, and `all`, `any`, `not`."""

from __future__ import annotations

from tests.programs.mutations.mutation import Mutation

_TREE = "tests/unit/streams/engine/conditions/test_tree.py"
_VALUES = "tests/unit/streams/engine/conditions/test_values.py"
_NEGATIVE = f"{_VALUES}::test_of_a_missing_property_the_negative_operators_are_true"
_OTHERS = f"{_VALUES}::test_of_a_missing_property_every_other_operator_is_false"
_EMPTY = f"{_VALUES}::test_empty_values_exist_and_are_empty"
_TURNS = f"{_TREE}::test_a_tree_is_due_when_it_can_change"
_NOTHING = f"{_TREE}::test_all_of_nothing_is_everybody_and_any_of_nothing_is_nobody"

MUTATIONS: tuple[Mutation, ...] = (
    Mutation(
        id="all-of-nothing",
        section=5,
        rule="`{all: []}` is everybody",
        where="conditions/tree.py",
        text="return all(node.holds(context) for node in self._nodes)",
        instead="return bool(self._nodes) and all(node.holds(context) for node in self._nodes)",
        caught_by=(_NOTHING,),
    ),
    Mutation(
        id="any-of-nothing",
        section=5,
        rule="`{any: []}` is nobody",
        where="conditions/tree.py",
        text="return any(node.holds(context) for node in self._nodes)",
        instead="return not self._nodes or any(node.holds(context) for node in self._nodes)",
        caught_by=(_NOTHING,),
    ),
    Mutation(
        id="not-negates",
        section=5,
        rule="`not` is exact negation",
        where="conditions/tree.py",
        text="return not self._node.holds(context)",
        instead="return self._node.holds(context)",
        caught_by=(_NOTHING,),
    ),
    Mutation(
        id="all-waits-for-its-last",
        section=6,
        rule="Memberships change with `at` exactly t + W: an `all` is due when the first of its true parts turns",
        where="conditions/tree.py",
        text="if due is not None and (earliest is None or due < earliest):",
        instead="if due is not None and (earliest is None or due > earliest):",
        caught_by=(_TURNS,),
    ),
    Mutation(
        id="missing-ne",
        section=5,
        rule="A missing property: `ne not_in not_contains` are true",
        where="conditions/predicates.py",
        text="return lambda value: not predicate(value)",
        instead="return lambda value: value is not None and not predicate(value)",
        caught_by=(_NEGATIVE,),
    ),
    Mutation(
        id="missing-date-ne",
        section=5,
        rule="A missing property: `ne not_in` are true, of dates too",
        where="conditions/dates/date_tests.py",
        text="return not self.test.holds(instant, now, zone)",
        instead="return instant is not None and not self.test.holds(instant, now, zone)",
        caught_by=(f"{_VALUES}::test_a_missing_date_is_no_other_date",),
    ),
    Mutation(
        id="missing-empty",
        section=5,
        rule="A missing property: `empty` is true",
        where="conditions/scalars.py",
        text="return value is None or (",
        instead="return value is not None and (",
        caught_by=(_NEGATIVE,),
    ),
    Mutation(
        id="missing-lt",
        section=5,
        rule="A missing property: every other operator is false (numbers)",
        where="conditions/numbers.py",
        text="is_number(value) and value < operand",
        instead="value is None or (is_number(value) and value < operand)",
        caught_by=(_OTHERS,),
    ),
    Mutation(
        id="missing-starts-with",
        section=5,
        rule="A missing property: every other operator is false (text)",
        where="conditions/text.py",
        text="isinstance(value, str) and fold(value).startswith(operand)",
        instead="fold(value or '').startswith(operand)",
        caught_by=(_OTHERS,),
    ),
    Mutation(
        id="missing-date",
        section=5,
        rule="A missing property: every other operator is false (dates)",
        where="conditions/dates/date_tests.py",
        text="return instant is not None and now >= instant + self.length",
        instead="return instant is None or now >= instant + self.length",
        caught_by=(_OTHERS,),
    ),
    Mutation(
        id="missing-moment",
        section=5,
        rule="False is `last_visit` and its like where there was none",
        where="conditions/activities/activity_times.py",
        text="if moment is None:\n            return False",
        instead="if moment is None:\n            return True",
        caught_by=(
            "tests/unit/streams/engine/conditions/activities/test_activity_times.py::test_a_moment_that_never_came_makes_every_operator_false",
        ),
    ),
    Mutation(
        id="empty-exists",
        section=5,
        rule='`""`, `[]` and `{}` exist',
        where="conditions/plain_operators.py",
        text="return lambda value: value is not None",
        instead="return lambda value: not scalars.is_empty(value)",
        caught_by=(_EMPTY,),
    ),
    Mutation(
        id="empty-is-empty",
        section=5,
        rule='`""`, `[]` and `{}` are empty',
        where="conditions/scalars.py",
        text="isinstance(value, str | list | dict)",
        instead="isinstance(value, str | list)",
        caught_by=(_EMPTY,),
    ),
    Mutation(
        id="exists-false",
        section=5,
        rule="`exists: false` negates",
        where="conditions/plain_operators.py",
        text="return exists if operand else negate(exists)",
        instead="return exists",
        caught_by=(_EMPTY, _NEGATIVE),
    ),
    Mutation(
        id="empty-false",
        section=5,
        rule="`empty: false` negates",
        where="conditions/plain_operators.py",
        text="return empty if operand else negate(empty)",
        instead="return empty",
        caught_by=(_EMPTY, _OTHERS),
    ),
    Mutation(
        id="named-score",
        section=5,
        rule="A missing score is 0, a named one too",
        where="conditions/segments_and_leads.py",
        text="contact.scores.get(self._name, 0)",
        instead="contact.scores.get(self._name)",
        caught_by=("tests/unit/streams/engine/conditions/test_segments_and_leads.py::test_a_missing_score_is_zero",),
    ),
)

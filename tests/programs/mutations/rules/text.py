"""Text and regular expressions."""

from __future__ import annotations

from tests.programs.mutations.mutation import Mutation

_TEXT = "tests/unit/streams/engine/conditions/test_text.py"
_TABLE = f"{_TEXT}::test_an_undeclared_text"
_SEVERAL = f"{_TEXT}::test_a_letter_that_folds_to_several_is_found_as_these_and_is_one_character"

MUTATIONS: tuple[Mutation, ...] = (
    Mutation(
        id="full-case-folding",
        section=5,
        rule="Text compares without regard to case (full Unicode case folding)",
        where="conditions/text.py",
        text="return str if case_sensitive else str.casefold",
        instead="return str if case_sensitive else str.lower",
        caught_by=(_TABLE,),
    ),
    Mutation(
        id="case-sensitive",
        section=5,
        rule="Text compares with regard to case where `case_sensitive: true` stands beside the operator",
        where="conditions/text.py",
        text="return str if case_sensitive else str.casefold",
        instead="return str.casefold",
        caught_by=(_TABLE,),
    ),
    Mutation(
        id="starts-with",
        section=5,
        rule="`starts_with` speaks of the beginning",
        where="conditions/text.py",
        text="fold(value).startswith(operand)",
        instead="operand in fold(value)",
        caught_by=(_TABLE,),
    ),
    Mutation(
        id="ends-with",
        section=5,
        rule="`ends_with` speaks of the end",
        where="conditions/text.py",
        text="fold(value).endswith(operand)",
        instead="operand in fold(value)",
        caught_by=(_TABLE,),
    ),
    Mutation(
        id="contains",
        section=5,
        rule="`contains` looks anywhere in the text",
        where="conditions/text.py",
        text="return lambda value: isinstance(value, str) and operand in fold(value)\n",
        instead="return lambda value: isinstance(value, str) and fold(value).startswith(operand)\n",
        caught_by=(_TABLE,),
    ),
    Mutation(
        id="matches-anywhere",
        section=5,
        rule="`matches` searches anywhere",
        where="conditions/text.py",
        text="search = regex.search",
        instead="search = regex.match",
        caught_by=(_TABLE,),
    ),
    Mutation(
        id="matches-without-case",
        section=5,
        rule="`matches` compares without regard to case, too",
        where="conditions/text.py",
        text="options.case_sensitive = case_sensitive",
        instead="options.case_sensitive = True",
        caught_by=(_TABLE,),
    ),
    Mutation(
        id="matches-case-sensitive",
        section=5,
        rule="`matches` with `case_sensitive: true` does regard it",
        where="conditions/text.py",
        text="search = _search_predicate(compiled) if case_sensitive else ",
        instead="search = ",
        caught_by=(_TABLE,),
    ),
    Mutation(
        id="matches-folds-fully",
        section=5,
        rule="`matches` folds all of Unicode, too",
        where="conditions/regex/patterns.py",
        text="return token if len(letters) == 1 else",
        instead="return token if True else",
        caught_by=(_TABLE,),
    ),
    Mutation(
        id="matches-finds-folded",
        section=5,
        rule="`matches` finds what a letter of the text folds to",
        where="conditions/text.py",
        text="if folding.has_multi_fold_letters(value)",
        instead="if False",
        caught_by=(_SEVERAL,),
    ),
    Mutation(
        id="negated-class-and-folding",
        section=5,
        rule="A negated class of `matches` takes no letter whose folding one of its own has",
        where="conditions/regex/character_classes.py",
        text="return lambda letters: all(matches(letter) for letter in letters)",
        instead="return lambda letters: True",
        caught_by=(_SEVERAL,),
    ),
    Mutation(
        id="class-and-folding",
        section=5,
        rule="A letter alone in a class of `matches` stands for what it folds to, too",
        where="conditions/regex/patterns.py",
        text="foldings = multi_letter_foldings(parse_class(token), folding)",
        instead="foldings: list[str] = []",
        caught_by=(_SEVERAL,),
    ),
    Mutation(
        id="linear-time",
        section=5,
        rule="Regular expressions run in linear time (RE2); a pattern that could not is refused",
        where="conditions/text.py",
        text=(
            "        raise ConditionRefused(\n"
            '            f"{pattern!r} is no pattern that can be searched in linear time (RE2): {reason}"\n'
            "        ) from None\n"
        ),
        instead="        import re\n\n        return re.compile(pattern)\n",
        caught_by=(f"{_TEXT}::test_a_pattern_that_could_not_run_in_linear_time_is_refused",),
    ),
)

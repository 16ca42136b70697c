"""Files of definitions are read and merged, or refused with file, line and a hint."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from streams.definitions import DocumentProblem, load_definitions, load_separately, require_some_version
from streams.errors import DefinitionsRefused

VALID = """\
account: default
plan: enterprise
time_zone: Europe/Berlin
properties: {employees: number, trial_ends_on: date}
segments:
  - {id: hot-emea, name: Hot EMEA, dynamic: true, when: {all: [{property: country, in: [DE, NO]}]}}
  - {id: vip, name: VIPs}
campaigns:
  - id: spring-trial
    name: Spring trial
    audience: [hot-emea]
    period: {from: 2026-03-01, to: 2026-06-01}
    half_life: 30d
    scoring:
      - {id: pricing, when: {visit: {path: {starts_with: /pricing}}}, points: 10, at_most: {times: 3, per: 1d}}
    automation:
      - {id: hot, when: {points: {gte: 100}}, then: {set_status: qualified}}
      - {id: rival, when: {property: email_domain, in: [rival.example]}, then: {set_status: rejected}}
      - {id: asleep, when: {inactive_for: 60d}, then: {set_status: rejected}}
    salesforce: {campaign: 701xx0000000001AAA, member_status: Responded}
salesforce:
  lead_fields: {Company: {property: company, default: "[not provided]"}, Email: {property: email}}
"""


def write_file(folder: Path, text: str, name: str = "d.yaml") -> Path:
    path = folder / name
    path.write_text(text)
    return path


def load_problems(folder: Path, text: str, name: str = "d.yaml") -> list[DocumentProblem]:
    path = write_file(folder, text, name)
    problems = load_definitions([path]).problems
    assert all(problem.file == str(path) for problem in problems)
    return list(problems)


def load_single_problem(folder: Path, text: str, name: str = "d.yaml") -> DocumentProblem:
    (problem,) = load_problems(folder, text, name)
    return problem


def test_valid_definitions_are_read_as_written(tmp_path: Path) -> None:
    account = load_definitions([write_file(tmp_path, VALID)]).require()["default"]
    assert account.content.time_zone == "Europe/Berlin"
    assert account.document["campaigns"][0]["period"] == {"from": "2026-03-01", "to": "2026-06-01"}
    # YAML 1.2: Norway is no boolean.
    assert account.document["segments"][0]["when"]["all"][0]["in"] == ["DE", "NO"]
    assert account.content.campaigns[0].half_life == 30 * 86_400_000
    assert json.loads(json.dumps(account.document)) == account.document


def test_json_and_yaml_give_the_same_definitions(tmp_path: Path) -> None:
    from_yaml = load_definitions([write_file(tmp_path, VALID)]).require()["default"]
    text = json.dumps(from_yaml.document, indent="\t")
    from_json = load_definitions([write_file(tmp_path, text, "d.json")]).require()["default"]
    assert from_json.document == from_yaml.document


def test_a_problem_names_file_line_path_and_a_correction(tmp_path: Path) -> None:
    text = VALID.replace("starts_with: /pricing", "start_with: /pricing")
    problem = load_single_problem(tmp_path, text)
    assert problem.line == 15
    assert problem.path == "campaigns[0].scoring[0].when.visit.path.start_with"
    assert problem.message == "unknown key 'start_with' - did you mean starts_with?"
    with pytest.raises(DefinitionsRefused, match=r"d\.yaml:15: campaigns\[0\]\.scoring\[0\].*starts_with\?"):
        load_definitions([tmp_path / "d.yaml"]).require()


def test_json_has_lines_too_also_with_tabs(tmp_path: Path) -> None:
    text = '{\n\t"segments": [\n\t\t{"id": "a",\n\t\t"dynamik": true}\n\t]\n}'
    problem = load_single_problem(tmp_path, text, "d.json")
    assert (problem.line, problem.path) == (4, "segments[0].dynamik")


def test_all_problems_of_a_file_are_named_at_once(tmp_path: Path) -> None:
    text = "plan: gold\nsegments:\n  - {id: a b}\n  - {id: c, dynamic: true}\n"
    assert [(each.line, each.path) for each in load_problems(tmp_path, text)] == [
        (1, "plan"),
        (3, "segments[0].id"),
        (4, "segments[1].dynamic"),
    ]


def test_problems_come_in_the_order_of_files_and_lines(tmp_path: Path) -> None:
    rows = "".join(f"  - {{id: s{number}, dynamic: maybe}}\n" for number in range(3))
    first = write_file(
        tmp_path, f"campaigns:\n  - {{id: c, audience: [nobody]}}\nsegments:\n{rows}plan: gold\n", "z.yaml"
    )
    second = write_file(tmp_path, "segments: [{id: a b}]\n", "a.yaml")
    problems = [(Path(problem.file).name, problem.line) for problem in load_definitions([first, second]).problems]
    assert problems == [("z.yaml", line) for line in (2, 4, 5, 6, 7)] + [("a.yaml", 1)]


def test_a_possible_mistake_gives_a_warning_with_its_line(tmp_path: Path) -> None:
    text = "segments:\n  - id: a\n    dynamic: true\n    when: {property: countri, eq: DE}\n"
    path = write_file(tmp_path, text)
    loaded = load_definitions([path])
    text = f"{path}:4: segments[0].when.property: property countri is not declared; is country meant?"
    assert [str(warning) for warning in loaded.warnings] == [text]
    assert loaded.require()["default"].warnings == (text,)


def test_parts_of_one_account_are_merged_in_order(tmp_path: Path) -> None:
    one = write_file(tmp_path, "time_zone: UTC\nproperties: {size: number}\nsegments: [{id: a}]\n", "1.yaml")
    two = write_file(
        tmp_path, "time_zone: UTC\nsegments: [{id: b}]\ncampaigns: [{id: c, audience: [a, b]}]\n", "2.yaml"
    )
    other = write_file(tmp_path, "account: acme\nsegments: [{id: a}]\n", "3.yaml")
    accounts = load_definitions([one, two, other]).require()
    assert list(accounts) == ["default", "acme"]
    assert [segment.id for segment in accounts["default"].content.segments] == ["a", "b"]
    assert accounts["acme"].content.account == "acme"


def test_one_file_may_hold_several_documents(tmp_path: Path) -> None:
    accounts = load_definitions(
        [write_file(tmp_path, "account: a\n---\naccount: b\nsegments: [{id: x}]\n")]
    ).require()
    assert list(accounts) == ["a", "b"]


def test_a_problem_names_the_file_that_it_is_in(tmp_path: Path) -> None:
    one = write_file(tmp_path, "segments: [{id: a}]\n", "1.yaml")
    two = write_file(
        tmp_path, "# second\nproperties: {p: txt}\nsegments:\n  - {id: b}\n  - {id: c, nam: x}\n", "2.yaml"
    )
    problems = [(each.file, each.line, each.path) for each in load_definitions([one, two]).problems]
    assert problems == [(str(two), 2, "properties.p"), (str(two), 5, "segments[1].nam")]


@pytest.mark.parametrize(
    ("first", "second", "message"),
    [
        ("segments: [{id: a}]", "segments: [{id: a}]", "segment a is defined in {one}:1 already"),
        ("campaigns: [{id: a}]", "campaigns: [{id: a}]", "campaign a is defined in {one}:1 already"),
        ("properties: {p: text}", "properties: {p: text}", "p is declared in {one}:1 already"),
        ("time_zone: UTC", "time_zone: Europe/Berlin", "time_zone is given in {one}:1 already"),
        ("salesforce: {}", "salesforce: {}", "salesforce is given in {one}:1 already"),
    ],
)
def test_a_definition_in_two_files_is_refused(tmp_path: Path, first: str, second: str, message: str) -> None:
    one, two = write_file(tmp_path, first, "1.yaml"), write_file(tmp_path, second, "2.yaml")
    (problem,) = load_definitions([one, two]).problems
    assert problem.file == str(two)
    assert problem.message == message.format(one=one)


def test_files_that_define_the_same_are_checked_separately(tmp_path: Path) -> None:
    valid = write_file(tmp_path, "segments: [{id: a}]\n", "1.yaml")
    invalid = write_file(tmp_path, "segments: [{id: a}, {id: b, dynamik: true}]\n", "2.yaml")
    loaded = load_separately([valid, invalid])
    assert [(each.file, each.path) for each in loaded.problems] == [(str(invalid), "segments[1].dynamik")]
    assert [each.message for each in loaded.conflicts] == [f"segment a is defined in {valid}:1 already"]
    assert len(load_definitions([valid, invalid]).problems) == 2, "together they cannot be applied"


def test_files_that_belong_together_are_checked_as_one(tmp_path: Path) -> None:
    segments = write_file(tmp_path, "segments: [{id: a}]\n", "1.yaml")
    campaigns = write_file(tmp_path, "campaigns: [{id: c, audience: [a]}]\n", "2.yaml")
    assert load_separately([segments, campaigns]).problems == ()
    assert len(load_separately([campaigns]).problems) == 1


@pytest.mark.parametrize(
    ("text", "line", "message"),
    [
        ("a: [1\nb: 2\n", 2, "is not YAML"),
        ("segments:\n  - id: a\n   name: A\n", 3, "the line is indented more or less than those it belongs to"),
        ("plan: premium\nplan: basic\n", 2, "plan is given twice"),
        ("- a\n", 1, "definitions are a mapping"),
        ("\n# nothing\n", 0, "holds no definitions"),
        ("a: &a [*a]\n", 1, "an alias that contains itself"),
        ("segments:\n  - !!python/object:os.system x\n", 2, "the tag"),
        ("segments: [{id: a, dynamic: true, when: {score: {gte: .inf}}}]\n", 1, ".inf is no number"),
    ],
)
def test_an_unreadable_file_says_where(tmp_path: Path, text: str, line: int, message: str) -> None:
    problem = load_single_problem(tmp_path, text)
    assert problem.line == line
    assert message in problem.message


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{", "is not JSON"),
        ('{"plan": "basic", "plan": "basic"}', "plan is given twice"),
        ('{"a": NaN}', "NaN is no number"),
    ],
)
def test_json_that_cannot_be_read_says_so(tmp_path: Path, text: str, message: str) -> None:
    assert message in load_single_problem(tmp_path, text, "d.json").message


TOO_DEEP = "mappings and lists are nested more than 120 deep"


@pytest.mark.parametrize(
    ("text", "name", "line"),
    [
        ("[\n" * 300, "d.yaml", 121),
        ("plan: basic\nsegments:\n" + "".join(f"{'  ' * depth}- a:\n" for depth in range(80)), "d.yaml", 62),
        ("[\n" * 300 + "]" * 300, "d.json", 121),
        ("[\n" * 2_000 + "]" * 2_000, "d.json", 121),
        ('{"a":\n' * 125 + "1" + "}" * 125, "d.json", 120),
        ("a: &a " + "[" * 70 + "]" * 70 + "\nb:\n  " + "[" * 70 + "*a" + "]" * 70, "d.yaml", 1),
    ],
)
def test_a_file_nested_too_deep_says_where(tmp_path: Path, text: str, name: str, line: int) -> None:
    problem = load_single_problem(tmp_path, text, name)
    assert (problem.line, problem.message) == (line, TOO_DEEP)


def test_nesting_up_to_that_depth_is_read(tmp_path: Path) -> None:
    text = "a: " + "[" * 118 + "1" + "]" * 118
    assert load_single_problem(tmp_path, text).message.startswith("unknown key 'a'")
    assert load_single_problem(tmp_path, text.replace("1", "[1]")).message == TOO_DEEP


@pytest.mark.parametrize(
    ("written", "advice"),
    [
        ("01067", "text is needed here, and 01067 is read as a number; write '01067'"),
        ("007", "text is needed here, and 007 is read as a number; write '007'"),
        ("1_000", "text is needed here, and 1_000 is read as a number; write '1_000'"),
        ("0x1F", "text is needed here, and 0x1F is read as a number; write '0x1F'"),
        ("1.10", "text is needed here, and 1.10 is read as a number; write '1.10'"),
        ("1067", "text is needed here, not 1067; put it in quotes"),
        ("2.5", "text is needed here, not 2.5; put it in quotes"),
        ("true", "text is needed here, not true; put it in quotes"),
    ],
)
@pytest.mark.parametrize(
    ("operators", "where"), [("eq: {}", ".eq"), ("in: ['1', {}]", ".in[1]"), ("not_contains: {}", ".not_contains")]
)
def test_a_code_that_reads_as_a_number_is_told_how_it_is_written_as_text(
    tmp_path: Path, operators: str, where: str, written: str, advice: str
) -> None:
    text = "segments:\n  - id: a\n    dynamic: true\n    when: {property: postal_code, OPERATORS}\n"
    problem = load_single_problem(tmp_path, text.replace("OPERATORS", operators.format(written)))
    assert (problem.line, problem.path, problem.message) == (4, f"segments[0].when{where}", advice)
    if "write" in advice:
        followed = text.replace("OPERATORS", operators.format(f"'{written}'"))
        loaded = load_definitions([write_file(tmp_path, followed)])
        assert loaded.problems == loaded.warnings == ()


def test_the_text_of_an_operator_that_takes_nothing_else_is_told_too(tmp_path: Path) -> None:
    text = "segments:\n  - id: a\n    dynamic: true\n    when: {property: postal_code, starts_with: 01}\n"
    assert load_single_problem(tmp_path, text).message.endswith("write '01'")


def test_a_number_with_a_leading_zero_gives_a_warning(tmp_path: Path) -> None:
    text = "segments:\n  - id: a\n    dynamic: true\n    when:\n      property: code\n      in: [5, 01067, 0, 0.5]\n"
    (warning,) = load_definitions([write_file(tmp_path, text)]).warnings
    assert (warning.line, warning.path) == (6, "segments[0].when.in[1]")
    assert warning.message == "01067 is read as a number, without its leading zero; write '01067' for the text"


def test_a_missing_or_binary_file_is_a_problem(tmp_path: Path) -> None:
    (problem,) = load_definitions([tmp_path / "missing.yaml"]).problems
    assert "No such file" in problem.message
    binary = tmp_path / "binary.yaml"
    binary.write_bytes(b"a: 1\nb: \xff")
    (problem,) = load_definitions([binary]).problems
    assert (problem.line, problem.message) == (2, "is not UTF-8 text: byte 0xff cannot be read")


def test_anchors_and_merges_work(tmp_path: Path) -> None:
    text = "segments:\n  - &base {id: a, name: A}\n  - {<<: *base, id: b}\n"
    segments = load_definitions([write_file(tmp_path, text)]).require()["default"].content.segments
    assert [(segment.id, segment.name) for segment in segments] == [("a", "A"), ("b", "A")]


def test_a_file_whose_aliases_grow_exponentially_is_refused(tmp_path: Path) -> None:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{number}: &a{number} [{', '.join([f'*a{number - 1}'] * 10)}]" for number in range(1, 8)]
    assert "more than" in load_single_problem(tmp_path, "\n".join(lines)).message


LONE = "\\ud800"


@pytest.mark.parametrize(
    ("text", "where", "line"),
    [
        (f'{{"segments": [\n{{"id": "a",\n"name": "x{LONE}"}}]}}', "segments[0].name", 3),
        (f'{{"segments": [\n{{"id": "a{LONE}"}}]}}', "segments[0].id", 2),
        (
            '{"segments": [{"id": "a", "dynamic": true, "when":\n{"property": "city",\n"matches": "' + LONE + '"}}]}',
            "segments[0].when.matches",
            3,
        ),
        (
            '{"segments": [{"id": "a", "dynamic": true, "when":\n{"property": "city", "in": ["' + LONE + '"]}}]}',
            "segments[0].when.in[0]",
            2,
        ),
        (f'{{"properties":\n{{"{LONE}": "text"}}}}', "properties", 1),
        (f'{{"account": "{LONE}"}}', "account", 1),
        (f'{{"\\udfff": 1, "{LONE}": "{LONE}"}}', "", 1),
    ],
)
def test_a_lone_surrogate_is_refused_with_its_line(tmp_path: Path, text: str, where: str, line: int) -> None:
    problems = load_problems(tmp_path, text, "d.json")
    assert (problems[0].path, problems[0].line) == (where, line)
    for problem in problems:
        assert "half a character" in problem.message
        str(problem).encode()


def test_a_problem_with_a_lone_surrogate_can_be_encoded(tmp_path: Path) -> None:
    texts = [
        f'{{"{LONE}": 1, "{LONE}": 2}}',
        f'{{"properties": {{"{LONE}": "text", "{LONE}": "text"}}}}',
        f'{{"segments": [{{"id": "{LONE}"}}, {{"id": "{LONE}"}}]}}',
    ]
    for text in texts:
        for problem in load_problems(tmp_path, text, "d.json"):
            str(problem).encode()
    paths = [write_file(tmp_path, texts[2].replace(", {", " , {"), name) for name in ("a.json", "b.json")]
    for problem in load_definitions(paths).problems:
        str(problem).encode()


def test_a_lone_surrogate_in_yaml_is_refused_too(tmp_path: Path) -> None:
    problem = load_single_problem(tmp_path, f'segments:\n  - id: a\n    name: "x{LONE}"\n')
    assert (problem.path, problem.line) == ("segments[0].name", 3)
    loaded = load_definitions(
        [write_file(tmp_path, '{"segments": [{"id": "a", "name": "\\ud83d\\ude00"}]}', "whole.json")]
    )
    assert loaded.require()["default"].content.segments[0].name == "\U0001f600"


OPPOSED = """\
segments: [{id: vip}]
campaigns:
  - id: spring
    automation:
      - {id: r, when: {all: []}, then: {add_to_segment: vip, remove_from_segment: vip}}
"""
"""Definitions that only engine version 3 accepts."""
NEWER = "segments:\n  - id: s\n    dynamic: true\n    when: {created: {within_last: 1d}}\n"
"""Definitions that only engine version 4 accepts."""


def test_a_file_is_judged_by_the_engine_version_of_its_account(tmp_path: Path) -> None:
    opposed, newer = write_file(tmp_path, OPPOSED), write_file(tmp_path, NEWER, "newer.yaml")
    assert load_definitions([opposed], {"default": 3}).require()["default"].content.engine_version == 3
    assert load_definitions([opposed], {"default": 4}).problems
    assert load_definitions([opposed], {"other": 3}).problems, "a first release gets the newest version"
    (problem,) = load_definitions([newer], {"default": 3}).problems
    assert str(problem).startswith(f"{newer}:4: segments[0].when: segment s: created needs engine version 4")


def test_a_lower_version_than_the_accounts_is_refused_where_it_stands(tmp_path: Path) -> None:
    path = write_file(tmp_path, "account: default\nengine_version: 3\n")
    (problem,) = load_definitions([path], {"default": 4}).problems
    assert str(problem).startswith(f"{path}:2: engine_version: engine version 3 is before 4, which the account has")
    assert load_definitions([path], {"default": 3}).problems == ()


def test_without_the_releases_a_file_is_refused_only_for_what_every_version_refuses(tmp_path: Path) -> None:
    require_some_version([write_file(tmp_path, OPPOSED)])
    require_some_version([write_file(tmp_path, NEWER)])
    with pytest.raises(DefinitionsRefused, match=r"d\.yaml:1: .*unknown key 'segmentz'"):
        require_some_version([write_file(tmp_path, "segmentz: []\n")])

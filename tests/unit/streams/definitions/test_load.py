"""Files of definitions: read, merged, and refused with file, line and what would be right."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from streams.definitions import DocumentProblem, load_definitions, load_separately
from streams.errors import DefinitionsRefused

SOUND = """\
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


def put(folder: Path, text: str, name: str = "d.yaml") -> Path:
    path = folder / name
    path.write_text(text)
    return path


def faults(folder: Path, text: str, name: str = "d.yaml") -> list[DocumentProblem]:
    path = put(folder, text, name)
    problems = load_definitions([path]).problems
    assert all(problem.file == str(path) for problem in problems)
    return list(problems)


def only(folder: Path, text: str, name: str = "d.yaml") -> DocumentProblem:
    (fault,) = faults(folder, text, name)
    return fault


def test_sound_definitions_are_read_as_written(tmp_path: Path) -> None:
    account = load_definitions([put(tmp_path, SOUND)]).require()["default"]
    assert account.content.time_zone == "Europe/Berlin"
    assert account.document["campaigns"][0]["period"] == {"from": "2026-03-01", "to": "2026-06-01"}
    # YAML 1.2: Norway is no boolean.
    assert account.document["segments"][0]["when"]["all"][0]["in"] == ["DE", "NO"]
    assert account.content.campaigns[0].half_life == 30 * 86_400_000
    assert json.loads(json.dumps(account.document)) == account.document


def test_json_and_yaml_say_the_same(tmp_path: Path) -> None:
    from_yaml = load_definitions([put(tmp_path, SOUND)]).require()["default"]
    text = json.dumps(from_yaml.document, indent="\t")
    from_json = load_definitions([put(tmp_path, text, "d.json")]).require()["default"]
    assert from_json.document == from_yaml.document


def test_a_fault_names_file_line_place_and_what_would_be_right(tmp_path: Path) -> None:
    text = SOUND.replace("starts_with: /pricing", "start_with: /pricing")
    fault = only(tmp_path, text)
    assert fault.line == 15
    assert fault.path == "campaigns[0].scoring[0].when.visit.path.start_with"
    assert fault.message == "unknown key 'start_with' - did you mean starts_with?"
    with pytest.raises(DefinitionsRefused, match=r"d\.yaml:15: campaigns\[0\]\.scoring\[0\].*starts_with\?"):
        load_definitions([tmp_path / "d.yaml"]).require()


def test_json_has_lines_too_also_with_tabs(tmp_path: Path) -> None:
    text = '{\n\t"segments": [\n\t\t{"id": "a",\n\t\t"dynamik": true}\n\t]\n}'
    fault = only(tmp_path, text, "d.json")
    assert (fault.line, fault.path) == (4, "segments[0].dynamik")


def test_all_faults_of_a_file_are_named_at_once(tmp_path: Path) -> None:
    text = "plan: gold\nsegments:\n  - {id: a b}\n  - {id: c, dynamic: true}\n"
    assert [(f.line, f.path) for f in faults(tmp_path, text)] == [
        (1, "plan"),
        (3, "segments[0].id"),
        (4, "segments[1].dynamic"),
    ]


def test_faults_are_told_in_the_order_of_files_and_lines(tmp_path: Path) -> None:
    rows = "".join(f"  - {{id: s{number}, dynamic: maybe}}\n" for number in range(3))
    first = put(tmp_path, f"campaigns:\n  - {{id: c, audience: [nobody]}}\nsegments:\n{rows}plan: gold\n", "z.yaml")
    second = put(tmp_path, "segments: [{id: a b}]\n", "a.yaml")
    found = [(Path(fault.file).name, fault.line) for fault in load_definitions([first, second]).problems]
    assert found == [("z.yaml", line) for line in (2, 4, 5, 6, 7)] + [("a.yaml", 1)]


def test_what_may_be_a_mistake_is_warned_of_with_its_line(tmp_path: Path) -> None:
    text = "segments:\n  - id: a\n    dynamic: true\n    when: {property: countri, eq: DE}\n"
    path = put(tmp_path, text)
    loaded = load_definitions([path])
    told = f"{path}:4: segments[0].when.property: property countri is not declared; is country meant?"
    assert [str(warning) for warning in loaded.warnings] == [told]
    assert loaded.require()["default"].warnings == (told,)


def test_parts_of_one_account_are_merged_in_order(tmp_path: Path) -> None:
    one = put(tmp_path, "time_zone: UTC\nproperties: {size: number}\nsegments: [{id: a}]\n", "1.yaml")
    two = put(tmp_path, "time_zone: UTC\nsegments: [{id: b}]\ncampaigns: [{id: c, audience: [a, b]}]\n", "2.yaml")
    other = put(tmp_path, "account: acme\nsegments: [{id: a}]\n", "3.yaml")
    accounts = load_definitions([one, two, other]).require()
    assert list(accounts) == ["default", "acme"]
    assert [segment.id for segment in accounts["default"].content.segments] == ["a", "b"]
    assert accounts["acme"].content.account == "acme"


def test_one_file_may_hold_several_documents(tmp_path: Path) -> None:
    accounts = load_definitions([put(tmp_path, "account: a\n---\naccount: b\nsegments: [{id: x}]\n")]).require()
    assert list(accounts) == ["a", "b"]


def test_a_fault_is_found_in_the_part_that_it_stands_in(tmp_path: Path) -> None:
    one = put(tmp_path, "segments: [{id: a}]\n", "1.yaml")
    two = put(tmp_path, "# second\nproperties: {p: txt}\nsegments:\n  - {id: b}\n  - {id: c, nam: x}\n", "2.yaml")
    found = [(f.file, f.line, f.path) for f in load_definitions([one, two]).problems]
    assert found == [(str(two), 2, "properties.p"), (str(two), 5, "segments[1].nam")]


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
def test_what_two_parts_define_is_refused(tmp_path: Path, first: str, second: str, message: str) -> None:
    one, two = put(tmp_path, first, "1.yaml"), put(tmp_path, second, "2.yaml")
    (fault,) = load_definitions([one, two]).problems
    assert fault.file == str(two)
    assert fault.message == message.format(one=one)


def test_files_that_define_the_same_are_judged_each_by_itself(tmp_path: Path) -> None:
    sound = put(tmp_path, "segments: [{id: a}]\n", "1.yaml")
    wrong = put(tmp_path, "segments: [{id: a}, {id: b, dynamik: true}]\n", "2.yaml")
    judged = load_separately([sound, wrong])
    assert [(f.file, f.path) for f in judged.problems] == [(str(wrong), "segments[1].dynamik")]
    assert [f.message for f in judged.conflicts] == [f"segment a is defined in {sound}:1 already"]
    assert len(load_definitions([sound, wrong]).problems) == 2, "together they cannot be applied"


def test_files_that_belong_together_are_judged_as_one_whole(tmp_path: Path) -> None:
    segments = put(tmp_path, "segments: [{id: a}]\n", "1.yaml")
    campaigns = put(tmp_path, "campaigns: [{id: c, audience: [a]}]\n", "2.yaml")
    assert load_separately([segments, campaigns]).problems == ()
    assert len(load_separately([campaigns]).problems) == 1


@pytest.mark.parametrize(
    ("text", "line", "message"),
    [
        ("a: [1\nb: 2\n", 2, "is not YAML"),
        ("plan: premium\nplan: basic\n", 2, "plan is given twice"),
        ("- a\n", 1, "definitions are a mapping"),
        ("\n# nothing\n", 0, "holds no definitions"),
        ("a: &a [*a]\n", 1, "an alias that contains itself"),
        ("segments:\n  - !!python/object:os.system x\n", 2, "the tag"),
        ("segments: [{id: a, dynamic: true, when: {score: {gte: .inf}}}]\n", 1, ".inf is no number"),
        ("{" * 1_500, 0, "nested too deeply"),
    ],
)
def test_what_cannot_be_read_says_where(tmp_path: Path, text: str, line: int, message: str) -> None:
    fault = only(tmp_path, text)
    assert fault.line == line
    assert message in fault.message


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{", "is not JSON"),
        ('{"plan": "basic", "plan": "basic"}', "plan is given twice"),
        ('{"a": NaN}', "NaN is no number"),
    ],
)
def test_json_that_cannot_be_read_says_so(tmp_path: Path, text: str, message: str) -> None:
    assert message in only(tmp_path, text, "d.json").message


def test_a_file_that_is_not_there_or_no_text_is_a_fault(tmp_path: Path) -> None:
    (fault,) = load_definitions([tmp_path / "missing.yaml"]).problems
    assert "No such file" in fault.message
    binary = tmp_path / "binary.yaml"
    binary.write_bytes(b"a: 1\nb: \xff")
    (fault,) = load_definitions([binary]).problems
    assert (fault.line, fault.message) == (2, "is not UTF-8 text: byte 0xff cannot be read")


def test_anchors_and_merges_work(tmp_path: Path) -> None:
    text = "segments:\n  - &base {id: a, name: A}\n  - {<<: *base, id: b}\n"
    segments = load_definitions([put(tmp_path, text)]).require()["default"].content.segments
    assert [(segment.id, segment.name) for segment in segments] == [("a", "A"), ("b", "A")]


def test_a_file_that_swells_is_refused(tmp_path: Path) -> None:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 8)]
    assert "more than" in only(tmp_path, "\n".join(lines)).message


HALF = "\\ud800"


@pytest.mark.parametrize(
    ("text", "where", "line"),
    [
        (f'{{"segments": [\n{{"id": "a",\n"name": "x{HALF}"}}]}}', "segments[0].name", 3),
        (f'{{"segments": [\n{{"id": "a{HALF}"}}]}}', "segments[0].id", 2),
        (
            '{"segments": [{"id": "a", "dynamic": true, "when":\n{"property": "city",\n"matches": "' + HALF + '"}}]}',
            "segments[0].when.matches",
            3,
        ),
        (
            '{"segments": [{"id": "a", "dynamic": true, "when":\n{"property": "city", "in": ["' + HALF + '"]}}]}',
            "segments[0].when.in[0]",
            2,
        ),
        (f'{{"properties":\n{{"{HALF}": "text"}}}}', "properties", 1),
        (f'{{"account": "{HALF}"}}', "account", 1),
        (f'{{"\\udfff": 1, "{HALF}": "{HALF}"}}', "", 1),
    ],
)
def test_half_a_character_is_refused_where_it_stands(tmp_path: Path, text: str, where: str, line: int) -> None:
    found = faults(tmp_path, text, "d.json")
    assert (found[0].path, found[0].line) == (where, line)
    for fault in found:
        assert "half a character" in fault.message
        str(fault).encode()


def test_half_a_character_can_be_told_wherever_it_stands(tmp_path: Path) -> None:
    texts = [
        f'{{"{HALF}": 1, "{HALF}": 2}}',
        f'{{"properties": {{"{HALF}": "text", "{HALF}": "text"}}}}',
        f'{{"segments": [{{"id": "{HALF}"}}, {{"id": "{HALF}"}}]}}',
    ]
    for text in texts:
        for fault in faults(tmp_path, text, "d.json"):
            str(fault).encode()
    parts = [put(tmp_path, texts[2].replace(", {", " , {"), name) for name in ("a.json", "b.json")]
    for fault in load_definitions(parts).problems:
        str(fault).encode()


def test_half_a_character_in_yaml_is_refused_too(tmp_path: Path) -> None:
    fault = only(tmp_path, f'segments:\n  - id: a\n    name: "x{HALF}"\n')
    assert (fault.path, fault.line) == ("segments[0].name", 3)
    whole = load_definitions([put(tmp_path, '{"segments": [{"id": "a", "name": "\\ud83d\\ude00"}]}', "whole.json")])
    assert whole.require()["default"].content.segments[0].name == "\U0001f600"

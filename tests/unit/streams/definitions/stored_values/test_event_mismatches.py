"""Where an operator met values of another type in visits and activities."""

from __future__ import annotations

from typing import Any

from schemas.engine_versions import NEWEST_VERSION, EngineVersion
from streams.definitions.stored_values.event_checks import definitions_event_checks
from streams.definitions.stored_values.mismatches import EventMismatches, ValueMismatches
from tests.harness.engine.engine_driver import EngineDriver, day, sound_definitions


def mismatches(
    driver: EngineDriver, when: dict[str, Any], version: EngineVersion = NEWEST_VERSION
) -> ValueMismatches:
    """Returns what the segment `s` with this condition meets in the journal."""
    segment = {"id": "s", "dynamic": True, "when": when}
    definitions = sound_definitions({"engine_version": version, "segments": [segment]})
    report = ValueMismatches()
    EventMismatches("default", definitions_event_checks(definitions), report).count(driver.journal, ())
    return report


def sites(report: ValueMismatches) -> list[tuple[str, int]]:
    """Returns (operator and property, number of contacts) of each."""
    return [
        (f"{each['operator']} of {each['subject']} {each['property']}", each["contacts"]) for each in report.to_list()
    ]


def purchases_driver() -> EngineDriver:
    """Ann buys for `free` and later for 20 and `gratis`, Bob for "30"; a form has an amount of people."""
    driver = EngineDriver()
    for number, (contact, amount) in enumerate((("ann", "free"), ("ann", 20), ("bob", "30"), ("ann", "gratis"))):
        driver.send("activity.recorded", day(number), contact, name="purchase", properties={"amount": amount})
    driver.send("activity.recorded", day(5), "cem", name="form", properties={"amount": "a few"})
    driver.change_contact(day(6), "dan", amount="many")
    driver.visit(day(6), "/", "eve", properties={"amount": True})
    return driver


PURCHASES = {"name": {"eq": "purchase"}, "amount": {"gte": 10}}


def test_a_contact_counts_once_with_the_first_value_of_its_events() -> None:
    report = mismatches(purchases_driver(), {"activity": PURCHASES, "count": {"gte": 1}})
    assert list(report.lines()) == ['segment s: gte of activity amount, 1 contact (ann: "free")']


def test_before_version_4_text_that_reads_as_a_number_is_none() -> None:
    assert sites(mismatches(purchases_driver(), {"activity": PURCHASES}, 3)) == [("gte of activity amount", 2)]


def test_only_events_that_pass_the_rest_of_the_filter_are_looked_at() -> None:
    driver = purchases_driver()
    assert sites(mismatches(driver, {"activity": {"amount": {"gte": 10}}})) == [("gte of activity amount", 3)]
    assert sites(mismatches(driver, {"visit": {"amount": {"gte": 10}}})) == [("gte of visit amount", 1)]
    assert sites(mismatches(driver, {"visit": {**PURCHASES, "path": {"eq": "/nowhere"}}})) == []


def test_the_same_operator_in_two_leaves_counts_a_contact_once() -> None:
    twice = {"any": [{"activity": PURCHASES}, {"activity": PURCHASES, "within": "7d"}]}
    assert sites(mismatches(purchases_driver(), twice)) == [("gte of activity amount", 1)]


def test_the_latest_event_and_the_steps_of_a_sequence_have_filters_too() -> None:
    driver = purchases_driver()
    purchase = {"name": {"eq": "purchase"}}
    last = {"activity": purchase, "last": {"amount": {"gte": 10}}}
    assert sites(mismatches(driver, last)) == [("last.gte of activity amount", 1)]
    sequence = {"sequence": [{"activity": PURCHASES}, {"visit": {}}], "within": "30d"}
    assert sites(mismatches(driver, sequence)) == [("gte of activity amount", 1)]


def test_sums_and_averages_skip_what_is_no_number_and_it_is_told() -> None:
    driver = purchases_driver()
    driver.send("activity.recorded", day(7), "fay", name="purchase", properties={"amount": ["5"]})
    for aggregate, contacts in (("sum", 2), ("average", 2)):
        when = {"activity": {"name": {"eq": "purchase"}}, aggregate: {"of": "amount", "gte": 10}}
        assert sites(mismatches(driver, when)) == [(f"{aggregate} of activity amount", contacts)]
    distinct = {"activity": {"name": {"eq": "purchase"}}, "distinct": {"of": "amount", "gte": 2}}
    assert sites(mismatches(driver, distinct)) == [("distinct of activity amount", 1)]


def test_other_accounts_are_passed_over() -> None:
    driver = purchases_driver()
    driver.send("activity.recorded", day(7), "gus", account="other", name="purchase", properties={"amount": "x"})
    assert sites(mismatches(driver, {"activity": PURCHASES})) == [("gte of activity amount", 1)]


def test_fields_that_a_property_stands_in_for_and_parts_of_the_address_have_types_too() -> None:
    driver = EngineDriver()
    driver.send(
        "activity.recorded", day(0), "ann", name="form", properties={"title": True, "cart": {"total": "none"}}
    )
    driver.visit(day(0), "/?page=last", "bob")
    driver.visit(day(0), "/?page=7", "cem")
    for when, expected in (
        ({"activity": {"title": {"eq": "Demo"}}}, "eq of activity title"),
        ({"activity": {"cart.total": {"gte": 5}}}, "gte of activity cart.total"),
        ({"visit": {"query.page": {"gte": 5}}}, "gte of visit query.page"),
    ):
        assert sites(mismatches(driver, when)) == [(expected, 1)]
    assert sites(mismatches(driver, {"activity": {"title": {"eq": "Demo"}}}, 3)) == []


def test_a_sum_looks_at_the_property_and_not_at_the_events_own_field() -> None:
    driver = EngineDriver()
    driver.visit(day(0), "/", "ann", title="Prices", properties={"title": 5})
    driver.visit(day(0), "/", "bob", title="7", properties={"title": "many"})
    when = {"visit": {}, "sum": {"of": "title", "gte": 10}}
    report = mismatches(driver, when)
    assert list(report.lines()) == ['segment s: sum of visit title, 1 contact (bob: "many")']

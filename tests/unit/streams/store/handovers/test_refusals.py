"""Which leads are refused: the newest answer decides, by hand-over and retry."""

from __future__ import annotations

import random
import tracemalloc

import msgspec
import pytest

from streams.store.handovers.refusals import RefusalFilter, RefusalTable
from streams.store.outputs.tables import RowKey

KEY = RowKey("acme", "spring", "ann")


def answer(kind: str, number: int, at: int, retry: int = 0, code: str = "A", *, update: bool = False) -> bytes:
    event = {
        "type": f"crm.{kind}",
        "at": f"2026-03-0{at}T00:00:00.000Z",
        "account": "acme",
        "campaign": "spring",
        "contact": "ann",
        "number": [0, number, 0],
        "hand_over": f"h-{number}",
        **({"code": code, "message": "no"} if kind == "failed" else {}),
        **({"retry": retry} if retry else {}),
        **({"update": True} if update else {}),
    }
    return msgspec.json.encode(event)


def refusals_of(*answers: bytes, row: dict[str, object] | None = None) -> RefusalTable:
    found = RefusalTable(RefusalFilter())
    for each in answers:
        found.note_failure(each)
    if row is not None:
        found.add_row(b"acme/spring/ann", msgspec.json.encode({"at": "2026-03-09T00:00:00.000Z", "crm": row}))
    for each in answers:
        found.add_answer(each)
    return found


def test_a_refusal_counts_from_the_first_one_since_the_last_link() -> None:
    [lead] = refusals_of(
        answer("failed", 1, 1),
        answer("linked", 2, 2),
        answer("failed", 3, 3, code="B"),
        answer("failed", 3, 4, retry=1),
        answer("failed", 3, 5, retry=2, code="C"),
    ).refused_leads()
    assert (lead.key, lead.code, lead.since, lead.retries) == (KEY, "C", "2026-03-03T00:00:00.000Z", 2)
    assert lead.hand_over == "h-3"


def test_since_is_the_first_refusal_also_where_the_lead_has_the_newest_answer_already() -> None:
    row = {"code": "C", "message": "no", "hand_over": "h-3", "number": [0, 3, 0], "retry": 1, "result": "crm.failed"}
    answers = [
        answer("failed", 1, 1),
        answer("linked", 2, 2),
        answer("failed", 3, 3),
        answer("failed", 3, 4, retry=1),
    ]
    for repeated in ([], answers[:1], answers[2:3], answers):
        [lead] = refusals_of(*answers, *repeated, row=row).refused_leads()
        assert (lead.since, lead.retries) == ("2026-03-03T00:00:00.000Z", 1)


def test_a_link_ends_a_refusal_and_an_older_answer_that_comes_late_changes_nothing() -> None:
    answers = [answer("failed", 1, 1), answer("linked", 1, 2, retry=1)]
    assert refusals_of(*answers).refused_leads() == []
    assert refusals_of(*answers, answer("failed", 1, 1)).refused_leads() == []


def test_what_becomes_of_an_update_says_nothing_of_the_hand_over_before_it() -> None:
    refused = answer("failed", 5, 1, code="campaign_unknown")
    for later in (answer("linked", 7, 2, update=True), answer("failed", 4, 2, update=True)):
        [lead] = refusals_of(refused, later).refused_leads()
        assert (lead.code, lead.hand_over, lead.is_update) == ("campaign_unknown", "h-5", False)


def test_a_refused_update_is_a_refusal_of_its_own_until_an_update_or_a_newer_hand_over_is_linked() -> None:
    answers = [answer("failed", 5, 1), answer("failed", 7, 2, code="B", update=True)]
    both = [("A", False, "2026-03-01T00:00:00.000Z"), ("B", True, "2026-03-02T00:00:00.000Z")]
    assert [(each.code, each.is_update, each.since) for each in refusals_of(*answers).refused_leads()] == both
    [update] = refusals_of(*answers, answer("linked", 5, 3, retry=1)).refused_leads()
    assert update.is_update
    [hand_over] = refusals_of(*answers, answer("linked", 7, 3, retry=1, update=True)).refused_leads()
    assert not hand_over.is_update
    assert refusals_of(*answers, answer("linked", 7, 3, retry=1)).refused_leads() == []
    [newer] = refusals_of(*answers, answer("failed", 9, 3, code="C")).refused_leads()
    assert (newer.code, newer.is_update) == ("C", False)


def test_the_row_of_a_lead_has_the_refusals_of_both() -> None:
    update = {"code": "B", "hand_over": "h-7", "number": [0, 7, 0], "retry": 1, "result": "crm.failed"}
    row: dict[str, object] = {"code": "A", "hand_over": "h-5", "number": [0, 5, 0], "update": update}
    found = refusals_of(row=row).refused_leads()
    assert [(each.code, each.hand_over, each.retries, each.is_update) for each in found] == [
        ("A", "h-5", 0, False),
        ("B", "h-7", 1, True),
    ]
    linked = {"number": [0, 7, 0], "retry": 2, "result": "crm.linked"}
    [hand_over] = refusals_of(answer("failed", 7, 1, update=True), row={**row, "update": linked}).refused_leads()
    assert hand_over.code == "A"


def test_what_an_update_left_in_a_row_of_before_engine_version_4_is_that_of_an_update() -> None:
    row: dict[str, object] = {"code": "B", "hand_over": "h-7", "number": [0, 7, 0], "result": "crm.failed"}
    [lead] = refusals_of(answer("failed", 7, 1, code="B", update=True), row=row).refused_leads()
    assert lead.is_update


def test_what_the_results_no_longer_have_is_in_the_row() -> None:
    row = {"code": "A", "message": "no", "hand_over": "h-1", "number": [0, 1, 0], "retry": 2, "result": "crm.failed"}
    [lead] = refusals_of(row=row).refused_leads()
    assert (lead.code, lead.since, lead.retries) == ("A", "2026-03-09T00:00:00.000Z", 2)
    assert refusals_of(answer("linked", 1, 1, retry=3), row=row).refused_leads() == []
    linked: dict[str, object] = {"record": "00Q", "number": [0, 1, 0], "result": "crm.linked"}
    assert refusals_of(row=linked).refused_leads() == []
    [update] = refusals_of(row={**linked, "update": {**row, "number": [0, 2, 0]}}).refused_leads()
    assert update.is_update


@pytest.mark.parametrize("value", [b"no json", b"{}", b'{"type": "crm.failed"}'])
def test_what_is_no_answer_is_passed_over(value: bytes) -> None:
    assert refusals_of(value).refused_leads() == []


@pytest.mark.parametrize(
    ("wanted", "fits"),
    [
        (RefusalFilter(), True),
        (RefusalFilter(accounts=frozenset({"acme"}), codes=frozenset({"A", "B"})), True),
        (RefusalFilter(accounts=frozenset({"beta"})), False),
        (RefusalFilter(campaigns=frozenset({"autumn"})), False),
        (RefusalFilter(contacts=frozenset({"ben"})), False),
        (RefusalFilter(codes=frozenset({"B"})), False),
    ],
)
def test_a_filter_picks_by_account_campaign_contact_and_code(wanted: RefusalFilter, fits: bool) -> None:
    found = RefusalTable(wanted)
    found.note_failure(answer("failed", 1, 1))
    found.add_answer(answer("failed", 1, 1))
    assert (len(found.refused_leads()) == 1) == fits


def test_in_whatever_order_answers_are_read_the_newest_decides() -> None:
    chance = random.Random(3)
    answers = [answer("failed", 1, 1), answer("failed", 1, 2, retry=1), answer("linked", 1, 3, retry=2)]
    for _ in range(6):
        chance.shuffle(answers)
        assert refusals_of(*answers).refused_leads() == []


def test_a_row_that_was_refused_and_is_linked_now_is_not_refused_whatever_the_results_still_have() -> None:
    found = RefusalTable(RefusalFilter())
    for crm in ({"code": "A", "number": [0, 1, 0]}, {"record": "00Q", "number": [0, 2, 0]}):
        found.add_row(b"acme/spring/ann", msgspec.json.encode({"at": "2026-03-09T00:00:00.000Z", "crm": crm}))
    assert found.refused_leads() == []


def test_memory_grows_with_the_refused_leads_and_not_with_all_that_were_handed_over() -> None:
    def held_bytes(settled: int) -> int:
        tracemalloc.start()
        found = RefusalTable(RefusalFilter())
        contacts = [f"person-{number}" for number in range(100)]
        answers = [answer("failed", 1, 1).replace(b"ann", each.encode()) for each in contacts]
        for each in answers:
            found.note_failure(each)
        start = tracemalloc.get_traced_memory()[0]
        for number in range(settled):
            row = {"at": "2026-03-09T00:00:00.000Z", "crm": {"record": "00Q", "number": [0, 1, 0]}}
            found.add_row(f"acme/spring/settled-{number}".encode(), msgspec.json.encode(row))
            linked = answer("linked", 1, 1).replace(b"ann", f"settled-{number}".encode())
            found.note_failure(linked)
            found.add_answer(linked)
        for each in answers:
            found.add_answer(each)
        used = tracemalloc.get_traced_memory()[0] - start
        tracemalloc.stop()
        assert len(found.refused_leads()) == 100
        return used

    assert held_bytes(2_000) < 2 * held_bytes(10)

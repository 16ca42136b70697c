"""The queue of hand-overs: whose turn it is, and who was refused for long enough."""

from __future__ import annotations

import pytest

from agents.crm.handovers.handover_queue import HandOverQueue, OrgClock, QueuedHandOver
from connectors.salesforce.handover.handover_records import (
    HandOverCampaign,
    HandOverContact,
    LeadHandOver,
    LeadHandOverNumber,
)
from connectors.salesforce.org.errors import CrmError

LOCKED = CrmError("UNABLE_TO_LOCK_ROW", "locked")


def item(contact: str, offset: int = 1, retry: int = 0) -> QueuedHandOver:
    handover = LeadHandOver(
        f"{contact}-{offset}",
        "2026-03-01T10:00:00.000Z",
        LeadHandOverNumber(0, offset, 0),
        "acme",
        contact,
        HandOverCampaign("spring"),
        HandOverContact(),
        retry=retry,
    )
    return QueuedHandOver(handover)


def queue_of(*items: QueuedHandOver, delay: float = 1.0, patience: float = 60.0) -> HandOverQueue:
    queue = HandOverQueue(patience, lambda attempt: delay * 2**attempt)
    for each in items:
        queue.add(each)
    return queue


def due(queue: HandOverQueue, now: float, limit: int = 200) -> list[str]:
    return [each.handover.id for each in queue.due(now, limit)]


def test_a_contacts_hand_overs_go_together_the_oldest_first() -> None:
    queue = queue_of(item("ann", 2), item("ben", 3), item("ann", 1))
    assert due(queue, 0.0) == ["ann-1", "ann-2", "ben-3"]
    assert due(queue, 0.0, limit=2) == ["ann-1", "ann-2"]
    assert len(queue) == queue.due_count(0.0) == 3


def test_a_hand_over_and_its_retry_are_never_in_one_batch() -> None:
    first, retry = item("ann"), item("ann", retry=1)
    queue = queue_of(retry, first)
    assert [each.handover.retry for each in queue.due(0.0, 200)] == [0]
    queue.remove(first)
    assert [each.handover.retry for each in queue.due(0.0, 200)] == [1]


def test_a_refused_contact_waits_with_all_that_it_has_and_others_do_not() -> None:
    ann = item("ann")
    queue = queue_of(ann, item("ben"))
    queue.refuse([(ann, LOCKED)], now=10.0, org_seconds=0.0)
    queue.add(item("ann", 2))
    assert due(queue, 10.5) == ["ben-1"]
    assert due(queue, 11.0) == ["ann-1", "ann-2", "ben-1"]
    queue.refuse([(ann, LOCKED)], now=11.0, org_seconds=1.0)
    assert due(queue, 12.9) == ["ben-1"]
    assert queue.refused_count == 1


def test_refused_contacts_take_half_of_a_batch_while_others_want_it() -> None:
    refused = [item(f"r{each}") for each in range(10)]
    queue = queue_of(*refused)
    queue.refuse([(each, LOCKED) for each in refused], now=0.0, org_seconds=0.0)
    assert len(due(queue, 1.0, limit=4)) == 4
    for each in range(3):
        queue.add(item(f"f{each}"))
    assert due(queue, 1.0, limit=4) == ["r0-1", "r1-1", "f0-1", "f1-1"]
    assert due(queue, 1.0, limit=8) == ["r0-1", "r1-1", "r2-1", "r3-1", "r4-1", "f0-1", "f1-1", "f2-1"]


def test_each_hand_over_has_its_own_time_and_a_later_one_is_tried_by_itself() -> None:
    ann, later = item("ann"), item("ann", 2)
    queue = queue_of(ann, patience=60.0)
    queue.refuse([(ann, LOCKED)], now=0.0, org_seconds=5.0)
    queue.add(later)
    queue.refuse([(ann, LOCKED), (later, LOCKED)], now=30.0, org_seconds=35.0)
    assert queue.overdue(64.9) == []
    assert queue.overdue(65.0) == [ann]
    queue.remove(ann)
    assert queue.overdue(94.9) == []
    assert queue.overdue(95.0) == [later]


def test_the_last_try_comes_when_the_time_is_over_and_not_later() -> None:
    ann = item("ann")
    queue = queue_of(ann, delay=50.0, patience=60.0)
    queue.refuse([(ann, LOCKED)], now=0.0, org_seconds=0.0)
    queue.refuse([(ann, LOCKED)], now=50.0, org_seconds=50.0)
    assert due(queue, 59.9) == []
    assert due(queue, 60.0) == ["ann-1"]


def test_when_its_refused_one_is_answered_a_contact_is_due_at_once() -> None:
    ann = item("ann")
    queue = queue_of(ann)
    queue.refuse([(ann, LOCKED)], now=0.0, org_seconds=0.0)
    queue.add(item("ann", 2))
    queue.remove(ann)
    assert due(queue, 0.0) == ["ann-2"]


def test_what_is_removed_is_gone_with_its_contact() -> None:
    queue = queue_of(item("ann"), item("ben"))
    assert [each.handover.contact for each in queue.remove_where(lambda each: each.handover.contact == "ann")] == [
        "ann"
    ]
    assert due(queue, 0.0) == ["ben-1"]
    assert len(queue) == 1


def test_the_oldest_try_is_the_one_that_waits_the_longest() -> None:
    ann, ben = item("ann"), item("ben")
    queue = queue_of(ann, ben)
    assert queue.oldest_try is None
    ben.first_try, ann.first_try = 3.0, 4.0
    assert queue.oldest_try == 3.0


def test_the_org_clock_counts_between_answers_and_not_across_an_outage() -> None:
    clock = OrgClock()
    clock.add_answer(100.0)
    clock.add_answer(130.0)
    assert clock.seconds == pytest.approx(30.0)
    clock.add_outage()
    clock.add_answer(4_000.0)
    assert clock.seconds == pytest.approx(30.0)
    clock.add_answer(4_001.0)
    assert clock.seconds == pytest.approx(31.0)

"""A contact's newest record says whether what waits of before may be handed over."""

from __future__ import annotations

import msgspec
import pytest
from aiokafka import TopicPartition

from agents.crm.handovers.opt_outs import OptOuts
from connectors.salesforce.handover.handover_records import LeadHandOver
from tests.harness.salesforce.handovers import lead_of

LEADS, OTHER = TopicPartition("qualified-leads", 0), TopicPartition("qualified-leads", 1)


def told(offset: int, *, flag: str | None, contact: str = "ada") -> LeadHandOver:
    update = lead_of(contact, offset, update=())
    return update if flag is None else msgspec.structs.replace(update, **{flag: True})


@pytest.mark.parametrize("flag", ["do_not_sync", "opted_out"])
def test_what_was_decided_before_an_opt_out_is_forbidden(flag: str) -> None:
    opt_outs = OptOuts()
    opt_outs.note(told(5, flag=flag), LEADS, 40)
    assert opt_outs.forbid(lead_of(offset=4))
    assert not opt_outs.forbid(lead_of(offset=6))
    assert not opt_outs.forbid(lead_of("bob", 4))
    assert not opt_outs.forbid(lead_of(offset=4, account="acme"))
    assert not opt_outs.forbid(lead_of(offset=4, update=("contact.status",)))


def test_consent_that_was_given_again_forbids_nothing() -> None:
    opt_outs = OptOuts()
    opt_outs.note(told(5, flag="opted_out"), LEADS, 40)
    opt_outs.note(told(6, flag=None), LEADS, 41)
    assert not opt_outs.forbid(lead_of(offset=4))
    assert len(opt_outs) == 0


def test_what_nothing_waits_before_any_more_is_forgotten() -> None:
    opt_outs = OptOuts()
    opt_outs.note(told(5, flag="opted_out"), LEADS, 40)
    opt_outs.note(told(6, flag="opted_out", contact="bob"), LEADS, 41)
    opt_outs.note(told(7, flag="opted_out", contact="cleo"), OTHER, 1)
    opt_outs.forget(LEADS, 41)
    assert not opt_outs.forbid(lead_of(offset=4))
    assert opt_outs.forbid(lead_of("bob", 4))
    opt_outs.forget(LEADS)
    assert not opt_outs.forbid(lead_of("bob", 4))
    assert opt_outs.forbid(lead_of("cleo", 4))
    opt_outs.clear()
    assert len(opt_outs) == 0

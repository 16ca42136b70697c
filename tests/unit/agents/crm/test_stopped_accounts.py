"""Accounts that stand still: when another try of them may succeed."""

from __future__ import annotations

from agents.crm.stopped_accounts import StoppedAccounts


class ReleaseMappings:
    """The mappings of accounts, which change with releases."""

    def __init__(self) -> None:
        self.accounts: dict[str, str] = {"acme": "misfit"}

    def __call__(self, account: str) -> str | None:
        return self.accounts.get(account)


def test_an_account_is_tried_again_from_time_to_time_and_at_once_when_its_mapping_changes() -> None:
    mappings = ReleaseMappings()
    stopped = StoppedAccounts(mappings, retry_seconds=30.0)
    assert stopped.is_due("acme", 0.0)
    stopped.stop("acme", "no field", since=1_000, now=0.0)
    assert not stopped.is_due("acme", 29.0)
    assert stopped.is_due("acme", 30.0)
    mappings.accounts["acme"] = "mended"
    assert stopped.is_due("acme", 1.0)
    stopped.postpone("acme", 1.0)
    assert not stopped.is_due("acme", 30.0)
    assert stopped.is_due("acme", 31.0)
    stopped.postpone("beta", 1.0)
    assert stopped.stops.keys() == {"acme"}


def test_an_account_that_stops_again_keeps_since_when() -> None:
    stopped = StoppedAccounts(ReleaseMappings(), retry_seconds=30.0)
    stopped.stop("acme", "no field", since=1_000, now=0.0)
    stopped.stop("acme", "no such value", since=9_000, now=40.0)
    assert stopped.stops["acme"].since == 1_000
    assert stopped.stops["acme"].reason == "no such value"
    released = stopped.release("acme")
    assert released is not None
    assert stopped.release("acme") is None
    assert stopped.is_due("acme", 0.0)


def test_a_paused_account_waits_for_its_resumption() -> None:
    stopped = StoppedAccounts(ReleaseMappings(), retry_seconds=30.0)
    stopped.pause("acme", "paused", since=1_000)
    stopped.resume_all_but(["acme"], 5.0)
    assert not stopped.is_due("acme", 1_000_000.0)
    stopped.resume_all_but([], 5.0)
    assert stopped.is_due("acme", 5.0)


def test_a_new_owner_tries_at_once_what_a_former_one_left_and_forgets_what_it_does_not_own() -> None:
    stopped = StoppedAccounts(ReleaseMappings(), retry_seconds=30.0)
    stopped.recall("acme", since=1_000, now=7.0)
    assert stopped.is_due("acme", 7.0)
    stopped.stop("acme", "no field", since=9_000, now=7.0)
    stopped.recall("acme", since=1_000, now=8.0)
    assert stopped.stops["acme"].reason == "no field"
    stopped.pause("beta", "paused", since=1_000)
    stopped.stop("gamma", "no field", since=1_000, now=7.0)
    stopped.retain(["acme"])
    assert stopped.stops.keys() == {"acme", "beta"}

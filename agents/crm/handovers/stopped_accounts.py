"""The accounts whose hand-overs stand still in this process: since when, why, and when they are tried again."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass


@dataclass(slots=True)
class StoppedAccount:
    """An account that stands still. `since` is in ms; `mapping` the one that does not fit, None where none is known.

    A paused one waits for its resumption, and is not tried.
    """

    account: str
    since: int
    reason: str
    next_try: float
    mapping: object = None
    is_paused: bool = False


class StoppedAccounts:
    """Which accounts stand still; `mapping` gives an account's mapping, `retry_seconds` the time between tries.

    An account is tried again when its mapping is another one, and from time to time, for the org may have changed.
    """

    def __init__(self, mapping: Callable[[str], object], retry_seconds: float) -> None:
        self._mapping = mapping
        self._retry_seconds = retry_seconds
        self._stops: dict[str, StoppedAccount] = {}

    @property
    def stops(self) -> Mapping[str, StoppedAccount]:
        """The accounts that stand still, by name."""
        return self._stops

    def stop(
        self, account: str, reason: str, *, since: int, now: float, retry_seconds: float | None = None
    ) -> StoppedAccount:
        """The account stands still, or still does; `now` is in monotonic seconds."""
        before = self._stops.get(account)
        stop = StoppedAccount(
            account,
            before.since if before is not None else since,
            reason,
            now + (self._retry_seconds if retry_seconds is None else retry_seconds),
            self._mapping(account),
        )
        self._stops[account] = stop
        return stop

    def recall(self, account: str, *, since: int, now: float) -> None:
        """An account that a former owner left behind: it is tried at once."""
        if account not in self._stops:
            reason = "it stood still when this worker took over, and was not tried again yet"
            self._stops[account] = StoppedAccount(account, since, reason, now)

    def retain(self, accounts: Iterable[str]) -> None:
        """Forgets the accounts that are not among these: what is owned now has nothing of them that stands still."""
        owned = set(accounts)
        self._stops = {name: stop for name, stop in self._stops.items() if name in owned or stop.is_paused}

    def pause(self, account: str, reason: str, *, since: int) -> None:
        """The account stands still until it is resumed."""
        self._stops[account] = StoppedAccount(account, since, reason, float("inf"), is_paused=True)

    def resume_all_but(self, accounts: Iterable[str], now: float) -> None:
        """Paused accounts that are not among these may be tried again."""
        for stop in self._stops.values():
            if stop.is_paused and stop.account not in accounts:
                stop.is_paused, stop.next_try, stop.reason = False, now, "it was paused, and is behind the others"

    def is_due(self, account: str, now: float) -> bool:
        """Whether a try of the account may succeed."""
        stop = self._stops.get(account)
        if stop is None:
            return True
        if stop.is_paused:
            return False
        is_mended = stop.mapping is not None and self._mapping(account) != stop.mapping
        return is_mended or now >= stop.next_try

    def postpone(self, account: str, now: float) -> None:
        """A try of the account is under way: the next one is due later."""
        if (stop := self._stops.get(account)) is not None:
            stop.next_try = now + self._retry_seconds
            stop.mapping = self._mapping(account)

    def release(self, account: str) -> StoppedAccount | None:
        """The account goes on; returns how it stood still, None where it did not."""
        return self._stops.pop(account, None)

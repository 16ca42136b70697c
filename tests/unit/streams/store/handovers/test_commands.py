"""The topic of commands as a table: retries and pauses, until a tombstone ends them."""

from __future__ import annotations

from streams.store.handovers.commands import CrmCommands, HandOverPause, RetryRequest, encode_command

RETRY = RetryRequest("acme", "ann", "spring", 2, 1, {"id": "h-1"}, "2026-03-01T10:00:00.000Z", "jo")
PAUSE = HandOverPause("2026-03-01T10:00:00.000Z", None, "jo")
ACCOUNT_PAUSE = HandOverPause("2026-03-01T10:00:00.000Z", "acme")


def commands_of(*commands: RetryRequest | HandOverPause) -> CrmCommands:
    found = CrmCommands()
    for each in commands:
        found.add(each.key.encode(), encode_command(each))
    return found


def test_commands_stand_until_their_tombstone() -> None:
    commands = commands_of(RETRY, PAUSE, ACCOUNT_PAUSE)
    assert commands.retries == {"retry/acme/ann/spring": RETRY}
    assert commands.pause == PAUSE
    assert commands.account_pauses == {"acme": ACCOUNT_PAUSE}
    for key in (b"retry/acme/ann/spring", b"pause"):
        commands.add(key, None)
    assert commands.retries == {}
    assert commands.pause is None
    assert commands.account_pauses == {"acme": ACCOUNT_PAUSE}


def test_a_record_of_somebody_else_changes_nothing() -> None:
    commands = commands_of(RETRY)
    for key, value in ((b"pause", b"yes"), (b"pause/beta", encode_command(PAUSE)), (None, None), (b"\xff", b"{}")):
        commands.add(key, value)
    assert commands.retries == {RETRY.key: RETRY}
    assert commands.pause is None
    assert commands.account_pauses == {}


def test_a_pause_says_whose_since_when_and_by_whom() -> None:
    assert str(PAUSE) == "hand-overs are paused since 2026-03-01T10:00:00.000Z by jo"
    assert str(ACCOUNT_PAUSE) == "hand-overs of acme are paused since 2026-03-01T10:00:00.000Z"

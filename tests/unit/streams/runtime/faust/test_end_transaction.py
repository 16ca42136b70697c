"""An EndTxn that may have been sent and was not answered is counted: a late copy could end the next transaction."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from aiokafka.errors import NodeNotReadyError, RequestTimedOutError
from aiokafka.producer import sender as aiokafka_sender

from streams.runtime.faust import end_transaction


def fake_handler(answer: Any) -> Any:
    """aiokafka's handler of an EndTxn, whose request gets this answer."""

    async def send(_node: int, _request: Any, group: Any) -> Any:
        if isinstance(answer, BaseException):
            raise answer
        return answer

    sender = SimpleNamespace(client=SimpleNamespace(send=send))
    return SimpleNamespace(
        _sender=sender,
        group=None,
        create_request=lambda: "EndTxn",
        handle_error=lambda: 0,
        handle_response=lambda response: None if response == "done" else 0,
    )


async def test_an_answered_end_is_not_counted() -> None:
    end_handler = fake_handler("done")
    assert await end_transaction.send_end_transaction(end_handler, 1) is True
    assert end_transaction.unanswered_ends(end_handler._sender) == 0


async def test_an_end_without_an_answer_is_counted() -> None:
    end_handler = fake_handler(RequestTimedOutError())
    assert await end_transaction.send_end_transaction(end_handler, 1) is False
    assert end_transaction.unanswered_ends(end_handler._sender) == 1


async def test_an_end_that_was_never_sent_is_not_counted() -> None:
    end_handler = fake_handler(NodeNotReadyError())
    assert await end_transaction.send_end_transaction(end_handler, 1) is False
    assert end_transaction.unanswered_ends(end_handler._sender) == 0


async def test_an_end_that_the_broker_puts_off_is_sent_again() -> None:
    assert await end_transaction.send_end_transaction(fake_handler("later"), 1) is False


def test_aiokafka_is_patched(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(aiokafka_sender.EndTxnHandler, "do", None, raising=False)
    monkeypatch.setattr(aiokafka_sender, "BACKOFF_OVERRIDE", 0.02)
    end_transaction.patch_end_transaction()
    assert aiokafka_sender.EndTxnHandler.do is end_transaction.send_end_transaction
    backoff: float = aiokafka_sender.BACKOFF_OVERRIDE
    assert backoff < 0.01

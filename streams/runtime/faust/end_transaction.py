"""Patches aiokafka's end of a transaction in two places.

Backoff: while the markers of the last commit are not written yet, aiokafka waits 20 ms before it asks again; a commit
takes 25 ms with that and 3 ms with 2.

Unanswered ends: aiokafka speaks EndTxn v0, in which one epoch covers all transactions. When an EndTxn gets no answer
and is sent again, the first copy may still be in a stalled broker's socket, and arriving late it would commit
*half of the next transaction*. So every EndTxn that may have been sent and was not answered is counted in
`sender.unanswered_ends`; the slot takes a new epoch before it goes on (`SlotProducer.renew_epoch`).

`Any` stands for private objects of aiokafka.
"""

from __future__ import annotations

import asyncio
from typing import Any

from aiokafka.errors import KafkaError, NodeNotReadyError
from aiokafka.producer import sender as aiokafka_sender

BACKOFF_SECONDS = 0.002


async def send_end_transaction(handler: Any, node_id: int) -> bool:
    """Replaces `EndTxnHandler.do`: counts an EndTxn that may have been sent and not answered; returns whether the
    transaction is ended.
    """
    sender = handler._sender
    try:
        response = await sender.client.send(node_id, handler.create_request(), group=handler.group)
    except KafkaError as error:
        if not isinstance(error, NodeNotReadyError):  # NodeNotReady: it was never sent
            sender.unanswered_ends = unanswered_ends(sender) + 1
        await asyncio.sleep(handler.handle_error())
        return False
    backoff = handler.handle_response(response)
    if backoff is not None:
        await asyncio.sleep(backoff)
        return False
    return True


def has_unanswered_end(producer: Any) -> bool:
    """Whether a copy of an EndTxn of this AIOKafkaProducer may still be on its way."""
    return unanswered_ends(producer._sender) > 0


def unanswered_ends(sender: Any) -> int:
    """How many EndTxn requests of this sender were sent and not answered."""
    return int(getattr(sender, "unanswered_ends", 0))


def patch_end_transaction() -> None:
    """Patches aiokafka in this process; a second call changes nothing."""
    aiokafka_sender.BACKOFF_OVERRIDE = BACKOFF_SECONDS
    aiokafka_sender.EndTxnHandler.do = send_end_transaction

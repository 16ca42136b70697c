"""How the process of the role `crm` ends."""

from __future__ import annotations

import pytest

from agents.crm import main
from streams.errors import BrokerUnavailable, TopicsMissing
from streams.settings import Settings


async def test_topics_that_are_gone_while_it_hands_over_are_looked_for_by_the_next_start(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def run(*_arguments: object, **_options: object) -> None:
        raise TopicsMissing("topic qualified-leads does not exist")

    async def await_nothing(*_arguments: object) -> None:
        pass

    monkeypatch.setattr(main, "run", run)
    monkeypatch.setattr(main, "answer_reports", await_nothing)
    monkeypatch.setattr(main, "await_topics", await_nothing)
    with pytest.raises(BrokerUnavailable, match="there before: topic qualified-leads does not exist"):
        await main._run_until_signal(Settings())

"""What the routes share: the read models, the definitions, the way to the in-topics."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from functools import partial
from typing import Annotated, Any, TypeVar

from fastapi import Depends, Request

from streams.kafka.deployment import DeploymentRecord
from streams.progress import ignore_progress
from streams.serve.definition_texts import DefinitionTexts
from streams.serve.event_writer import EventWriter
from streams.serve.freshness import FreshValue
from streams.serve.live.event_stream import OpenStreams, wait_for_end
from streams.serve.live.letter_ends import read_letter_ends
from streams.serve.problems import HttpProblem
from streams.serve.questions.long_questions import LongQuestions
from streams.serve.questions.processes import CallProcesses
from streams.serve.releases import AppliedDefinitions
from streams.settings import Settings
from streams.store.status.report import DeploymentStatus, read_status
from streams.views.reader import ViewReader

STATUS_SECONDS = 3.0
LETTERS_SECONDS = 2.0
PLAN_MEMORY_BYTES = 4 << 30
"""For the plan of one draft: its text, and what its preview holds of all contacts."""

_T = TypeVar("_T")


class ServeContext:
    """Everything that a request may need; one for the whole server."""

    def __init__(
        self,
        settings: Settings,
        views: ViewReader,
        *,
        questions: LongQuestions | None = None,
        streams: OpenStreams | None = None,
    ) -> None:
        self.settings = settings
        self.views = views
        self.definitions = AppliedDefinitions(settings)
        self.definition_texts = DefinitionTexts()
        self.writer = EventWriter(settings)
        self.questions = questions or LongQuestions()
        self.readings = CallProcesses()
        self.plans = CallProcesses(running=1, memory_bytes=PLAN_MEMORY_BYTES)
        self.streams = streams or OpenStreams()
        self.status = FreshValue(self._read_status, STATUS_SECONDS)
        self.letter_ends = FreshValue(partial(read_letter_ends, settings), LETTERS_SECONDS)

    async def contact_id(self, text: str) -> str:
        """A contact's id as the deployment writes it; as it is where Kafka does not answer."""
        deployment = await self.deployment_or_none()
        return text if deployment is None else deployment.contact_id(text)

    async def contact_prefix(self, text: str) -> str:
        """The beginning of contacts' ids as the deployment writes them; as it is where Kafka does not answer."""
        deployment = await self.deployment_or_none() if text else None
        return text if deployment is None else deployment.contact_prefix(text)

    async def deployment_or_none(self) -> DeploymentRecord | None:
        """What is fixed with the deployment; None where Kafka does not tell: reading Redis goes on without."""
        return await self.definitions.deployment_or_none()

    def stop(self) -> None:
        """Ends open streams and long questions; called from the server's loop."""
        self.streams.stopping.set()
        self.questions.close()
        self.readings.close()
        self.plans.close()

    async def close(self) -> None:
        """Ends connections."""
        self.stop()
        await self.writer.close()

    async def _read_status(self) -> DeploymentStatus:
        return await self.questions.ask(lambda: read_status(self.settings, ignore_progress))


def serve_context(request: Request) -> ServeContext:
    """The server's context."""
    context: ServeContext = request.app.state.context
    return context


Context = Annotated[ServeContext, Depends(serve_context)]
"""The server's context as a parameter of a route."""


class Asker:
    """Asks long questions for one request; what is asked ends when the client goes, as it does at every key typed."""

    def __init__(self, request: Request) -> None:
        self._receive = request.receive
        self._questions = serve_context(request).questions

    async def ask(self, question: Callable[[], Awaitable[_T]]) -> _T:
        """The answer. Raises what `LongQuestions.ask` raises, and HttpProblem to nobody where the client is gone."""
        return await self._await(self._questions.ask(question))

    async def call(
        self, processes: CallProcesses, function: Callable[..., _T], *arguments: object, seconds: float
    ) -> _T:
        """What the function answers. Raises what `CallProcesses.call` raises, and HttpProblem as above."""
        return await self._await(processes.call(function, *arguments, seconds=seconds))

    async def _await(self, answer: Coroutine[Any, Any, _T]) -> _T:
        asking = asyncio.create_task(answer)
        leaving = asyncio.create_task(wait_for_end(self._receive))
        try:
            await asyncio.wait({asking, leaving}, return_when=asyncio.FIRST_COMPLETED)
            if not asking.done():
                raise HttpProblem("timeout", "the client went before it had the answer")
            return asking.result()
        finally:
            asking.cancel()
            leaving.cancel()


AskerOfRequest = Annotated[Asker, Depends(Asker)]
"""The asker of a request as a parameter of a route."""

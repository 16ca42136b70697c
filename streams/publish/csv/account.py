"""What a deployment says of an account whose contacts are in CSV files."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from schemas.definitions import STANDARD_PROPERTIES, PropertyType
from schemas.engine_versions import OLDEST_VERSION, EngineVersion
from streams.clock import now_ms
from streams.kafka.deployment import require_deployment
from streams.kafka.events_clock import current_event_time
from streams.settings import Settings
from streams.store.releases import ReleaseRepository


@dataclass(frozen=True, slots=True)
class AccountContext:
    """What rows of an account are read by in a deployment."""

    property_types: Mapping[str, PropertyType]
    """Property -> its type, of the standard properties and of the declared ones."""
    now: int | None
    """ms: on the wall clock now, on the events clock the time that was last told, None where none was."""
    latest_instant: Callable[[], int] | None
    """On the wall clock: returns the last instant (ms) that a worker of the same settings accepts now."""
    engine_version: EngineVersion
    """The version that decides the account."""


async def read_account_context(settings: Settings, account: str) -> AccountContext:
    """Reads what the deployment says of an account. Raises TopicsMissing, BrokerUnavailable."""
    deployment = await require_deployment(settings)
    release = await ReleaseRepository(settings, deployment.clock).latest(account)
    declared = release.definitions.properties if release is not None else {}
    version = release.definitions.engine_version if release is not None else OLDEST_VERSION
    types = {**STANDARD_PROPERTIES, **declared}
    if deployment.clock == "wall":
        return AccountContext(types, now_ms(), lambda: now_ms() + settings.future_ms, version)
    return AccountContext(types, await current_event_time(settings, account), None, version)

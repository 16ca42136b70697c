"""Every setting of a deployment, read from the environment (`LEADSTREAM_...`) once, at the edge."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict

from streams.engine.settings import DEFAULT_ENGINE_SETTINGS, DuplicateWindow, EngineSettings

Clock = Literal["wall", "events"]


class Settings(BaseSettings):
    """Immutable; built once by the command that runs and handed down, never looked up."""

    model_config = SettingsConfigDict(env_prefix="LEADSTREAM_", frozen=True, extra="ignore")

    bootstrap: str = Field("127.0.0.1:9092", description="Kafka bootstrap servers, comma separated")
    prefix: str = Field("", description="put before every topic name, group and transactional id")
    clock: Clock = Field("wall", description="fixed when the topics are created")
    partitions: int = Field(4, ge=1, le=256, description="journal partitions (slots); fixed at creation")
    in_partitions: int = Field(4, ge=1, description="partitions of in-topics that Leadstream creates")
    replication: int = Field(1, ge=1, description="replication factor of topics that Leadstream creates")
    data_dir: Path = Field(Path("run"), description="locks, logs and the local broker's data")
    name: str | None = Field(None, description="worker name: the group instance id")

    interval_ms: int = Field(25, description="least time between two transactions of a slot under load")
    tick_ms: int = Field(250, description="between two ticks while something is due")
    heartbeat_ms: int = Field(5_000, description="between two ticks while nothing is due")
    grace_ms: int = Field(1_000, ge=500, description="how far a wall tick stays behind the clock")
    claims_ms: int = Field(250, description="between two publications of a worker's claims")
    in_step_ms: int = Field(10_000, description="a record this much later than the smallest claim waits")
    in_step_patience_ms: int = Field(60_000, description="how long a standing claim is waited for")
    stuck_after_ms: int = Field(600_000, description="a partition standing still that long holds no tick")
    future_ms: int = Field(300_000, description="on the wall clock: how far ahead of arrival an `at` may be")
    lateness_ms: int = Field(
        DEFAULT_ENGINE_SETTINGS.lateness, description="later events do not count in sequence, first, last"
    )
    repeat_ms: int = Field(
        DEFAULT_ENGINE_SETTINGS.duplicate_window.duration,
        description="an event id repeated within this time changes nothing",
    )
    repeat_ids: int = Field(
        DEFAULT_ENGINE_SETTINGS.duplicate_window.max_ids,
        description="how many applied ids are remembered per contact",
    )
    start_patience_ms: int = Field(0, description="how long a starting worker waits for Kafka and its topics")
    session_ms: int = Field(6_000, description="consumer group session")
    transaction_bound_ms: int = Field(4_000, description="a longer transaction ends the worker process")
    transaction_timeout_ms: int = Field(10_000, description="broker's limit for a transaction left open")
    request_ms: int = Field(10_000, description="how long a stalled broker is waited for; 3000 on a cluster")
    drain_bound_ms: int = Field(6_000, description="a revocation waits that long for the transaction in flight")

    salesforce_url: str | None = Field(None, description="a stand-in org (http, loopback only)")
    salesforce_domain: str | None = Field(None, description="My Domain, for example acme.my")
    salesforce_client_id: str | None = None
    salesforce_client_secret: str | None = Field(None, repr=False)
    salesforce_version: str = "62.0"
    salesforce_external_id: str = "Leadstream_Id__c"
    salesforce_poll_ms: int = Field(30_000, description="between two polls; each is one API request or more")
    salesforce_currency: str = Field("USD", description="of an org with one currency, which names none")
    redis_url: str | None = None

    @property
    def engine(self) -> EngineSettings:
        """What decides outputs: every caller of the engine takes it from here."""
        return EngineSettings(self.lateness_ms, DuplicateWindow(self.repeat_ms, self.repeat_ids))

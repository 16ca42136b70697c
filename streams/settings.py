"""Every setting of a deployment; the command line reads it once from the environment (`LEADSTREAM_...`)."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict

from streams.engine.settings import DEFAULT_ENGINE_SETTINGS, DuplicateWindow, EngineSettings
from streams.engine.state.decoded_contacts import DECODED_CONTACTS

Clock = Literal["wall", "events"]
ContactStorage = Literal["memory", "disk"]


class Settings(BaseSettings):
    """Immutable: the command that runs builds it once and hands it down."""

    model_config = SettingsConfigDict(env_prefix="LEADSTREAM_", frozen=True, extra="ignore")

    bootstrap: str = Field("127.0.0.1:9092", description="Kafka bootstrap servers, comma separated")
    prefix: str = Field("", description="prefix of every topic name, group and transactional id")
    clock: Clock = Field("wall", description="fixed when the topics are created")
    partitions: int = Field(
        4, ge=1, le=256, description="journal partitions (slots); fixed when the topics are created"
    )
    normalize_ids: bool = Field(
        False, description="whether contact ids are trimmed and lowered in case; fixed when the topics are created"
    )
    in_partitions: int = Field(4, ge=1, description="number of partitions of input topics that Leadstream creates")
    replication: int = Field(1, ge=1, description="replication factor of topics that Leadstream creates")
    data_dir: Path = Field(Path("run"), description="locks, logs, contacts on disk and the local broker's data")
    name: str | None = Field(None, description="name of the worker, and its group instance id")

    interval_ms: int = Field(10, description="minimum time between two transactions of a slot; longer under load")
    tick_ms: int = Field(250, description="time between two ticks while a timer is due")
    heartbeat_ms: int = Field(
        5_000, description="time between two ticks while no timer is due; twelve times that in a silence"
    )
    grace_ms: int = Field(1_000, ge=500, description="how far a tick stays behind the wall clock")
    claims_ms: int = Field(250, description="time between two publications of claims while a slot waits for them")
    in_step_ms: int = Field(10_000, description="a record further ahead of the smallest claim waits")
    in_step_patience_ms: int = Field(60_000, description="how long records wait for a claim that does not advance")
    stuck_after_ms: int = Field(600_000, description="after this time an idle partition holds back no tick")
    future_ms: int = Field(300_000, description="how far an `at` may be ahead of the arrival (wall clock)")
    lateness_ms: int = Field(
        DEFAULT_ENGINE_SETTINGS.lateness, description="events that are later do not count in sequence, first and last"
    )
    repeat_ms: int = Field(
        DEFAULT_ENGINE_SETTINGS.duplicate_window.duration,
        description="an event id repeated within this time changes nothing",
    )
    repeat_ids: int = Field(
        DEFAULT_ENGINE_SETTINGS.duplicate_window.max_ids,
        description="maximum number of event ids remembered per contact",
    )
    start_patience_ms: int = Field(0, description="how long a starting worker waits for Kafka and its topics")
    contact_store: ContactStorage = Field(
        "memory", description="where a worker has its contacts: memory, or disk for more than fit there"
    )
    decoded_contacts: int = Field(
        DECODED_CONTACTS, ge=0, description="contacts that a slot keeps decoded in memory, some 4 kB each"
    )
    session_ms: int = Field(6_000, description="session timeout of the consumer group")
    transaction_bound_ms: int = Field(4_000, description="a longer transaction ends the worker process")
    transaction_timeout_ms: int = Field(10_000, description="the broker aborts an open transaction after this time")
    request_ms: int = Field(10_000, description="timeout of a request to a broker; 3000 on a cluster")
    drain_bound_ms: int = Field(6_000, description="how long a revocation waits for the open transaction")

    salesforce_url: str | None = Field(None, description="URL of a stand-in org (http, loopback only)")
    salesforce_domain: str | None = Field(None, description="My Domain, for example acme.my")
    salesforce_client_id: str | None = None
    salesforce_client_secret: str | None = Field(None, repr=False)
    salesforce_version: str = "62.0"
    salesforce_external_id: str = "Leadstream_Id__c"
    salesforce_poll_ms: int = Field(30_000, description="time between two polls; each takes one API request or more")
    salesforce_currency: str = Field("USD", description="currency of an org without multiple currencies")
    redis_url: str | None = None

    @property
    def engine(self) -> EngineSettings:
        """The settings that decide outputs; every caller of the engine takes them from here."""
        return EngineSettings(self.lateness_ms, DuplicateWindow(self.repeat_ms, self.repeat_ids))

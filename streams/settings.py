"""Every setting of a deployment, with its bounds; `streams/environment.py` reads them for a program."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationInfo, field_validator, model_validator

from streams.engine.settings import DEFAULT_ENGINE_SETTINGS, DuplicateWindow, EngineSettings
from streams.engine.state.decoded_contacts import DECODED_CONTACTS
from streams.errors import ConfigurationError
from streams.setting_forms import (
    BOOTSTRAP,
    CURRENCY,
    DOMAIN,
    FIELD_NAME,
    GROUP_NAME,
    HTTP_URL,
    LISTEN_HOST,
    LOGIN,
    PRIVATE_KEY,
    REDIS_URL,
    SERVE_TOKENS,
    TOPIC_PREFIX,
    USER_NAME,
    VERSION,
    WORKER_NAME,
    TextForm,
)

Clock = Literal["wall", "events"]
ContactStorage = Literal["memory", "disk"]

VARIABLE_PREFIX = "LEADSTREAM_"
FILE_SUFFIX = "_FILE"

_SECOND = 1_000
_MINUTE = 60 * _SECOND
_DAY = 1_440 * _MINUTE
_TEN_YEARS = 3_650 * _DAY

FORMS: dict[str, TextForm] = {
    "bootstrap": BOOTSTRAP,
    "prefix": TOPIC_PREFIX,
    "name": WORKER_NAME,
    "salesforce_url": HTTP_URL,
    "salesforce_domain": DOMAIN,
    "salesforce_client_id": LOGIN,
    "salesforce_client_secret": LOGIN,
    "salesforce_username": USER_NAME,
    "salesforce_private_key": PRIVATE_KEY,
    "salesforce_version": VERSION,
    "salesforce_external_id": FIELD_NAME,
    "salesforce_currency": CURRENCY,
    "redis_url": REDIS_URL,
    "views_group": GROUP_NAME,
    "metrics_host": LISTEN_HOST,
    "serve_host": LISTEN_HOST,
    "serve_tokens": SERVE_TOKENS,
}
"""The forms of those settings that are text."""


def variable_name(name: str) -> str:
    """The environment variable of a setting."""
    return VARIABLE_PREFIX + name.upper()


def variable_values() -> dict[str, str]:
    """What the variables `LEADSTREAM_...` say, by their names in capitals; empty ones are as good as unset."""
    upper = {name.upper(): text for name, text in os.environ.items()}
    return {name: text for name, text in upper.items() if name.startswith(VARIABLE_PREFIX) and text}


def _number(default: int, least: int, most: int, unit: str, description: str) -> Any:
    return Field(default, ge=least, le=most, description=description, json_schema_extra={"unit": unit})


def _ms(default: int, least: int, most: int, description: str) -> Any:
    return _number(default, least, most, "ms", description)


def _file_values(names: Iterable[str], variables: Mapping[str, str]) -> dict[str, str]:
    """What is in the files that variables `LEADSTREAM_..._FILE` name, as containers mount their secrets, by setting.

    The newline at the end is not part of it. Raises ConfigurationError for a file that cannot be read or is empty,
    and where the variable of the setting is set, too.
    """
    values: dict[str, str] = {}
    for name in names:
        variable = variable_name(name)
        path = variables.get(variable + FILE_SUFFIX)
        if path is None:
            continue
        if variable in variables:
            raise ConfigurationError(f"{variable} and {variable}{FILE_SUFFIX} are both set: unset one of them")
        values[name] = _read_setting(f"{variable}{FILE_SUFFIX}", Path(path))
    return values


def _read_setting(variable: str, path: Path) -> str:
    try:
        text = path.read_text("utf-8-sig")  # editors on Windows put a mark in front, which is no part of a secret
    except OSError as error:
        raise ConfigurationError(
            f"{variable}={path} cannot be read ({error.strerror}): name a file that this user can read, or unset it"
        ) from error
    except UnicodeDecodeError as error:
        raise ConfigurationError(f"{variable}={path} is no text in UTF-8: name the file of the setting") from error
    value = text.removesuffix("\n").removesuffix("\r")
    if not value:
        raise ConfigurationError(f"{variable}={path} is an empty file: write the setting into it, or unset it")
    return value


class Settings(BaseModel):
    """Immutable: the command that runs builds it once and hands it down.

    A value comes from an argument, else from the variable `LEADSTREAM_...`, else from the file that
    `LEADSTREAM_..._FILE` names. Raises ValidationError, and ConfigurationError for such a file.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    bootstrap: str = Field("127.0.0.1:9092", description="Kafka bootstrap servers, comma separated")
    prefix: str = Field("", description="prefix of every topic name, group and transactional id")
    clock: Clock = Field("wall", description="what time is; fixed when the topics are created")
    partitions: int = _number(
        4, 1, 256, "partitions", "journal partitions (slots); fixed when the topics are created"
    )
    normalize_ids: bool = Field(
        False, description="whether contact ids are trimmed and lowered in case; fixed when the topics are created"
    )
    in_partitions: int = _number(
        4, 1, 1_000, "partitions", "number of partitions of input topics that Leadstream creates"
    )
    replication: int = _number(1, 1, 10, "replicas", "replication factor of topics that Leadstream creates")
    data_dir: Path = Field(Path("run"), description="locks, logs, contacts on disk and the local broker's data")
    name: str | None = Field(None, description="name of the worker, and its group instance id")

    interval_ms: int = _ms(10, 0, 10 * _SECOND, "minimum time between two transactions of a slot; longer under load")
    tick_ms: int = _ms(250, 1, _MINUTE, "time between two ticks while a timer is due")
    heartbeat_ms: int = _ms(
        5_000, 100, 10 * _MINUTE, "time between two ticks while no timer is due; twelve times that in a silence"
    )
    grace_ms: int = _ms(1_000, 500, 60 * _MINUTE, "how far a tick stays behind the wall clock")
    claims_ms: int = _ms(250, 10, _SECOND, "time between two publications of claims while a slot waits for them")
    in_step_ms: int = _ms(10_000, 100, 7 * _DAY, "a record further ahead of the smallest claim waits")
    in_step_patience_ms: int = _ms(60_000, 0, _DAY, "how long records wait for a claim that does not advance")
    stuck_after_ms: int = _ms(600_000, _SECOND, 7 * _DAY, "after this time an idle partition holds back no tick")
    future_ms: int = _ms(300_000, 0, 30 * _DAY, "how far an `at` may be ahead of the arrival (wall clock)")
    lateness_ms: int = _ms(
        DEFAULT_ENGINE_SETTINGS.lateness,
        0,
        _TEN_YEARS,
        "events that are later do not count in sequence, first and last",
    )
    repeat_ms: int = _ms(
        DEFAULT_ENGINE_SETTINGS.duplicate_window.duration,
        0,
        _TEN_YEARS,
        "an event id repeated within this time changes nothing",
    )
    # 2,000 ids of the longest kind still fit into a contact's row, where engine version 3 has them all.
    repeat_ids: int = _number(
        DEFAULT_ENGINE_SETTINGS.duplicate_window.max_ids,
        1,
        2_000,
        "ids",
        "maximum number of event ids remembered per contact",
    )
    start_patience_ms: int = _ms(0, 0, _DAY, "how long a starting worker waits for Kafka and its topics")
    contact_store: ContactStorage = Field(
        "memory", description="where a worker has its contacts: memory, or disk for more than fit there"
    )
    decoded_contacts: int = _number(
        DECODED_CONTACTS, 0, 10_000_000, "contacts", "contacts that a slot keeps decoded in memory, some 4 kB each"
    )
    # Brokers take 6 s to 30 min unless group.min.session.timeout.ms is set lower, as the local one's is.
    session_ms: int = _ms(6_000, _SECOND, 30 * _MINUTE, "session timeout of the consumer group")
    transaction_bound_ms: int = _ms(4_000, _SECOND, 15 * _MINUTE, "a longer transaction ends the worker process")
    # Brokers take at most transaction.max.timeout.ms, 15 minutes by default.
    transaction_timeout_ms: int = _ms(
        10_000, _SECOND, 15 * _MINUTE, "the broker aborts an open transaction after this time"
    )
    request_ms: int = _ms(10_000, _SECOND, 10 * _MINUTE, "timeout of a request to a broker; 3000 on a cluster")
    # A worker that waits longer is not back in its group within the 15 s that a rebalance may take.
    drain_bound_ms: int = _ms(6_000, _SECOND, 14 * _SECOND, "how long a revocation waits for the open transaction")

    salesforce_url: str | None = Field(None, description="URL of a stand-in org (http, loopback only)")
    salesforce_domain: str | None = Field(None, description="My Domain, for example acme.my")
    salesforce_client_id: str | None = Field(None, description="client id of the app in Salesforce")
    salesforce_client_secret: str | None = Field(None, repr=False, description="client secret of the app")
    salesforce_username: str | None = Field(None, description="user to log in as with a private key (JWT bearer)")
    salesforce_private_key: str | None = Field(
        None, repr=False, description="private key of the app's certificate, in place of a client secret"
    )
    salesforce_version: str = Field("62.0", description="version of Salesforce's API")
    salesforce_external_id: str = Field("Leadstream_Id__c", description="name of the key field in Salesforce")
    salesforce_orgs: Path | None = Field(None, description="file of the orgs of accounts that have their own")
    salesforce_poll_ms: int = _ms(30_000, 10, _DAY, "time between two polls; each takes one API request or more")
    salesforce_linger_ms: int = _ms(200, 0, 10 * _SECOND, "how long hand-overs wait for others, up to 200 at once")
    salesforce_record_patience_ms: int = _ms(
        60_000, _SECOND, _MINUTE, "how long a refusal of one record is tried again before it is set aside"
    )
    salesforce_currency: str = Field("USD", description="currency of an org without multiple currencies")
    redis_url: str | None = Field(None, description="address of a Redis for the read models; `rediss://` with TLS")
    views_group: str | None = Field(
        None, description="name for the group of workers that fill this Redis; each Redis of several needs its own"
    )
    metrics_port: int | None = Field(
        None,
        ge=0,
        le=65_535,
        description="port of a worker's health and metrics, 0 for any free one; without it they are not served",
    )
    metrics_host: str = Field("127.0.0.1", description="address that they are served on; they need no login")
    serve_host: str = Field("127.0.0.1", description="where `serve` listens; beyond loopback it needs tokens")
    serve_port: int = Field(8800, ge=1, le=65_535, description="port of `serve`")
    serve_tokens: str | None = Field(None, repr=False, description="tokens that requests to `serve` must have one of")

    def __init__(self, **arguments: Any) -> None:
        super().__init__(**{**outside_values(), **arguments})

    @field_validator(*FORMS)
    @classmethod
    def _require_form(cls, value: str | None, info: ValidationInfo) -> str | None:
        form = FORMS[info.field_name or ""]
        if value is not None and not form.fits(value):
            raise ValueError(form.text)
        return value

    @model_validator(mode="after")
    def _require_order(self) -> Self:
        _require_at_most(self, "transaction_bound_ms", "transaction_timeout_ms", "the broker would abort it before")
        _require_at_most(self, "tick_ms", "heartbeat_ms", "timers would be seen later than nothing at all")
        return self

    @property
    def has_salesforce(self) -> bool:
        """Whether any org is set; without one, hand-overs wait on their topic."""
        return any((self.salesforce_url, self.salesforce_domain, self.salesforce_orgs))

    @property
    def engine(self) -> EngineSettings:
        """The settings that decide outputs; every caller of the engine takes them from here."""
        return EngineSettings(self.lateness_ms, DuplicateWindow(self.repeat_ms, self.repeat_ids))


def outside_values() -> dict[str, str]:
    """What the environment and the files that it names say of settings, as text. Raises ConfigurationError."""
    variables = variable_values()
    values = _file_values(Settings.model_fields, variables)
    for name in Settings.model_fields:
        variable = variable_name(name)
        if variable in variables:
            values[name] = variables[variable]
    return values


def _require_at_most(settings: Settings, lower: str, upper: str, why: str) -> None:
    low, high = getattr(settings, lower), getattr(settings, upper)
    if low > high:
        raise ValueError(
            f"{variable_name(lower)}={low} is more than {variable_name(upper)}={high}: {why}; set"
            f" {variable_name(lower)} to {high} or less, or {variable_name(upper)} to {low} or more"
        )

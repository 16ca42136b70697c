"""Creates and checks the topics of a deployment; a worker requires them before it starts."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from aiokafka.admin import NewTopic
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType
from aiokafka.errors import TopicAlreadyExistsError, for_code

from streams.errors import BrokerUnavailable, ConfigurationError, LeadstreamError, TopicsMismatch, TopicsMissing
from streams.kafka.clients import admin_client
from streams.kafka.deployment import DeploymentRecord, read_deployment, write_deployment
from streams.kafka.protocols import AdminClient
from streams.kafka.topic_check import NO_LEADER, ExistingTopic, Findings, check_topic
from streams.kafka.topic_plan import PlannedTopic, plan_topics
from streams.progress import ProgressCallback
from streams.settings import Settings

LEADER_SECONDS = 30.0
START_SECONDS = 15.0
"""So long every process waits for its topics at least: brokers that were started with it need a few seconds."""
_RETRY_SECONDS = 0.1
_MAX_NAMES = 3
_NO_ERROR = 0


@dataclass(frozen=True, slots=True)
class TopicsReport:
    """The findings of a check; `deployment` is None when the topics were not made by Leadstream."""

    findings: Sequence[Findings]
    deployment: DeploymentRecord | None

    def require(self, settings: Settings) -> DeploymentRecord:
        """Returns the deployment when workers with these settings can run on these topics.

        Raises TopicsMissing, TopicsMismatch or BrokerUnavailable, naming the first three topics concerned.
        """
        if self.deployment is not None:
            self.deployment.require(settings)
        self.require_fit()
        if self.deployment is None:
            raise TopicsMissing("the topics were not made by `leadstream topics create`; run it to fix their clock")
        return self.deployment

    def require_fit(self) -> None:
        """Raises TopicsMissing or TopicsMismatch when a topic is missing or is not as planned, and BrokerUnavailable
        when nothing is wrong but that partitions have no leader.
        """
        missing = [finding.topic for finding in self.findings if finding.is_missing]
        if missing:
            raise TopicsMissing(f"missing: {_first_names(missing)}; run `leadstream topics create`")
        problems = [(finding.topic, problem) for finding in self.findings for problem in finding.problems]
        wrong = [f"{topic} {problem}" for topic, problem in problems if problem != NO_LEADER]
        if wrong:
            raise TopicsMismatch(f"{_first_names(wrong, '; ')}; mend it, or create topics under another prefix")
        if problems:
            leaderless = _first_names([topic for topic, _ in problems])
            raise BrokerUnavailable(f"partitions have no leader: {leaderless}; are all brokers of the cluster up?")


async def create_topics(settings: Settings, on_progress: ProgressCallback | None = None) -> list[str]:
    """Creates the missing topics and returns their names once every partition has a leader.

    Existing topics stay as they are. Raises TopicsMismatch when one of them does not fit or the deployment was
    created with other settings, BrokerUnavailable, and ConfigurationError when the broker refuses a topic.
    """
    plans = plan_topics(settings)
    before = await check_topics(settings)
    if before.deployment is not None:
        before.deployment.require(settings)
    missing = {finding.topic for finding in before.findings if finding.is_missing}
    new_plans = [plan for plan in plans if plan.name in missing]
    created = await _create_topics(settings.bootstrap, new_plans) if new_plans else []
    await _await_leaders(settings.bootstrap, plans, on_progress)
    deployment = before.deployment
    if len(created) < len(plans):  # what others have made, before or meanwhile, may be otherwise than planned
        after = await check_topics(settings)
        after.require_fit()
        deployment = after.deployment
    if deployment is None:
        await write_deployment(settings, DeploymentRecord.from_settings(settings))
    return [plan.name for plan in new_plans]


async def check_topics(settings: Settings) -> TopicsReport:
    """Compares every topic with what the deployment needs. Raises BrokerUnavailable."""
    return TopicsReport(await _compare_topics(settings), await read_deployment(settings))


async def topic_configs(settings: Settings, names: Sequence[str]) -> dict[str, dict[str, str]]:
    """The configuration of topics, by name without prefix. Raises BrokerUnavailable, ConfigurationError."""
    async with admin_client(settings.bootstrap) as admin:
        configs = await _configs(admin, [settings.prefix + name for name in names])
    return {name.removeprefix(settings.prefix): config for name, config in configs.items()}


async def require_topics(settings: Settings) -> DeploymentRecord:
    """The deployment of topics that workers can run on. Raises TopicsMissing, TopicsMismatch, BrokerUnavailable."""
    return (await check_topics(settings)).require(settings)


async def await_topics(settings: Settings) -> DeploymentRecord:
    """The deployment, once workers can run on the topics. Raises the error that is left after START_SECONDS, or after
    the patience of the settings where that is longer.

    A broker that has just started shows topics without leaders, or no topics, for a moment. That is no wrong
    configuration and must not end the deployment.
    """
    loop = asyncio.get_running_loop()
    deadline = loop.time() + max(START_SECONDS, settings.start_patience_ms / 1000)
    while True:
        try:
            # The record is written when all topics are there: until then it is enough to look for it.
            deployment = await read_deployment(settings)
            if deployment is not None or loop.time() > deadline:
                return TopicsReport(await _compare_topics(settings), deployment).require(settings)
        except LeadstreamError:
            if loop.time() > deadline:
                raise
        await asyncio.sleep(_RETRY_SECONDS)


async def _compare_topics(settings: Settings) -> list[Findings]:
    plans = plan_topics(settings)
    async with admin_client(settings.bootstrap) as admin:
        existing = await _existing_topics(admin, plans)
    return [check_topic(plan, existing.get(plan.name)) for plan in plans]


async def _create_topics(bootstrap: str, plans: Sequence[PlannedTopic]) -> list[str]:
    """Returns the names of those that this call has created."""
    new_topics = [
        NewTopic(plan.name, plan.partitions, plan.replication, topic_configs=dict(plan.config)) for plan in plans
    ]
    async with admin_client(bootstrap) as admin:
        answer = await admin.create_topics(new_topics)
    for name, code, *message in answer.topic_errors:
        # Another `topics create` may have been faster; its topics are checked afterwards.
        if code not in (_NO_ERROR, TopicAlreadyExistsError.errno):
            reason = message[0] if message and message[0] else for_code(code).description
            raise ConfigurationError(f"the broker refuses to create {name}: {reason}")
    return [name for name, code, *_ in answer.topic_errors if code == _NO_ERROR]


async def _await_leaders(bootstrap: str, plans: Sequence[PlannedTopic], on_progress: ProgressCallback | None) -> None:
    """Waits until every partition has a leader; a client caches what it learned, so each look takes a new one."""
    loop = asyncio.get_running_loop()
    end = loop.time() + LEADER_SECONDS
    while True:
        async with admin_client(bootstrap) as admin:
            ready = await _topics_with_leaders(admin, plans)
        if on_progress is not None:
            on_progress("waiting for leaders", len(ready), len(plans))
        if len(ready) == len(plans):
            return
        if loop.time() > end:
            leaderless = [plan.name for plan in plans if plan.name not in ready]
            raise BrokerUnavailable(
                f"no leader within {LEADER_SECONDS:.0f} s for {_first_names(leaderless)};"
                " are all brokers of the cluster up?"
            )
        await asyncio.sleep(_RETRY_SECONDS)


async def _topics_with_leaders(admin: AdminClient, plans: Sequence[PlannedTopic]) -> set[str]:
    described = await _describe_topics(admin, plans)
    return {name for name, topic in described.items() if _has_leaders(topic)}


def _has_leaders(topic: dict[str, Any]) -> bool:
    partitions = topic["partitions"]
    led = all(partition["error_code"] == _NO_ERROR and partition["leader"] >= 0 for partition in partitions)
    return topic["error_code"] == _NO_ERROR and len(partitions) > 0 and led


async def _existing_topics(admin: AdminClient, plans: Sequence[PlannedTopic]) -> dict[str, ExistingTopic]:
    described = await _describe_topics(admin, plans)
    configs = await _configs(admin, list(described))
    return {
        name: ExistingTopic(len(topic["partitions"]), _has_leaders(topic), configs.get(name, {}))
        for name, topic in described.items()
    }


async def _describe_topics(admin: AdminClient, plans: Sequence[PlannedTopic]) -> dict[str, dict[str, Any]]:
    # Describes all topics: describing one by name creates it on a broker with auto.create.topics.enable.
    names = {plan.name for plan in plans}
    return {topic["topic"]: topic for topic in await admin.describe_topics() if topic["topic"] in names}


async def _configs(admin: AdminClient, names: Sequence[str]) -> dict[str, dict[str, str]]:
    if not names:
        return {}
    resources = [ConfigResource(ConfigResourceType.TOPIC, name) for name in names]
    configs: dict[str, dict[str, str]] = {}
    for answer in await admin.describe_configs(resources):
        for code, message, _type, name, entries in answer.resources:
            if code != _NO_ERROR:
                error = BrokerUnavailable if for_code(code).retriable else ConfigurationError
                raise error(f"the broker does not show the configuration of {name}: {message}")
            configs[name] = {entry[0]: entry[1] for entry in entries}
    return configs


def _first_names(names: Sequence[str], separator: str = ", ") -> str:
    text = separator.join(names[:_MAX_NAMES])
    more = len(names) - _MAX_NAMES
    return f"{text} and {more} more" if more > 0 else text

"""Creates the topics of a deployment and checks them; a worker requires them before it starts."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType
from aiokafka.errors import TopicAlreadyExistsError, for_code

from streams.errors import BrokerUnavailable, ConfigurationError, LeadstreamError, TopicsMismatch, TopicsMissing
from streams.kafka.clients import admin_client
from streams.kafka.deployment import DeploymentRecord, read_deployment, write_deployment
from streams.kafka.topic_check import ExistingTopic, Findings, check_topic
from streams.kafka.topic_plan import PlannedTopic, plan_topics
from streams.progress import ProgressCallback
from streams.settings import Settings

LEADER_SECONDS = 30.0
_RETRY_SECONDS = 0.1
_MAX_NAMES = 3
_NO_ERROR = 0

"""Told of progress: what is done, topics so far, topics in all."""


@dataclass(frozen=True, slots=True)
class TopicsReport:
    """What `check` found; `deployment` is None when it was never fixed."""

    findings: Sequence[Findings]
    deployment: DeploymentRecord | None

    def require(self, settings: Settings) -> DeploymentRecord:
        """The deployment, when workers with these settings can run on these topics.

        Raises TopicsMissing or TopicsMismatch, naming the first three topics concerned.
        """
        if self.deployment is not None:
            self.deployment.require(settings)
        self.require_fit()
        if self.deployment is None:
            raise TopicsMissing("the topics were not made by `leadstream topics create`; run it to fix their clock")
        return self.deployment

    def require_fit(self) -> None:
        """Raises TopicsMissing or TopicsMismatch when a topic is missing or not as it should be."""
        missing = [finding.topic for finding in self.findings if finding.is_missing]
        if missing:
            raise TopicsMissing(f"missing: {_first_names(missing)}; run `leadstream topics create`")
        wrong = [f"{finding.topic} {problem}" for finding in self.findings for problem in finding.problems]
        if wrong:
            raise TopicsMismatch(f"{_first_names(wrong, '; ')}; mend it, or create topics under another prefix")


async def create_topics(settings: Settings, on_progress: ProgressCallback | None = None) -> list[str]:
    """Creates what is missing and returns the names created, when every partition has a leader for a new client.

    Topics that exist are left as they are. Raises TopicsMismatch when one of them does not fit or the deployment
    was created otherwise, BrokerUnavailable, and ConfigurationError when the broker refuses a topic.
    """
    plans = plan_topics(settings)
    before = await check_topics(settings)
    if before.deployment is not None:
        before.deployment.require(settings)
    missing = {finding.topic for finding in before.findings if finding.is_missing}
    wanted = [plan for plan in plans if plan.name in missing]
    if wanted:
        await _create_topics(settings.bootstrap, wanted)
    await _await_leaders(settings.bootstrap, plans, on_progress)
    after = await check_topics(settings)
    after.require_fit()
    if after.deployment is None:
        await write_deployment(settings.bootstrap, settings.prefix, DeploymentRecord.from_settings(settings))
    return [plan.name for plan in wanted]


async def check_topics(settings: Settings) -> TopicsReport:
    """Compares every topic with what the deployment needs. Raises BrokerUnavailable."""
    plans = plan_topics(settings)
    async with admin_client(settings.bootstrap) as admin:
        existing = await _existing_topics(admin, plans)
    findings = [check_topic(plan, existing.get(plan.name)) for plan in plans]
    deployment = await read_deployment(settings.bootstrap, settings.prefix)
    return TopicsReport(findings, deployment)


async def require_topics(settings: Settings) -> DeploymentRecord:
    """What a worker asks at its start. Raises TopicsMissing, TopicsMismatch, BrokerUnavailable."""
    return (await check_topics(settings)).require(settings)


async def await_topics(settings: Settings, seconds: float) -> None:
    """Returns when the topics are as they should be. Raises what is still wrong after `seconds`.

    The parent has checked them once. A broker that just came back shows topics without leaders, or none at all, for a
    moment; to take that for a wrong configuration would end the deployment.
    """
    loop = asyncio.get_running_loop()
    end_of_patience = loop.time() + seconds
    while True:
        try:
            await require_topics(settings)
        except LeadstreamError:
            if loop.time() > end_of_patience:
                raise
        else:
            return
        await asyncio.sleep(_RETRY_SECONDS)


async def _create_topics(bootstrap: str, plans: Sequence[PlannedTopic]) -> None:
    wanted = [
        NewTopic(plan.name, plan.partitions, plan.replication, topic_configs=dict(plan.config)) for plan in plans
    ]
    async with admin_client(bootstrap) as admin:
        answer = await admin.create_topics(wanted)
    for name, code, *message in answer.topic_errors:
        # Another `topics create` may have been faster; what it made is checked afterwards.
        if code not in (_NO_ERROR, TopicAlreadyExistsError.errno):
            why = message[0] if message and message[0] else for_code(code).description
            raise ConfigurationError(f"the broker refuses to create {name}: {why}")


async def _await_leaders(bootstrap: str, plans: Sequence[PlannedTopic], on_progress: ProgressCallback | None) -> None:
    """Asks with a new client each time: one that asked before goes by what it was told then."""
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
            without = [plan.name for plan in plans if plan.name not in ready]
            raise BrokerUnavailable(
                f"no leader within {LEADER_SECONDS:.0f} s for {_first_names(without)};"
                " are all brokers of the cluster up?"
            )
        await asyncio.sleep(_RETRY_SECONDS)


async def _topics_with_leaders(admin: AIOKafkaAdminClient, plans: Sequence[PlannedTopic]) -> set[str]:
    described = await _describe_topics(admin, plans)
    return {name for name, topic in described.items() if _has_leaders(topic)}


def _has_leaders(topic: dict[str, Any]) -> bool:
    partitions = topic["partitions"]
    led = all(partition["error_code"] == _NO_ERROR and partition["leader"] >= 0 for partition in partitions)
    return topic["error_code"] == _NO_ERROR and len(partitions) > 0 and led


async def _existing_topics(admin: AIOKafkaAdminClient, plans: Sequence[PlannedTopic]) -> dict[str, ExistingTopic]:
    described = await _describe_topics(admin, plans)
    configs = await _configs(admin, list(described))
    return {
        name: ExistingTopic(len(topic["partitions"]), _has_leaders(topic), configs.get(name, {}))
        for name, topic in described.items()
    }


async def _describe_topics(admin: AIOKafkaAdminClient, plans: Sequence[PlannedTopic]) -> dict[str, dict[str, Any]]:
    # All topics are asked for: to ask for one by name makes it, on a broker with auto.create.topics.enable.
    names = {plan.name for plan in plans}
    return {topic["topic"]: topic for topic in await admin.describe_topics() if topic["topic"] in names}


async def _configs(admin: AIOKafkaAdminClient, names: Sequence[str]) -> dict[str, dict[str, str]]:
    if not names:
        return {}
    resources = [ConfigResource(ConfigResourceType.TOPIC, name) for name in names]
    configs: dict[str, dict[str, str]] = {}
    for answer in await admin.describe_configs(resources):
        for code, message, _type, name, entries in answer.resources:
            if code != _NO_ERROR:
                raise ConfigurationError(f"the broker does not show the configuration of {name}: {message}")
            configs[name] = {entry[0]: entry[1] for entry in entries}
    return configs


def _first_names(names: Sequence[str], separator: str = ", ") -> str:
    shown = separator.join(names[:_MAX_NAMES])
    more = len(names) - _MAX_NAMES
    return f"{shown} and {more} more" if more > 0 else shown

"""`leadstream verify` finds what is wrong in the table of revenue."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from typing import Any

import pytest
from aiokafka import AIOKafkaProducer

from tests.harness.cli import leadstream
from tests.harness.deployment.pipeline import LIMIT_SECONDS, Pipeline, wait_until
from tests.harness.engine.ledger_driver import AUTUMN, SPRING
from tests.harness.kafka.broker import fresh_prefix

DEFINITIONS = f"""
campaigns:
  - {{id: spring, salesforce: {{campaign: {SPRING}}}}}
  - {{id: autumn, salesforce: {{campaign: {AUTUMN}}}}}
"""


def opportunity(name: str, day: int, amount: str, **fields: Any) -> dict[str, Any]:
    at = f"2026-03-{day:02d}T12:00:00Z"
    event = {"id": f"{name}-{day}", "type": "opportunity.changed", "at": at, "modified": at, "opportunity": name}
    return {**event, "amount": amount, "currency": "EUR", **fields}


EVENTS = [
    opportunity("o1", 1, "10.10", crm_campaign=SPRING),
    opportunity("o1", 2, "20.20", crm_campaign=SPRING, won=True, closed=True),
    opportunity("o2", 2, "0.01", crm_campaign=SPRING, won=True, closed=True),
    opportunity("o3", 2, "5", crm_campaign=AUTUMN, closed=True),
    opportunity("o2", 3, "0.01", crm_campaign=AUTUMN, won=True, closed=True),
]


@pytest.fixture(scope="module")
def place(kafka: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pipeline]:
    folder = tmp_path_factory.mktemp("revenue")
    with Pipeline(kafka, fresh_prefix(), folder, clock="events", partitions=1) as pipeline:
        pipeline.start_worker(role="all")
        pipeline.apply(DEFINITIONS, "--wait")
        pipeline.publish(EVENTS, "--ordered")
        wait_until(lambda: won(pipeline, "autumn") == (1, "0.01"), LIMIT_SECONDS, "the revenue")
        yield pipeline


def won(pipeline: Pipeline, campaign: str) -> tuple[int, str] | None:
    row = pipeline.read_table("campaign-revenue").get(f"default/{campaign}/EUR")
    return None if row is None else (row["won"]["count"], row["won"]["amount"])


async def write_rows(pipeline: Pipeline, rows: dict[str, dict[str, Any]]) -> None:
    """Writes rows of revenue, as only somebody else would."""
    producer = AIOKafkaProducer(bootstrap_servers=pipeline.settings.bootstrap)
    await producer.start()
    try:
        for key, row in rows.items():
            topic = pipeline.settings.prefix + "campaign-revenue"
            await producer.send_and_wait(topic, json.dumps(row).encode(), key=key.encode())
    finally:
        await producer.stop()


def run_verify(place: Pipeline, *options: str) -> tuple[int, dict[str, Any]]:
    result = leadstream("verify", "--json", *options, env=place.environment)
    assert result.stdout, result.stderr
    return result.returncode, json.loads(result.stdout)


def test_revenue_is_the_sum_of_the_opportunities(place: Pipeline) -> None:
    code, report = run_verify(place)
    assert (code, report["equal"], report["revenue_rows"]) == (0, True, 2)
    assert run_verify(place, "--account", "default")[1]["revenue_rows"] == 2
    assert place.run_command("verify").stdout == (
        "streaming equals batch: 0 contacts, 0 memberships, 0 leads, 2 totals of revenue\n"
    )


def test_a_row_that_is_a_cent_off_and_one_of_a_stranger_are_found(place: Pipeline) -> None:
    spring = place.read_table("campaign-revenue")["default/spring/EUR"]
    wrong = {**spring, "won": {"count": 1, "amount": "20.21"}}
    asyncio.run(write_rows(place, {"default/spring/EUR": wrong, "default/winter/EUR": {"won": 1}}))
    code, report = run_verify(place)
    assert code == 1
    owner: dict[str, Any] = {"what": "revenue", "account": "default", "currency": "EUR", "at": None, "flags": []}
    assert report["differences"] == [
        {
            **owner,
            "campaign": "spring",
            "expected": "won 20.20 (1), lost 0 (0), open 0 (0)",
            "found": "won 20.21 (1), lost 0 (0), open 0 (0)",
        },
        {
            **owner,
            "campaign": "winter",
            "expected": "won 0 (0), lost 0 (0), open 0 (0)",
            "found": "a record that no Leadstream wrote",
        },
    ]
    text = leadstream("verify", env=place.environment).stdout.splitlines()
    assert text[0] == (
        "revenue: default spring EUR: expected won 20.20 (1), lost 0 (0), open 0 (0),"
        " found won 20.21 (1), lost 0 (0), open 0 (0)"
    )

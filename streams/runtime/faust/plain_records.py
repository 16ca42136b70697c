"""Lets a consumer return records as they are decoded, for reads of many records of which key and value count."""

from __future__ import annotations

from typing import Any

from aiokafka.consumer.fetcher import FetchResult


def return_plain_records(consumer: Any) -> None:
    """From now on the records that a started AIOKafkaConsumer returns have no topic and partition.

    aiokafka decodes a record in C and then copies it, field by field, into an object of Python; that is half of its
    time for a record. Which records are committed, and where a read goes on, is decided before the copy.
    """
    fetcher = consumer._fetcher
    fetch = fetcher._proc_fetch_request

    async def fetch_plain(assignment: Any, node_id: int, request: Any) -> Any:
        needs_wakeup = await fetch(assignment, node_id, request)
        for result in fetcher._records.values():
            if isinstance(result, FetchResult) and result.has_more():
                result._partition_records._consumer_record = _decoded_record
        return needs_wakeup

    fetcher._proc_fetch_request = fetch_plain


def _decoded_record(_partition: object, record: Any) -> Any:
    return record

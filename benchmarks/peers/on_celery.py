"""The Celery peer: ``celery -A benchmarks.peers.on_celery worker``."""

from __future__ import annotations

import os
from typing import Any

import psycopg
from celery import Celery
from celery.signals import worker_process_init
from kombu import Exchange, Queue

from benchmarks.peers.notice import UPSERT, Notice

INTAKE = "celery.intake"
OUT = "celery.out"

app = Celery("bench", broker=os.environ["BENCH_BROKER_URL"])
app.conf.update(
    task_acks_late=True,
    task_reject_on_worker_lost=True,
    task_ignore_result=True,
    task_default_queue=INTAKE,
    task_queues=[Queue(INTAKE, durable=True, queue_arguments={"x-queue-type": "quorum"})],
    worker_prefetch_multiplier=16,
    broker_transport_options={"confirm_publish": True},
    broker_connection_retry_on_startup=True,
    worker_detect_quorum_queues=True,
)
_connections: list[psycopg.Connection[Any]] = []


@worker_process_init.connect
def _open(**_: Any) -> None:
    url = os.environ["BENCH_DATABASE_URL"]
    _connections.append(psycopg.connect(url))


@app.task(name="bench.take")
def take(told: dict[str, Any]) -> None:
    """Validate, write, pass on; acknowledged when all of that is done."""
    notice = Notice.model_validate(told)
    with _connections[0].transaction():
        _connections[0].execute(UPSERT, notice.row())
    deliver.apply_async(
        args=[notice.model_dump(mode="json", by_alias=True)],
        exchange=Exchange(OUT, type="topic", durable=True),
        routing_key="contract",
    )


@app.task(name="bench.deliver")
def deliver(told: dict[str, Any]) -> None:
    """What a subscriber would do with it; nobody reads those queues during a run."""

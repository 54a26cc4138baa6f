"""The FastStream peer: ``faststream run benchmarks.peers.on_faststream:app``."""

from __future__ import annotations

import os

from faststream import AckPolicy, FastStream
from faststream.rabbit import Channel, ExchangeType, QueueType, RabbitBroker, RabbitExchange
from faststream.rabbit import RabbitQueue as Queue
from psycopg_pool import AsyncConnectionPool

from benchmarks.peers.notice import UPSERT, Notice

INTAKE = "faststream.intake"
OUT = RabbitExchange("faststream.out", type=ExchangeType.TOPIC, durable=True)

broker = RabbitBroker(
    os.environ["BENCH_BROKER_URL"],
    default_channel=Channel(prefetch_count=100, publisher_confirms=True),
)
app = FastStream(broker)
pool = AsyncConnectionPool(
    os.environ["BENCH_DATABASE_URL"],
    min_size=8,
    max_size=8,
    open=False,
)


@app.on_startup
async def _open() -> None:
    await pool.open()


@app.on_shutdown
async def _close() -> None:
    await pool.close()


@broker.subscriber(
    Queue(INTAKE, queue_type=QueueType.QUORUM, durable=True),
    ack_policy=AckPolicy.NACK_ON_ERROR,
)
@broker.publisher(exchange=OUT, routing_key="contract", persist=True, mandatory=True)
async def take(notice: Notice) -> Notice:
    """Validate (FastStream does), write, pass on; acknowledged when all of that is done."""
    async with pool.connection() as connection:
        await connection.execute(UPSERT, notice.row())
    return notice

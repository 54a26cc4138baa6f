"""Queues of a run: declared, watched, and read as their subscribers would read them.

``python -m benchmarks.queues URL QUEUE…`` reads until it is killed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

import pika
import typer

from tests.support.rabbitmq import patient

QUORUM = {"x-queue-type": "quorum"}

app = typer.Typer()


def declare(url: str, queues: Sequence[str]) -> None:
    """Declare durable quorum queues."""
    connection = pika.BlockingConnection(patient(url))
    for queue in queues:
        connection.channel().queue_declare(queue, durable=True, arguments=QUORUM)
    connection.close()


@contextmanager
def watching(url: str, queues: Sequence[str]) -> Iterator[Callable[[], int]]:
    """Yield what counts the messages that are ready in these queues together, again and again."""
    connection = pika.BlockingConnection(patient(url))
    channel = connection.channel()

    def depth() -> int:
        found = (channel.queue_declare(name, passive=True) for name in queues)
        return sum(int(each.method.message_count) for each in found)

    try:
        yield depth
    finally:
        connection.close()


def depth(url: str, queues: Sequence[str]) -> int:
    """Messages that are ready in these queues together, once."""
    with watching(url, queues) as count:
        return count()


@app.command()
def drain(url: str, queues: list[str]) -> None:
    """Read queues as their subscribers would, until killed; nothing is made of what is read."""
    connection = pika.BlockingConnection(patient(url))
    channel = connection.channel()
    channel.basic_qos(prefetch_count=100)
    for queue in queues:
        channel.basic_consume(queue, lambda on, method, *_: on.basic_ack(method.delivery_tag))
    channel.start_consuming()


if __name__ == "__main__":
    app()

"""Running the peers: queues filled beforehand, then a worker, until every message has its row."""

from __future__ import annotations

import json
import os
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pika
import psycopg

from benchmarks import processes, queues, raw
from benchmarks.live import Run, run_of
from benchmarks.meter import Meter
from benchmarks.peers.notice import TABLE
from benchmarks.servers import Servers
from tests.support.rabbitmq import patient
from tests.support.servers import wait_until

_REPOSITORY = Path(__file__).parents[2]
VENV = _REPOSITORY / ".venv-peers"
_BODIES = 3
_SLOWEST = 10
_SETTING_OUT = 120


@dataclass(frozen=True, slots=True)
class Peer:
    """A peer: its command, its queue and exchange, and what comes before each run."""

    name: str
    command: Sequence[str]
    intake: str
    exchange: str
    envelope: bool = False


FASTSTREAM = Peer(
    "faststream",
    ("faststream", "run", "benchmarks.peers.on_faststream:app", "--log-level", "warning"),
    "faststream.intake",
    "faststream.out",
)
CELERY = Peer(
    "celery",
    ("celery", "-A", "benchmarks.peers.on_celery", "worker", "-c", "8", "-l", "WARNING",
     "--without-gossip", "--without-mingle", "--without-heartbeat"),
    "celery.intake",
    "celery.out",
    envelope=True,
)  # fmt: skip


def peer(servers: Servers, which: Peer, records: int) -> Run:
    """Measure a peer from its first row to its last, and check that there is one a message."""
    with servers.vhost() as broker_url, servers.database() as database_url:
        with psycopg.connect(database_url) as connection:
            connection.execute(TABLE)
        outputs = _lay_out(broker_url, which)
        _fill(broker_url, which, records)
        with _working(which, broker_url, database_url) as worker:
            pid = worker.pid
            wait_until(lambda: _begun(worker, database_url), _SETTING_OUT, "the peer's first row")
            before = _rows(database_url)
            meter = Meter({which.name: lambda: processes.family(pid), **servers.groups})
            within = _SETTING_OUT + records / _SLOWEST
            wait_until(lambda: _rows(database_url) >= records, within, f"{which.name}'s last row")
            usage = meter.stop()
            memory = {which.name: round(processes.peak_rss_mb(processes.family(pid)))}
            expected = records * _BODIES
            with queues.watching(broker_url, outputs) as copies:
                wait_until(lambda: copies() >= expected, 60, "what was passed on")
        rows, passed_on = _rows(database_url), queues.depth(broker_url, outputs)
    if rows != records or passed_on < expected:
        raise AssertionError(f"{which.name}: {rows} rows and {passed_on} copies of {records}")
    more = {"rows": rows, "copies": passed_on}
    return run_of(rows - before, usage.seconds, usage, memory=memory, more=more)


def _lay_out(url: str, which: Peer) -> list[str]:
    queues.declare(url, [which.intake])
    outputs = [f"{which.exchange}.{number}" for number in range(_BODIES)]
    queues.declare(url, outputs)
    connection = pika.BlockingConnection(patient(url))
    channel = connection.channel()
    channel.exchange_declare(which.exchange, "topic", durable=True)
    for queue in outputs:
        channel.queue_bind(queue, which.exchange, "contract")
    connection.close()
    return outputs


def _fill(url: str, which: Peer, records: int) -> None:
    from benchmarks.live import messages

    told = messages(records)
    if not which.envelope:
        raw.Publishing(url, "", which.intake, told).run()
        return
    raw.Publishing(url, "", which.intake, map(_as_task, told), headers=_task_headers).run()


def _as_task(message: raw.Outgoing) -> raw.Outgoing:
    """The message as Celery's own client sends it (protocol 2)."""
    embed = {"callbacks": None, "errbacks": None, "chain": None, "chord": None}
    body = json.dumps([[json.loads(message.body)], {}, embed]).encode()
    return raw.Outgoing(body, message.message_id, "application/json")


def _task_headers(message: raw.Outgoing) -> dict[str, str]:
    return {
        "lang": "py",
        "task": "bench.take",
        "id": message.message_id,
        "root_id": message.message_id,
    }


@contextmanager
def _working(which: Peer, broker_url: str, database_url: str) -> Iterator[subprocess.Popen[bytes]]:
    urls = {"BENCH_BROKER_URL": broker_url, "BENCH_DATABASE_URL": database_url}
    command = [str(VENV / "bin" / which.command[0]), *which.command[1:]]
    with tempfile.TemporaryFile() as log:
        worker = subprocess.Popen(
            command,
            env=dict(os.environ) | urls,
            cwd=_REPOSITORY,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
        )
        try:
            yield worker
        except Exception:
            log.seek(0)
            print(log.read().decode(errors="replace")[-3000:])
            raise
        finally:
            worker.terminate()
            worker.wait(60)


def _begun(worker: subprocess.Popen[bytes], url: str) -> bool:
    if worker.poll() is not None:
        raise RuntimeError(f"the peer ended with {worker.returncode}")
    return _rows(url) > 0


def _rows(url: str) -> int:
    with psycopg.connect(url, autocommit=True) as connection:
        row = connection.execute("SELECT count(*) FROM contract").fetchone()
    return int(row[0]) if row else 0

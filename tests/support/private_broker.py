"""A RabbitMQ node of our own, which a test may kill and start again on the same data."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import tempfile
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.support.rabbitmq import Administration, Broker, Depth, answers
from tests.support.servers import NoServer, find_program, free_port, wait_until

_FOLDERS = ("/usr/lib/rabbitmq/bin", "/usr/local/sbin", "/opt/rabbitmq/sbin")
_BOOT_SECONDS = 90
_FILES = {
    "rabbitmq-env.conf": "",
    "enabled_plugins": "[].",
    # Quorum queues publish their counts once per tick; tests wait for counts.
    "advanced.config": "[{rabbit, [{quorum_tick_interval, 200}]}].",
}


class PrivateBroker:
    """A node with its own name, cookie, data, ports and port mapper: no other node is involved."""

    def __init__(self, folder: Path, server: str, control: str) -> None:
        self._folder = folder
        self._server = server
        self._mapper_port = free_port()
        self._port = free_port()
        self._process: subprocess.Popen[bytes] | None = None
        for name, content in _FILES.items():
            (folder / name).write_text(content, encoding="utf-8")
        (folder / "rabbitmq.conf").write_text(
            f"listeners.tcp.local = 127.0.0.1:{self._port}\nlog.file.level = warning\n",
            encoding="utf-8",
        )
        self._environment = ("env", *self._variables())
        self.administration = Administration((*self._environment, control))

    @property
    def folder(self) -> Path:
        """Where its data and its log are."""
        return self._folder

    @property
    def url(self) -> str:
        """URL of the default virtual host."""
        return f"amqp://guest:guest@127.0.0.1:{self._port}/%2F"

    @property
    def broker(self) -> Broker:
        """The node as a broker on which to create virtual hosts."""
        return Broker(f"amqp://guest:guest@127.0.0.1:{self._port}", self.administration)

    def expose(self) -> int:
        """Have the node serve Prometheus, before it is started; return the port."""
        port = free_port()
        (self._folder / "enabled_plugins").write_text("[rabbitmq_prometheus].", encoding="utf-8")
        with (self._folder / "rabbitmq.conf").open("a", encoding="utf-8") as settings:
            settings.write(f"prometheus.tcp.port = {port}\nprometheus.tcp.ip = 127.0.0.1\n")
        return port

    def start(self) -> None:
        """Start the node and return when it lets clients in."""
        with (self._folder / "output.log").open("ab") as output:
            self._process = subprocess.Popen(
                [*self._environment, self._server],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,
            )
        wait_until(self._is_up, _BOOT_SECONDS, "the private RabbitMQ")

    def kill(self) -> None:
        """Kill the node without warning (SIGKILL); its data stay."""
        self._signal(signal.SIGKILL)

    def stop(self) -> None:
        """Stop the node in an orderly way; its data stay."""
        self._signal(signal.SIGTERM)

    def kill_leaders(self, *queues: str) -> None:
        """Kill the processes that lead quorum queues of the default virtual host.

        Their supervisor starts them again from the log, and elections follow, as after the loss
        of the leading node of a cluster.
        """
        names = ", ".join(f"'%2F_{queue}'" for queue in queues)
        self.administration.run("eval", f"[exit(whereis(Name), kill) || Name <- [{names}]], ok.")

    def forget_consumers(self, queue: str) -> None:
        """Let a quorum queue of the default virtual host lose its consumers.

        Their channels and connections live on, and neither is told (as in kombu#814).
        """
        self.administration.run(
            "eval",
            f'{{ok, Q}} = rabbit_amqqueue:lookup(rabbit_misc:r(<<"/">>, queue, <<"{queue}">>)),'
            " Leader = amqqueue:get_pid(Q),"
            " [{ok, _, _} = ra:process_command(Leader,"
            " rabbit_fifo:make_checkout({Tag, Channel}, cancel, #{}))"
            " || {Channel, Tag, _, _, _, _, _, _} <- rabbit_amqqueue:consumers(Q)], ok.",
        )

    def settle(self) -> None:
        """Wait until the queues just declared would survive ``kill``.

        RabbitMQ writes the directory of its quorum queues with half a second's delay: a queue
        declared within that time comes back empty, confirmed messages or not (seen on 3.10.8).
        """
        self.administration.run("eval", "[ok = dets:sync(Table) || Table <- dets:all()], ok.")

    @property
    def blocks(self) -> bool:
        """Whether it keeps a connection from publishing, being short of memory or disk."""
        return "blocked" in self.administration.run("list_connections", "--silent", "state").split()

    def list_queues(self) -> dict[str, Depth]:
        """Count waiting and unacknowledged messages per queue of the default virtual host."""
        return self.administration.depths("/")

    def dispose(self) -> None:
        """Kill the node and its port mapper and delete its data."""
        self.kill()
        epmd = shutil.which("epmd")
        if epmd:
            mapper = [epmd, "-port", str(self._mapper_port), "-kill"]
            subprocess.run(mapper, capture_output=True, check=False, timeout=10)
        shutil.rmtree(self._folder, ignore_errors=True)

    def _is_up(self) -> bool:
        if self._process is None or self._process.poll() is not None:
            log = (self._folder / "output.log").read_text(encoding="utf-8", errors="replace")
            raise NoServer(f"the private RabbitMQ ended while starting:\n{log[-2000:]}")
        return answers(self.url)

    def _signal(self, number: signal.Signals) -> None:
        if self._process is not None and self._process.poll() is None:
            os.killpg(self._process.pid, number)
            self._process.wait(60)

    def _variables(self) -> Iterator[str]:
        folder = self._folder
        yield f"HOME={folder}"  # where Erlang keeps the node's cookie
        yield "ERL_EPMD_ADDRESS=127.0.0.1"
        yield f"ERL_EPMD_PORT={self._mapper_port}"
        yield "RUNNING_UNDER_SYSTEMD=true"  # the script becomes the node instead of a parent of it
        yield f"RABBITMQ_NODENAME=qovsaq-{uuid.uuid4().hex[:8]}@localhost"
        yield f"RABBITMQ_DIST_PORT={free_port()}"
        yield f"RABBITMQ_CONF_ENV_FILE={folder}/rabbitmq-env.conf"
        yield f"RABBITMQ_CONFIG_FILE={folder}/rabbitmq.conf"
        yield f"RABBITMQ_ADVANCED_CONFIG_FILE={folder}/advanced.config"
        yield f"RABBITMQ_ENABLED_PLUGINS_FILE={folder}/enabled_plugins"
        yield f"RABBITMQ_MNESIA_BASE={folder}/data"
        yield f"RABBITMQ_LOG_BASE={folder}/log"
        yield f"RABBITMQ_SCHEMA_DIR={folder}/schema"
        yield f"RABBITMQ_GENERATED_CONFIG_DIR={folder}/config"
        yield f"RABBITMQ_PID_FILE={folder}/pid"


@contextmanager
def private_node() -> Iterator[PrivateBroker]:
    """Yield a node that is not started; raise ``NoServer`` if RabbitMQ is not installed here."""
    server = find_program("rabbitmq-server", _FOLDERS)
    control = find_program("rabbitmqctl", _FOLDERS)
    if server is None or control is None:
        raise NoServer("rabbitmq-server and rabbitmqctl are not installed on this machine")
    node = PrivateBroker(Path(tempfile.mkdtemp(prefix="qovsaq-mq-")), server, control)
    try:
        yield node
    finally:
        node.dispose()


@contextmanager
def running_private_broker() -> Iterator[PrivateBroker]:
    """Yield a started node; raise ``NoServer`` if RabbitMQ is not installed here."""
    with private_node() as node:
        node.start()
        yield node

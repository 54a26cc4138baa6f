"""The raw limits of a run: the same messages published and forwarded, with nothing done to them."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace

from benchmarks import queues, raw
from benchmarks.live import Run, run_of
from benchmarks.meter import Meter
from benchmarks.servers import Servers

_SLOWEST = 100
_SETTING_OUT = 60


def limits(servers: Servers, records: int) -> dict[str, Run]:
    """Measure bare publishing, then bare forwarding of what was published."""
    with servers.vhost() as url:
        queues.declare(url, [raw.SOURCE, raw.TARGET])
        found = {name: _measured(servers, url, name, records) for name in ("publish", "forward")}
        left = queues.depth(url, [raw.TARGET])
    if left != records:
        raise AssertionError(f"{left} of {records} messages were forwarded")
    return found


def _measured(servers: Servers, url: str, name: str, records: int) -> Run:
    """Run a client in a process of its own, which tells its seconds and its CPU time."""
    meter = Meter(servers.groups)
    told = _client(name, url, records)
    usage = meter.stop()
    usage = replace(usage, cpu={"client": told["cpu"], **usage.cpu})
    return run_of(records, told["seconds"], usage)


def _client(name: str, url: str, records: int) -> dict[str, float]:
    command = [sys.executable, "-m", "benchmarks.limits", name, url, str(records)]
    within = _SETTING_OUT + records / _SLOWEST
    done = subprocess.run(command, capture_output=True, text=True, timeout=within, check=True)
    told: dict[str, float] = json.loads(done.stdout)
    return told


def _main(name: str, url: str, records: int) -> None:
    from benchmarks.live import messages

    told = list(messages(records))
    works: dict[str, Callable[[], object]] = {
        "publish": raw.Publishing(url, "", raw.SOURCE, iter(told)).run,
        "forward": raw.Forwarding(url, records).run,
    }
    with raw.timed() as spent:
        works[name]()
    print(json.dumps(spent))


if __name__ == "__main__":
    _main(sys.argv[1], sys.argv[2], int(sys.argv[3]))

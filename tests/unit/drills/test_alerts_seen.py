"""What drills see of a Prometheus, or do not."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from hub.cli.ending import Exit
from hub.drills.alerts import Alerts
from tests.support.commands import CommandLine


@contextmanager
def prometheus(firing: list[str]) -> Iterator[str]:
    class Answering(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            alerts = [
                {"labels": {"alertname": name.strip("~")}, "state": state(name)} for name in firing
            ]
            body = json.dumps({"data": {"alerts": alerts}}).encode()
            self.send_response(200 if self.path == "/api/v1/alerts" else 404)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Answering)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def state(name: str) -> str:
    return "pending" if name.startswith("~") else "firing"


def test_alerts_that_begin_meanwhile_are_seen_and_those_before_are_not() -> None:
    firing = ["BackupLate"]
    with prometheus(firing) as url:
        alerts = Alerts(url)
        alerts.begin()
        firing += ["BreakerOpen", "~OldestMessage"]
        assert alerts.look() == {"BreakerOpen"}
        firing.remove("BreakerOpen")
        assert alerts.look() == frozenset()
    assert (alerts.seen, alerts.unreachable) == ({"BreakerOpen"}, False)


def test_a_prometheus_that_does_not_answer_ends_no_drill() -> None:
    with prometheus([]) as url:
        pass
    alerts = Alerts(url)
    alerts.begin()
    assert (alerts.look(), alerts.unreachable) == (frozenset(), True)


def test_a_silence_without_a_calendar_cannot_be_noticed() -> None:
    answer = CommandLine({})("drill", "ministry-silent", "labour")
    assert answer.status == Exit.USAGE
    assert "QOVSAQ_FEEDS__LABOUR__" in answer.err
    assert "no ministry named" in CommandLine({})("drill", "ministry-silent", "nobody").err

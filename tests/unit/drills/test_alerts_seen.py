"""What drills see of a Prometheus, or do not."""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs

from hub.cli.ending import Exit
from hub.drills.alerts import Alerts
from tests.support.commands import CommandLine


@dataclass
class Remembering:
    """What a Prometheus knows: what fires, and since when (seconds ago) what fired and is over."""

    firing: set[str] = field(default_factory=set)
    over: dict[str, int] = field(default_factory=dict)

    def answer(self, expression: str) -> set[str]:
        assert 'ALERTS{alertstate="firing"}' in expression
        window = re.search(r"\[(\d+)s\]", expression)
        if window is None:
            return self.firing
        return self.firing | {name for name, ago in self.over.items() if ago <= int(window[1])}


@contextmanager
def prometheus(known: Remembering) -> Iterator[str]:
    class Answering(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            path, _, query = self.path.partition("?")
            names = known.answer(parse_qs(query)["query"][0])
            result = [{"metric": {"alertname": name}, "value": [0, "1"]} for name in names]
            self.send_response(200 if path == "/api/v1/query" else 404)
            self.end_headers()
            self.wfile.write(json.dumps({"data": {"result": result}}).encode())

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


def test_alerts_that_begin_meanwhile_are_seen_and_those_before_are_not() -> None:
    known = Remembering({"BackupLate"}, {"SilentFeed": 400})
    seconds = iter((0.0, 0.2, 60.9))
    with prometheus(known) as url:
        alerts = Alerts(url, lambda: next(seconds))
        alerts.begin()
        assert alerts.look() == set()
        known.firing.add("BreakerOpen")
        assert alerts.look() == {"BreakerOpen"}
    assert alerts.unreachable is False


def test_an_alert_that_was_over_before_anybody_looked_is_seen() -> None:
    known, seconds = Remembering(), iter((0.0, 300.0))
    with prometheus(known) as url:
        alerts = Alerts(url, lambda: next(seconds))
        alerts.begin()
        known.over["ProcessDown"] = 200
        assert alerts.look() == {"ProcessDown"}
    assert alerts.seen == {"ProcessDown"}


def test_a_prometheus_that_does_not_answer_ends_no_drill() -> None:
    with prometheus(Remembering()) as url:
        pass
    alerts = Alerts(url)
    alerts.begin()
    assert (alerts.look(), alerts.unreachable) == (frozenset(), True)


def test_a_silence_without_a_calendar_cannot_be_noticed() -> None:
    answer = CommandLine({})("drill", "ministry-silent", "labour")
    assert answer.status == Exit.USAGE
    assert "QOVSAQ_FEEDS__LABOUR__" in answer.err
    assert "no ministry named" in CommandLine({})("drill", "ministry-silent", "nobody").err

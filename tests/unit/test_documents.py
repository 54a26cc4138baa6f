"""Documents tell the truth where a test can know it."""

from __future__ import annotations

import re
from pathlib import Path

import schemas
from connectors._kit.discover import discover
from connectors._staff.dialect import STAFF
from hub.cli.main import app
from routing import message, parking
from routing.topology import topology
from schemas.catalogue import records
from schemas.envelope import Event, Operation

REPOSITORY = Path(__file__).parents[2]
RECORD = re.compile(
    r"^\| ([234][.\d]+) \| `(\w+)` \| ([\w, ]+) \| ([\w, ]+) \| ([\w-]+) \| `([\w./]+)` \| "
    r"`([\w.]+)` \| (.*) \|$",
    re.MULTILINE,
)
DECISION = re.compile(r"^\| \[(\d{4})\]\(.+?\) \| (.+?) \|", re.MULTILINE)


def text(name: str) -> str:
    return (REPOSITORY / name).read_text("utf-8")


def test_every_decision_is_in_the_index_under_its_own_title() -> None:
    index = dict(DECISION.findall(text("docs/adr/README.md")))
    files = {path.name[:4]: path for path in (REPOSITORY / "docs/adr").glob("0*.md")}
    titles = {n: path.read_text("utf-8").partition("\n")[0] for n, path in files.items()}
    assert titles == {number: f"# {number} {title}" for number, title in index.items()}


def test_what_the_table_of_records_says_is_so() -> None:
    rows = RECORD.findall(text("docs/records.md"))
    assert {name for _, name, *_ in rows} == set(records())
    for clause, name, ministries, operations, label, schema, table, tests in rows:
        record = records()[name]
        senders = {c.name for c in [*discover().values(), STAFF] if record in c.records}
        assert record.category == "c" + clause.replace(".", "")
        assert set(ministries.split(", ")) == senders
        assert operations == ("all" if senders != {STAFF.name} else "annul, change, create")
        assert (Path(schemas.__path__[0]).parent / schema).is_file()
        assert all((REPOSITORY / test).is_file() for test in re.findall(r"`(.+?)`", tests))
        assert label == record.classification
        assert table == f"registry.{name}"


def test_the_binding_names_every_attribute_operation_and_header() -> None:
    binding = text("docs/amqp-binding.md")
    headers = {message.ATTEMPTS, message.CAUSE, message.ORIGIN, message.PUBLISHED_AT}
    headers |= {message.CHANNEL, parking.EXPLANATION, parking.PARKED_AT}
    headers |= {message.CORRELATION, message.SERVICE, message.SENDER, message.SIGNATURE}
    headers |= {message.DOCUMENT, message.DOCUMENT_SHA256, message.CHUNK, message.CHUNKS}
    headers |= {parking.SOURCE_EXCHANGE, parking.SOURCE_KEY}
    for name in {*Event.model_fields, *map(str, Operation), *headers}:
        assert f"`{name}`" in binding, name


def test_the_binding_names_every_exchange_and_queue() -> None:
    binding = text("docs/amqp-binding.md")
    bus = topology(["justice"])
    for name in {*(e.name for e in bus.exchanges), *(q.name for q in bus.queues)}:
        general = re.sub(r"^dead\..*", "dead.<queue>", name)
        general = general.replace("justice", "<ministry>")
        general = re.sub(r"\.(live|bulk)$", ".<lane>", general)
        general = re.sub(r"^retry\..*", "retry.<rung>", general)
        assert f"`{general}`" in binding, name


def test_the_readme_names_only_commands_that_exist() -> None:
    commands = {c.name or getattr(c.callback, "__name__", "") for c in app.registered_commands}
    commands |= {group.name for group in app.registered_groups if group.name}
    named = set(re.findall(r"qovsaq ([\w-]+)", text("README.md")))
    assert named
    assert named <= commands


def test_every_complaint_is_answered_by_tests_and_pages_that_exist() -> None:
    complaints = text("docs/complaints.md")
    named = set(re.findall(r"`(tests/[\w/]+\.py)`", complaints))
    pages = set(re.findall(r"\]\((runbooks/[\w-]+\.md)\)", complaints))
    index = text("docs/runbooks/README.md")
    pages |= {f"runbooks/{page}" for page in re.findall(r"\]\(([\w-]+\.md)\)", index)}
    assert len(named) > 20
    assert len(pages) > 5
    assert [name for name in named if not (REPOSITORY / name).is_file()] == []
    assert [page for page in pages if not (REPOSITORY / "docs" / page).is_file()] == []


def test_every_promise_is_shown_by_tests_that_exist() -> None:
    promises = text("docs/promises.md")
    named = re.findall(r"`(tests/[\w/]+\.py)`", promises)
    assert promises.count("**Shown by.**") == 7
    assert named
    assert [name for name in named if not (REPOSITORY / name).is_file()] == []

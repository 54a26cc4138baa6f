from __future__ import annotations

import io
import json
import logging
from collections.abc import Iterator

import pytest
import structlog

from hub.logs import configure, mask_text
from tests.support.commands import logging_as_it_was

FIN = "TST0A1B"


@pytest.fixture(autouse=True)
def logging_restored() -> Iterator[None]:
    with logging_as_it_was():
        yield


def lines(stream: io.StringIO) -> list[dict[str, object]]:
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def test_a_line_is_one_json_object_with_its_fields() -> None:
    stream = io.StringIO()
    configure("info", "json", stream)
    structlog.get_logger("hub.poll").info("page read", ministry="justice", records=3)
    (line,) = lines(stream)
    assert line["event"] == "page read"
    assert (line["ministry"], line["records"]) == ("justice", 3)
    assert (line["level"], line["logger"]) == ("info", "hub.poll")
    assert str(line["timestamp"]).endswith("Z")


def test_identifiers_are_masked_wherever_they_stand() -> None:
    stream = io.StringIO()
    configure("info", "json", stream)
    try:
        int(FIN)
    except ValueError:
        structlog.get_logger().exception(
            f"failed for {FIN}", subject=f"urn:az:pid:fin:{FIN}", nested={"all": [FIN, ("x", FIN)]}
        )
    text = stream.getvalue()
    assert "urn:az:pid:fin:TST" in text
    assert "Traceback" in text
    assert FIN not in text


def test_lines_of_libraries_are_masked_too() -> None:
    stream = io.StringIO()
    configure("info", "json", stream)
    logging.getLogger("somebody.else").warning("person %s", FIN)
    (line,) = lines(stream)
    assert str(line["event"]).startswith("person TST")
    assert FIN not in stream.getvalue()


def test_the_level_holds_and_chatty_libraries_are_quiet() -> None:
    stream = io.StringIO()
    configure("info", "json", stream)
    structlog.get_logger().debug("too fine")
    logging.getLogger("pika.channel").info("too fine")
    assert stream.getvalue() == ""


def test_the_console_form_is_for_people() -> None:
    stream = io.StringIO()
    configure("info", "console", stream)
    structlog.get_logger().info("page read", ministry="justice")
    assert "page read" in stream.getvalue()
    assert "ministry=justice" in stream.getvalue()


@pytest.mark.parametrize(
    "identifier",
    [
        FIN,
        "0012345671",
        "AZE12345678",
        "AA1234567",
        "MYI12345",
        "aa1234567",
        "tst0a1b",
        ":12345678",
    ],
)
def test_every_kind_of_identifier_is_masked(identifier: str) -> None:
    assert identifier not in mask_text(f"urn:x:{identifier} and '{identifier}'.")


@pytest.mark.parametrize(
    "text", ["queue intake.justice.live is empty", "message received 250 in 12 ms", "3f2a" * 8]
)
def test_ordinary_words_stay_readable(text: str) -> None:
    assert mask_text(text) == text

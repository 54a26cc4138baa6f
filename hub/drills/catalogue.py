"""The drills, by name; each sends, does or awaits harm, and checks."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from hub.drills.course import Course
from hub.evidence.downtime import register
from routing import keys
from routing.message import TEST_MODE, Message
from schemas.envelope import CONTENT_TYPE
from schemas.errors import HubError

_FEW = 60
_FLOOD = 5000
_UNREADABLE = b'[{"drill": "this is no event"}]'

_LETTERS = """
SELECT letter_id, state, cause FROM desk.letter WHERE message_id = %s
"""


@dataclass(frozen=True, slots=True)
class Drill:
    """A named drill: what it does, in a sentence, and what of live traffic it touches, if it does.

    ``harm`` says what has to be done to the deployment, by a command or by a person.
    """

    run: Callable[[Course], object]
    does: str
    touches: str = ""
    harm: str = ""


def broker_restart(course: Course) -> None:
    """Messages before, during and after an outage of the broker; all have their end."""
    _through_an_outage(course, "broker", lambda: _answers_broker(course))


def database_failover(course: Course) -> None:
    """Messages before, during and after an outage of the database."""
    _through_an_outage(course, "database", lambda: _answers_database(course))


def ministry_silent(course: Course) -> None:
    """A feed that falls silent is entered in the downtime register, and closed when it speaks."""
    ministry = str(course.facts["ministry"])
    began = course.clock()
    if course.harm:
        course.harm()
    entered = course.until(lambda: _feed_is_down(course, ministry, began))
    text = f"feed of {ministry} is in the register" if entered else "nothing was entered"
    course.check("the silence was noticed", entered, text)
    course.send(1, "live", ministry=ministry)
    closed = course.until(lambda: not _feed_is_down(course, ministry, began))
    course.check("its end was noticed", closed, "the entry is closed" if closed else "still open")
    course.settle()


def poison(course: Course) -> None:
    """One batch that nobody can read, among good ones: it is parked alone, with its cause."""
    course.send(_FEW // 2, "live")
    name = f"drill-{course.drill}"
    bad = Message(
        exchange=keys.DEFAULT,
        routing_key=keys.writer_queue("live"),
        body=_UNREADABLE,
        message_id=name,
        content_type=CONTENT_TYPE,
        headers={TEST_MODE: "true"},
    )
    publisher = course.bus.publisher()
    publisher.publish([bad])
    publisher.close()
    course.send(_FEW // 2, "live")
    parked = course.until(lambda: bool(_letters(course, name)))
    seen = ", ".join(f"{cause} ({state})" for _, state, cause in _letters(course, name))
    course.check("the bad one is a letter at the desk", parked, seen or "no letter came")
    course.facts["letters"] = [letter for letter, _, _ in _letters(course, name)]
    course.settle()


def flood(course: Course) -> None:
    """Many records at once on the bulk lane, and a few on the live lane behind them."""
    began = course.clock()
    course.send(int(course.facts.get("count", _FLOOD)), "bulk")
    course.send(_FEW, "live")
    published = course.clock()
    course.settle()
    took = (course.clock() - began).total_seconds()
    course.facts["publishing_seconds"] = round((published - began).total_seconds(), 1)
    course.facts["seconds"] = round(took, 1)
    rate = len(course.sent) / took if took else 0.0
    course.check("it was worked off", course.passed, f"{took:.0f} s, {rate:.0f} messages a second")


DRILLS: Mapping[str, Drill] = {
    "broker-restart": Drill(
        broker_restart,
        "messages before, during and after a restart of the broker",
        "all traffic stands still while the broker is away",
        "restart the broker",
    ),
    "database-failover": Drill(
        database_failover,
        "messages before, during and after a restart or fail-over of the database",
        "all traffic waits while the database is away",
        "restart the database, or fail over to the standby",
    ),
    "ministry-silent": Drill(
        ministry_silent,
        "a ministry that sends nothing is noticed, and noticed again when it sends",
        "the ministry has to stop sending for as long as its calendar allows",
        "have the ministry stop sending",
    ),
    "poison": Drill(poison, "a batch that nobody can read is parked alone, among good ones"),
    "flood": Drill(
        flood,
        "a flood of records on the bulk lane is worked off, and the live lane goes on",
        "live traffic shares the workers with the flood",
    ),
}


def _through_an_outage(course: Course, component: str, answers: Callable[[], bool]) -> None:
    began = course.clock()
    course.send(_FEW // 2, "live")
    if course.harm:
        course.harm()
    else:
        gone = course.until(lambda: not answers())
        course.check("it went away", gone, "it did" if gone else f"the {component} answered on")
    back = course.until(answers)
    course.check("it came back", back, f"the {component} answers" if back else "it does not answer")
    course.facts["outage_noticed_within_seconds"] = (course.clock() - began).total_seconds()
    course.send(_FEW // 2, "live")
    course.settle()
    course.facts["register"] = _entered(course, component, began)


def _answers_broker(course: Course) -> bool:
    try:
        return bool(course.bus.depths([keys.writer_queue("live")]))
    except HubError:
        return False


def _answers_database(course: Course) -> bool:
    try:
        with course.database.transaction() as tx:
            return bool(tx.rows("SELECT 1 AS one"))
    except HubError:
        return False
    finally:
        course.database.close()  # a connection that survived would prove nothing


def _feed_is_down(course: Course, ministry: str, since: datetime) -> bool:
    with course.database.transaction() as tx:
        return any(
            (row["component"], row["source"], row["ended_at"]) == ("feed", ministry, None)
            for row in register.entries(tx, since, course.clock() + timedelta(seconds=1))
        )


def _entered(course: Course, component: str, since: datetime) -> list[str]:
    with course.database.transaction() as tx:
        rows = register.entries(tx, since, course.clock() + timedelta(seconds=1))
    return [f"number {r['downtime_id']}" for r in rows if r["component"] == component]


def _letters(course: Course, message_id: str) -> list[tuple[str, str, str]]:
    with course.database.transaction() as tx:
        rows = tx.rows(_LETTERS, [message_id])
    return [(row["letter_id"].hex, row["state"], row["cause"]) for row in rows]

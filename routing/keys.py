"""The names on the wire. Ministries build against some of them: they do not change.

=============================  ===================================================
``intake.<ministry>``          direct exchange a ministry publishes to, key = lane
``intake.<ministry>.<lane>``   its queues
``intake.ehis``                direct exchange of what came over EHİS, key ``<ministry>.<lane>``;
                               the hub alone publishes to it
``canonical``                  topic exchange, key of ``CanonicalKey``
``registry.writer.<lane>``     the registry's queues
``retry.<rung>``               waiting rooms of one rung of the retry ladder
``dead.<origin>``              what needs a person, per working queue
``notice.<ministry>``          refusals, for the ministry to read
``receipt.<ministry>``         outcomes, for the ministry to read
``agency.<system>``            what the registry holds, for one of the Agency's own systems
``outbound.<subscriber>.<lane>``  records before the gate: the hub's alone
``deliver.<subscriber>``       what left for a subscriber over AMQP, for it to read
=============================  ===================================================
"""

from __future__ import annotations

from dataclasses import dataclass

from schemas.errors import Refused

DEFAULT = ""
"""The default exchange: routes to the queue that is named by the key."""

CANONICAL = "canonical"
INTAKE_EHIS = "intake.ehis"
INTAKE_UNROUTED = "intake.unrouted"
CANONICAL_UNROUTED = "canonical.unrouted"
LANES = ("live", "bulk")


def intake_exchange(ministry: str) -> str:
    """Name the only exchange a ministry may write to."""
    return f"intake.{ministry}"


def yields(queue: str) -> bool:
    """Whether what is in a queue waits for whatever the other lane has: loads are in no hurry."""
    return queue.endswith(f".{LANES[-1]}")


def written_by_ministries(queue: str) -> bool:
    """Whether what is in a queue, or was put aside from it, was published by somebody else."""
    return queue.removeprefix("dead.").startswith("intake.")


def intake_queue(ministry: str, lane: str) -> str:
    """Name the queue of one ministry's lane."""
    return f"intake.{ministry}.{lane}"


def ehis_key(ministry: str, lane: str) -> str:
    """Name where ``intake.ehis`` takes a message."""
    return f"{ministry}.{lane}"


def writer_queue(lane: str) -> str:
    """Name the registry's queue of a lane."""
    return f"registry.writer.{lane}"


def dead_queue(origin: str) -> str:
    """Name the queue where what ``origin`` cannot digest waits for a person."""
    return f"dead.{origin}"


def retry_exchange(rung: str) -> str:
    """Name the exchange, and the queue, of one rung of the retry ladder."""
    return f"retry.{rung}"


def notice_queue(ministry: str) -> str:
    """Name the queue of refusals for a ministry."""
    return f"notice.{ministry}"


def receipt_queue(ministry: str) -> str:
    """Name the queue of outcomes for a ministry."""
    return f"receipt.{ministry}"


def agency_queue(system: str) -> str:
    """Name the queue of one of the Agency's own systems."""
    return f"agency.{system}"


def outbound_queue(subscriber: str, lane: str) -> str:
    """Name the queue of records that may be due to a subscriber; nobody but the hub reads it."""
    return f"outbound.{subscriber}.{lane}"


def deliver_queue(subscriber: str) -> str:
    """Name the queue a subscriber reads."""
    return f"deliver.{subscriber}"


@dataclass(frozen=True, slots=True)
class CanonicalKey:
    """Routing key on ``canonical``: ``<lane>.<category>.<record>.v<N>.<ministry>``.

    ``category`` is the clause of decree 308 (``c211``, ``c31``, ``c411`` … ``c417``).
    """

    lane: str
    category: str
    record_type: str
    version: int
    ministry: str

    def __str__(self) -> str:
        return f"{self.lane}.{self.category}.{self.record_type}.v{self.version}.{self.ministry}"

    @classmethod
    def parse(cls, text: str) -> CanonicalKey:
        """Read a key; raise ``Refused`` (``canonical-key``) if it is not of this form."""
        match text.split("."):
            case [lane, category, record_type, version, ministry] if (
                version[:1] == "v" and version[1:].isdecimal()
            ):
                return cls(lane, category, record_type, int(version[1:]), ministry)
            case _:
                raise Refused("canonical-key", "", "the routing key is not a canonical one")

"""What must exist on the broker, for subscribers and the Agency's systems too."""

from __future__ import annotations

from hub.agency import systems
from hub.delivery import subscribers
from hub.store.database import Transaction
from routing.keys import agency_queue
from routing.topology import Queue, Topology


def wanted(tx: Transaction, base: Topology) -> Topology:
    """Add to the ``base``, which is there for ministries, what the database knows of."""
    queues = tuple(Queue(agency_queue(row["name"])) for row in systems.known(tx))
    bound = (subscribers.topology_of(each) for each in subscribers.known(tx))
    return sum(bound, start=base + Topology(queues=queues))

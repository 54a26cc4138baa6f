"""The outbound side put together: grants for operators, and a worker for each subscriber."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from hub.assembly import Hub, Kind
from hub.broker_control import BrokerControl
from hub.crew import Crew, Worker
from hub.delivery import account, account_pages, subscribers
from hub.delivery.account import Line
from hub.delivery.administration import BrokerAdministration, NoAdministration, RabbitmqCtl
from hub.delivery.amqp import QueueSender
from hub.delivery.backfill import Backfill
from hub.delivery.dispatcher import Dispatcher
from hub.delivery.endpoints import open_ehis_sender, open_sender
from hub.delivery.governance import Governance
from hub.delivery.handler import DeliveryHandler
from hub.delivery.office import Office
from hub.delivery.recall import Recaller
from hub.delivery.sender import Sender
from hub.delivery.subscriber import Channel, Subscriber, check_channel
from hub.evidence import pages
from hub.evidence.downtime.pauses import Pauses
from hub.evidence.outages import OutageLog
from hub.hop import Hop, Pace
from hub.pacing import Pacing
from hub.registry import current
from hub.rounds import Rounds
from hub.settings import Settings
from hub.store.database import Database
from routing.bus import Bus

_WATCH_SECONDS = 1.0
_PREFETCH = 4
"""Batches in hand per lane; each is up to 500 records."""

_REST = 4.0
"""A batch of one costs a body as much as one of many, and a tenth of a second is soon enough."""


def persons(settings: Settings) -> frozenset[str]:
    """URN prefixes of the identifiers that are of a person."""
    return settings.rules().namespaces.persons


def administration(settings: Settings) -> BrokerAdministration:
    """Open the way to the broker's users and rights, if the settings name one."""
    control = BrokerControl.of(settings)
    return RabbitmqCtl(control, settings.outbound.user_prefix) if control else NoAdministration()


def governance(hub: Hub, purpose: str = "grants") -> Governance:
    """Open grants, for operators; close its database afterwards."""
    outbound, database = hub.settings.outbound, hub.database(purpose)
    ctl = administration(hub.settings)
    return Governance(
        database=database,
        recaller=Recaller(database, hub.bus, ctl, persons(hub.settings)),
        administration=ctl,
        clock=hub.clock,
        wait=threading.Event().wait,
        authority=outbound.access_authority,
        operator=outbound.exchange_operator,
        four_eyes=outbound.four_eyes,
    )


def custody(hub: Hub, *, anew: bool = False) -> list[Line]:
    """Draw up every subscriber's account as of now, counting ``anew`` what rests as well."""
    with _books(hub) as (database, known):
        return _drawn_up(hub, database, known, anew=anew)


def differences(hub: Hub) -> list[str]:
    """Name what the pages of ledger and accounts say otherwise than counting everything."""
    with _books(hub) as (database, known):
        with database.transaction() as tx:
            found = pages.differences(tx)
        with database.transaction() as tx:
            return found + account.differences(tx, known, hub.clock() - hub.settle)


@contextmanager
def _books(hub: Hub) -> Iterator[tuple[Database, list[Subscriber]]]:
    """Open the database for accounts, and read whose there are."""
    database = hub.database("custody")
    try:
        with database.transaction() as tx:
            known = [each for each in subscribers.known(tx) if each.pushed]
        yield database, known
    finally:
        database.close()


def _drawn_up(
    hub: Hub, database: Database, known: list[Subscriber], *, anew: bool = False
) -> list[Line]:
    depths = account.depths(hub.bus, known)
    with database.transaction() as tx:
        return account.draw_up(tx, known, depths, settle=hub.settle, now=hub.clock(), anew=anew)


def delivery(hub: Hub) -> Worker:
    """Build what delivers to all subscribers, and watches over the ends of grants."""
    grants, reading = governance(hub, "grants watch"), hub.database("subscribers")

    def known() -> list[Subscriber]:
        with reading.transaction() as tx:
            return subscribers.known(tx)

    office = Office(known, lambda subscriber: hop(hub, subscriber), hub.metrics, reading.close)
    breaker = hub.breaker("grants watch", hub.worker_id(Kind.DELIVERY), grants.database)
    closing = grants.database.close
    watch = Rounds("grants watch", grants.keep_watch, _WATCH_SECONDS, closing, breaker)
    interval = hub.settings.outbound.custody_seconds
    books = Pacing()  # an account counts every record of its subscriber
    telling = Rounds("custody", lambda: books.look(lambda: _tell(hub)), interval, lambda: None)
    return Crew({"deliveries": office, "grants watch": watch, "custody": telling})


def hop(hub: Hub, subscriber: Subscriber) -> Worker:
    """Build the worker of one subscriber; raise ``Stop`` where its endpoint is not set up."""
    settings, name = hub.settings, f"delivery.{subscriber.name}"
    sender = _sender(hub.bus, subscriber, settings)
    database = hub.database(name)
    pauses = Pauses(database, hub.clock)
    dispatcher = Dispatcher(
        subscriber=subscriber,
        database=database,
        sender=sender,
        observer=hub.metrics,
        clock=hub.clock,
        persons=persons(settings),
        policy=hub.policy,
        tracing=hub.tracing,
    )
    subscription = hub.bus.subscribe(account.queues_of(subscriber), prefetch=_PREFETCH)
    handler = DeliveryHandler(
        dispatcher=dispatcher,
        publisher=subscription,
        feeds=(Backfill(subscriber, database, current.page, settings.batch_records),),
        most_records=settings.batch_records,
        paused=lambda: subscriber.name in pauses.now().subscribers,
    )
    return Hop(
        name,
        subscription,
        handler,
        clock=hub.clock,
        observer=hub.metrics,
        pace=Pace(batch=_PREFETCH, opens_at=settings.breaker_failures, rest=_REST),
        keep=OutageLog(database, name).keep,
    )


def _sender(bus: Bus, subscriber: Subscriber, settings: Settings) -> Sender:
    check_channel(subscriber.name, subscriber.channel, settings.outbound.ehis_only)
    if subscriber.reads:
        return QueueSender(bus.publisher())
    if subscriber.channel is Channel.EHIS:
        return open_ehis_sender(subscriber, settings.ehis)
    return open_sender(subscriber, settings.endpoints.get(subscriber.name))


def _tell(hub: Hub) -> None:
    """Show each subscriber's account in the metrics."""
    observer = hub.metrics
    with _books(hub) as (database, known):
        for each in known:
            account_pages.close(database, each, hub.clock() - hub.settle)
        lines = _drawn_up(hub, database, known)
    for line in lines:
        places = line.as_dict()
        name = places.pop("subscriber")
        for place, records in places.items():
            observer.gauge("subscriber_records", records, subscriber=name, place=place)

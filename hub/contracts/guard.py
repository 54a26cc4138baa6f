"""The contract guard: looks at what ministries serve, before messages begin to fail."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import PurePosixPath
from typing import Protocol
from urllib.parse import urlsplit

import structlog

from connectors._kit.contract import Connector
from hub.contracts import fetching, seen
from hub.contracts.changes import Change
from hub.contracts.collection import contract_files
from hub.contracts.verdict import State, Verdict, judge
from hub.sections import ContractSettings
from hub.store.database import Database
from routing.observer import Observer
from schemas.errors import Stop, Unavailable

_log = structlog.get_logger()


class Fetch(Protocol):
    """Fetches one document (``fetching.fetch``)."""

    def __call__(self, url: str, *, timeout: float, most: int) -> bytes:
        """Give the bytes, or raise ``Unavailable``."""
        ...


@dataclass(frozen=True, slots=True)
class Sighting:
    """What was found at one address. ``changed`` says whether it was another the last time."""

    ministry: str
    address: str
    state: State
    contract: str | None = None
    sha256: str | None = None
    changed: bool = False
    cause: str | None = None
    breaking: tuple[Change, ...] = ()
    other: tuple[Change, ...] = ()


@dataclass(frozen=True)
class Guard:
    """Compares every served contract with the connector's own and with what was seen last."""

    connectors: Mapping[str, Connector]
    settings: Mapping[str, ContractSettings]
    database: Database
    observer: Observer
    clock: Callable[[], datetime]
    fetch: Fetch = fetching.fetch

    def __post_init__(self) -> None:
        for ministry in self.settings:
            if ministry not in self.connectors:
                name = f"QOVSAQ_CONTRACTS__{ministry.upper()}__URLS"
                raise Stop(f"{name}: there is no connector of that name")

    def look(self) -> list[Sighting]:
        """Go round all addresses once; what cannot be reached is told and tried the next time."""
        return [
            sighting
            for ministry, settings in sorted(self.settings.items())
            for sighting in self._ministry(ministry, settings)
        ]

    def _ministry(self, ministry: str, settings: ContractSettings) -> Sequence[Sighting]:
        ours = contract_files(self.connectors[ministry])
        sightings = [
            self._address(ministry, url.get_secret_value(), settings, ours) for url in settings.urls
        ]
        breaks = sum(len(each.breaking) for each in sightings)
        # A service that is down for a day has not mended its contract.
        if breaks or all(each.state is not State.UNREACHABLE for each in sightings):
            self.observer.gauge("contract_breaks", breaks, ministry=ministry)
        return sightings

    def _address(
        self, ministry: str, url: str, settings: ContractSettings, ours: Mapping[str, bytes]
    ) -> Sighting:
        place = fetching.address(url)
        try:
            body = self.fetch(url, timeout=float(settings.timeout_seconds), most=settings.max_bytes)
        except Unavailable as outage:
            self.observer.count("contract_failures", ministry=ministry)
            _log.warning("contract not fetched", ministry=ministry, cause=str(outage))
            return Sighting(ministry, place, State.UNREACHABLE, cause=str(outage))
        verdict = judge(body, PurePosixPath(urlsplit(url).path).name, ours)
        changed = self._keep(ministry, place, body, verdict)
        sighting = _sighting(ministry, place, verdict, changed=changed)
        _tell(sighting)
        return sighting

    def _keep(self, ministry: str, place: str, body: bytes, verdict: Verdict) -> bool:
        """Remember what was seen; tell whether it was another version the last time."""
        with self.database.transaction() as tx:
            before = seen.last(tx, ministry, place)
            seen.keep(
                tx,
                changes=[_written(change) for change in verdict.changes],
                now=self.clock(),
                ministry=ministry,
                address=place,
                sha256=verdict.sha256,
                body=body,
                contract=verdict.contract,
                state=verdict.state,
            )
        return before is not None and before.sha256 != verdict.sha256


def _sighting(ministry: str, place: str, verdict: Verdict, *, changed: bool) -> Sighting:
    return Sighting(
        ministry=ministry,
        address=place,
        state=verdict.state,
        contract=verdict.contract,
        sha256=verdict.sha256,
        changed=changed,
        breaking=verdict.breaking,
        other=tuple(change for change in verdict.changes if change not in verdict.breaking),
    )


def _tell(sighting: Sighting) -> None:
    where = {"ministry": sighting.ministry, "address": sighting.address}
    if sighting.changed:
        _log.warning("contract changed at its source", state=sighting.state, **where)
    for change in sighting.breaking:
        _log.error("contract breaks messages", rule=change.rule, place=change.place, **where)


def _written(change: Change) -> dict[str, object]:
    return {**asdict(change), "breaks": sorted(change.breaks)}

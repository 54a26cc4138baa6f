"""Parts of the settings: their types, and the groups of values that belong together."""

from __future__ import annotations

from datetime import date, time
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    SecretStr,
)

from routing.topology import Rung
from schemas.identifiers import Namespaces


def _url(*schemes: str) -> Any:
    starts = " or ".join(f"{scheme}://" for scheme in schemes)

    def check(url: SecretStr) -> SecretStr:
        scheme, _, rest = url.get_secret_value().partition("://")
        if scheme not in schemes or not rest:
            raise ValueError(f"must be a URL that starts with {starts}")
        return url

    return AfterValidator(check)


def split(value: object) -> object:
    """Read a list written with commas; leave anything but a text as it is."""
    return [part.strip() for part in value.split(",")] if isinstance(value, str) else value


def named_by_hyphens(value: object) -> object:
    """Read subscribers' names as the environment has them: ``STATE_FUND`` is ``state-fund``."""
    if not isinstance(value, dict):
        return value
    return {str(name).lower().replace("_", "-"): part for name, part in value.items()}


BrokerUrl = Annotated[SecretStr, _url("amqp", "amqps")]
DatabaseUrl = Annotated[SecretStr, _url("postgresql", "postgres")]
ServiceUrl = Annotated[SecretStr, _url("http", "https")]
Lane = Literal["live", "bulk"]
Weekday = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
Seconds = Annotated[int, Field(ge=1)]
RungName = Annotated[str, AfterValidator(lambda text: Rung.parse(text).name)]
Urn = Annotated[str, Field(pattern=r"^urn:[a-z0-9-]+(:[a-z0-9-]+)+$")]


class Section(BaseModel):
    """A frozen group of settings; unknown names are refused."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)


class LimitSettings(Section):
    """Bounds on what a ministry may send."""

    max_bytes: int = Field(8 * 1024 * 1024, ge=1024, description="bytes of one message")
    max_depth: int = Field(64, ge=4, description="nesting of one XML or JSON document")
    max_records: int = Field(10_000, ge=1, description="records in one message")
    max_text: int = Field(10_000, ge=100, description="characters of one text")
    future_tolerance_seconds: int = Field(
        300, ge=0, description="how far ahead of the hub's clock a change may be dated"
    )


class DataSettings(Section):
    """What is taken of the data sets of section 4, where the law leaves it open."""

    smallest_count: int = Field(
        0, ge=0, description="statistics of fewer people or cases are suppressed; 0: none are"
    )
    import_suppliers: Annotated[tuple[str, ...], BeforeValidator(split)] = Field(
        (), description="ministries whose figures on imported goods are taken, commas between"
    )


class NamespaceSettings(Section):
    """URN prefixes of identifier schemes: no national standard fixes them."""

    fin: Urn = Field(Namespaces().fin, description="URN prefix of FİN")
    voen: Urn = Field(Namespaces().voen, description="URN prefix of VÖEN")
    document: Urn = Field(Namespaces().document, description="URN prefix of document numbers")
    migration_person: Urn = Field(
        Namespaces().migration_person,
        description="URN prefix of migration person numbers",
    )
    social_insurance: Urn = Field(
        Namespaces().social_insurance, description="URN prefix of workers' insurance numbers"
    )
    employer_insurance: Urn = Field(
        Namespaces().employer_insurance,
        description="URN prefix of employers' insurance numbers",
    )
    civil_status_act: Urn = Field(
        Namespaces().civil_status_act, description="URN prefix of civil status act numbers"
    )
    employment_contract: Urn = Field(
        Namespaces().employment_contract, description="URN prefix of employment contract numbers"
    )
    vital_event_notice: Urn = Field(
        Namespaces().vital_event_notice, description="URN prefix of birth and death notices"
    )
    social_status: Urn = Field(
        Namespaces().social_status, description="URN prefix of pension and benefit numbers"
    )
    facility: Urn = Field(Namespaces().facility, description="URN prefix of medical facilities")
    territory: Urn = Field(Namespaces().territory, description="URN prefix of territories")


class PollSettings(Section):
    """How one ministry's service is polled."""

    url: ServiceUrl | None = Field(None, description="address of the service; unset: not polled")
    interval_seconds: Seconds = Field(30, description="pause after a page that was the last")
    page_size: int = Field(200, ge=1, le=10_000, description="documents asked for at a time")
    timeout_seconds: Seconds = Field(30, description="how long one call may take")


class FeedSettings(Section):
    """When one ministry is expected to send; times of day are those of Baku."""

    pattern: Literal["continuous", "office-hours", "nightly"] = Field(
        "office-hours", description="around the clock, in office hours, or one batch a night"
    )
    allowed_minutes: int = Field(
        120,
        ge=1,
        le=60 * 24 * 30,
        description="silence in expected time that is no cause for alarm",
    )
    opens: time = Field(time(9), description="start of office hours, or of the nightly batch")
    closes: time = Field(time(18), description="their end; earlier than the start: the day after")
    working_days: Annotated[tuple[Weekday, ...], BeforeValidator(split)] = Field(
        ("mon", "tue", "wed", "thu", "fri"), description="weekdays it works, with commas between"
    )


class CalendarSettings(Section):
    """What differs from the weekdays and the holidays of Azerbaijan that a library knows."""

    holidays: Annotated[tuple[date, ...], BeforeValidator(split)] = Field(
        (), description="further days without work, `2026-03-25`, with commas between"
    )
    working_days: Annotated[tuple[date, ...], BeforeValidator(split)] = Field(
        (), description="days of work in spite of weekday or holiday, with commas between"
    )


class QualitySettings(Section):
    """What is known of one ministry's data, for rules that depend on it."""

    numbered: Annotated[tuple[str, ...], BeforeValidator(split)] = Field(
        (), description="record types whose operations it numbers one by one, with commas between"
    )


class ContractSettings(Section):
    """Where one ministry serves its own contract, for the guard to watch."""

    urls: Annotated[tuple[ServiceUrl, ...], BeforeValidator(split)] = Field(
        (), description="addresses of its WSDL, XSD or JSON Schema, with commas between"
    )
    timeout_seconds: Seconds = Field(30, description="how long fetching one of them may take")
    max_bytes: int = Field(
        2 * 1024 * 1024, ge=1024, le=8 * 1024 * 1024, description="most bytes of one of them"
    )


class EndpointSettings(Section):
    """How the hub speaks to one subscriber's webhook or SOAP service."""

    secrets: Annotated[tuple[SecretStr, ...], BeforeValidator(split)] = Field(
        (), description="secrets it is signed for with, `whsec_…`; two while one is being changed"
    )
    internal: bool = Field(
        False, description="whether it is in a closed network: private addresses and plain HTTP"
    )
    authorities: Path | None = Field(
        None, description="PEM file of authorities its certificate may be of; unset: the system's"
    )
    certificate: Path | None = Field(
        None, description="PEM file of the certificate the hub shows it (mutual TLS)"
    )
    private_key: Path | None = Field(None, description="PEM file of that certificate's key")
    connect_seconds: Seconds = Field(5, description="how long connecting may take")
    read_seconds: Seconds = Field(10, description="how long the next byte of its answer may take")
    total_seconds: Seconds = Field(30, description="how long one delivery may take in all")


class EhisSettings(EndpointSettings):
    """How the hub speaks to the gateway of EHİS, for all subscribers that are reached over it."""

    url: ServiceUrl | None = Field(
        None, description="address of the gateway that takes what leaves over EHİS"
    )
    secrets: Annotated[tuple[SecretStr, ...], BeforeValidator(split)] = Field(
        (), description="secrets that envelopes are signed for it with, `whsec_…`; may be none"
    )


class EvidenceSettings(Section):
    """How evidence is sealed: bodies with keys, the audit's chain by a worker and by signatures."""

    sealing_keys: Path | None = Field(
        None, description="file of the keys that bodies are encrypted with; unset: compressed only"
    )
    seal_seconds: Seconds = Field(5, description="pause between rounds of the audit's sealer")
    signing_key: Path | None = Field(
        None, description="PEM file of the Ed25519 key that signs anchors of the audit's chain"
    )
    anchors: Path | None = Field(
        None, description="file that anchors are written to, to be carried elsewhere"
    )
    anchor_seconds: Seconds = Field(300, description="least pause between two anchors")


class OutboundSettings(Section):
    """Who governs what leaves, and how the hub reaches the broker's users and rights."""

    access_authority: str = Field(
        "ASAN", description="the body that decides on access (decree 5.1); grants must name it"
    )
    exchange_operator: str = Field(
        "ASAN", description="the operator of the exchange, written to the audit of each grant"
    )
    four_eyes: bool = Field(
        True, description="whether a grant is put in force by another operator than proposed it"
    )
    broker_control: str | None = Field(
        None, description="command that is rabbitmqctl here, for the broker's users and rights"
    )
    user_prefix: str = Field(
        "subscriber.", description="what stands before a subscriber's name as the broker's user"
    )
    ehis_only: Annotated[tuple[str, ...], BeforeValidator(split)] = Field(
        (), description="subscribers that are served over EHİS only, with commas between"
    )
    custody_seconds: Seconds = Field(
        30, description="pause between two accounts of subscribers for the metrics"
    )

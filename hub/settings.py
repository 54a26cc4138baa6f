"""Everything that can be set, in one frozen model; the only place that reads the environment.

A value comes from the environment (``QOVSAQ_POLL__JUSTICE__URL``), else from the TOML file named
by ``QOVSAQ_CONFIG`` (``[poll.justice] url = …``), else it is the default. ``load`` reports every
fault at once. ``python -m hub.docs`` keeps the table in docs/settings.md up to date.
"""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, Field, SecretStr, ValidationError
from pydantic_settings import (
    BaseSettings,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    TomlConfigSettingsSource,
)

from connectors._kit.contract import Limits, Rules
from hub.channels import Connections, Server, unprotected
from hub.listeners import (
    HttpSettings,
    LookupSettings,
    MetricsSettings,
    ReaderSettings,
    SenderSettings,
)
from hub.sections import (
    BrokerUrl,
    CalendarSettings,
    ContractSettings,
    DatabaseUrl,
    DataSettings,
    EhisSettings,
    EndpointSettings,
    EvidenceSettings,
    FeedSettings,
    Lane,
    LimitSettings,
    NamespaceSettings,
    OutboundSettings,
    PollSettings,
    QualitySettings,
    RungName,
    Seconds,
    named_by_hyphens,
    split,
)
from hub.setting_faults import in_plain_words, unknown
from hub.setting_names import rows
from hub.telemetry import TracingSettings
from hub.upkeep_settings import BackupSettings, DrillSettings, RetentionSettings
from routing.topology import LADDER, Rung
from schemas.errors import Stop
from schemas.identifiers import Namespaces

PREFIX = "QOVSAQ_"
_BY_NAME: Mapping[str, tuple[str, type[BaseModel]]] = {
    "feeds": ("MINISTRY", FeedSettings),
    "poll": ("MINISTRY", PollSettings),
    "contracts": ("MINISTRY", ContractSettings),
    "senders": ("MINISTRY", SenderSettings),
    "endpoints": ("SUBSCRIBER", EndpointSettings),
    "quality": ("MINISTRY", QualitySettings),
    "readers": ("SUBSCRIBER", ReaderSettings),
    "systems": ("SYSTEM", ReaderSettings),
}


class InvalidSettings(Stop):
    """Settings that cannot be used; ``problems`` has one plain sentence for each."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("; ".join(problems))
        self.problems = problems


class Settings(BaseSettings):
    """The hub's settings. Times are whole seconds unless the name says otherwise."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX,
        env_nested_delimiter="__",
        enable_decoding=False,
        env_ignore_empty=True,
        frozen=True,
        extra="forbid",
        hide_input_in_errors=True,
        validate_default=False,
    )

    config: Path | None = Field(None, description="TOML file for what the environment leaves open")
    broker_url: BrokerUrl | None = Field(
        None, description="RabbitMQ, `amqp://user:password@host:5672/vhost`"
    )
    database_url: DatabaseUrl | None = Field(
        None, description="PostgreSQL 15 or later, `postgresql://user:password@host:5432/name`"
    )
    allow_plain: bool = Field(
        False, description="whether other machines may be reached, and may come, without TLS"
    )
    lanes: Annotated[tuple[Lane, ...], BeforeValidator(split), Field(min_length=1)] = Field(
        ("live", "bulk"), description="lanes a worker serves, with commas between"
    )
    batch_records: int = Field(500, ge=1, le=10_000, description="most records handled as one unit")
    batch_linger_ms: int = Field(
        10, ge=0, le=10_000, description="milliseconds a batch may wait to fill"
    )
    prefetch: int = Field(
        500, ge=1, le=65_535, description="unacknowledged messages per intake queue; `bulk`: half"
    )
    canonical_compressed: bool = Field(
        True, description="whether canonical batches travel deflated"
    )
    registry_prefetch: int = Field(
        16, ge=1, le=65_535, description="unacknowledged batches per registry queue"
    )
    retry_rungs: Annotated[tuple[RungName, ...], BeforeValidator(split)] = Field(
        tuple(rung.name for rung in LADDER), description="waiting times of the retry ladder"
    )
    max_attempts: int = Field(6, ge=1, le=100, description="attempts before a record is parked")
    breaker_failures: int = Field(
        3, ge=1, le=100, description="failures of a dependency in a row that count as an outage"
    )
    deaf_seconds: Seconds = Field(
        60, description="silence of a queue that is not empty after which its consumer is replaced"
    )
    settle_seconds: Seconds = Field(
        60, description="age from which an unsettled record must have a holder"
    )
    relay_limit: int = Field(
        3, ge=0, description="republications before a record counts as unaccounted; 0: none"
    )
    relay_interval_seconds: Seconds = Field(15, description="pause between rounds of the relay")
    receipt_interval_seconds: Seconds = Field(1, description="pause between rounds of receipts")
    receipt_backlog: int = Field(
        1000,
        ge=0,
        description="messages of receipts that may wait unread for a ministry; 0: none are sent",
    )
    custody_interval_seconds: Seconds = Field(
        900, description="pause between looks for days whose custody statement is due"
    )
    quality_interval_seconds: Seconds = Field(300, description="pause between looks at quality")
    four_eyes: bool = Field(True, description="whether corrections need a second operator")
    replay_per_second: int = Field(
        100, ge=1, le=10_000, description="dead letters sent again per second, by one replay"
    )
    operator_token: SecretStr | None = Field(
        None, description="token of the operator who gives commands to the dead-letter desk"
    )
    ehis_only: Annotated[tuple[str, ...], BeforeValidator(split)] = Field(
        (), description="ministries whose messages are taken over EHİS only, with commas between"
    )
    searches_per_day: int = Field(
        500, ge=1, description="searches that one operator may make in 24 hours"
    )
    grace_seconds: Seconds = Field(20, description="time a process has for a clean stop")
    metrics_host: str = Field("127.0.0.1", description="address of `/metrics` and `/health`")
    metrics_port: int = Field(
        9464,
        ge=0,
        le=65_000,
        description="port of `/metrics` and `/health`; `run all` counts up from it; 0: off",
    )
    metrics: MetricsSettings = MetricsSettings()
    log_level: Literal["debug", "info", "warning", "error"] = Field(
        "info", description="least level that is logged"
    )
    log_format: Literal["json", "console"] = Field("json", description="form of log lines")
    limits: LimitSettings = LimitSettings()
    data: DataSettings = DataSettings()
    namespaces: NamespaceSettings = NamespaceSettings()
    poll: dict[str, PollSettings] = Field({}, description="polled services by ministry")
    http: HttpSettings = HttpSettings()
    senders: dict[str, SenderSettings] = Field({}, description="ministries that may send over HTTP")
    feeds: dict[str, FeedSettings] = Field(
        {}, description="when ministries are expected to send, by ministry"
    )
    calendar: CalendarSettings = CalendarSettings()
    quality: dict[str, QualitySettings] = Field({}, description="what is known of its data")
    contract_round_seconds: Seconds = Field(
        86_400, description="pause between looks at the contracts that ministries serve"
    )
    contracts: dict[str, ContractSettings] = Field(
        {}, description="contracts that ministries serve, by ministry"
    )
    endpoints: Annotated[dict[str, EndpointSettings], BeforeValidator(named_by_hyphens)] = Field(
        {}, description="subscribers' webhooks and SOAP services, by subscriber"
    )
    ehis: EhisSettings = EhisSettings()
    outbound: OutboundSettings = OutboundSettings()
    evidence: EvidenceSettings = EvidenceSettings()
    tracing: TracingSettings = TracingSettings()
    backup: BackupSettings = BackupSettings()
    drill: DrillSettings = DrillSettings()
    retention: RetentionSettings = RetentionSettings()
    lookup: LookupSettings = LookupSettings()
    readers: Annotated[dict[str, ReaderSettings], BeforeValidator(named_by_hyphens)] = Field(
        {}, description="subscribers that may look up, by subscriber"
    )
    systems: Annotated[dict[str, ReaderSettings], BeforeValidator(named_by_hyphens)] = Field(
        {}, description="systems of the Agency that read the change feed over HTTP, by system"
    )

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003 - not a source here
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003 - not a source here
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Read arguments before the environment, and that before the TOML file."""
        return init_settings, env_settings, TomlConfigSettingsSource(settings_cls, _file())

    def rungs(self) -> tuple[Rung, ...]:
        """The retry ladder, as the topology expects it."""
        return tuple(Rung.parse(text) for text in self.retry_rungs)

    def certificates(self) -> dict[str, Path]:
        """Files of certificates that the settings name, by what they are for."""
        named = {
            "http": self.http.certificate,
            "http-clients": self.http.client_authorities,
            "lookup": self.lookup.certificate,
            "metrics": self.metrics.certificate,
            "metrics-clients": self.metrics.client_authorities,
            "ehis": self.ehis.certificate,
        }
        return {name: path for name, path in named.items() if path is not None}

    def connections(self) -> Connections:
        """What the hub connects to."""
        return Connections(self.broker_url, self.database_url, self.tracing.endpoint)

    def servers(self) -> tuple[Server, ...]:
        """What the hub serves, where it serves anything."""
        metrics = Server("METRICS", self.metrics_host, self.metrics.certificate is not None)
        http = Server("HTTP", self.http.host, self.http.certificate is not None)
        return (*([metrics] if self.metrics_port else []), *([http] if self.senders else []))

    def rules(self) -> Rules:
        """What normalizing depends on, as connectors expect it."""
        return Rules(
            Limits(**self.limits.model_dump()),
            Namespaces(**self.namespaces.model_dump()),
            self.data.smallest_count,
            frozenset(self.data.import_suppliers),
        )


def load(**given: Any) -> Settings:
    """Read the settings; ``given`` values come before the environment.

    Raises ``InvalidSettings`` with every problem found, unknown names included, none with a value.
    """
    problems = _unknown_names()
    try:
        settings = Settings(**given)
    except ValidationError as error:
        problems += [in_plain_words(fault, PREFIX) for fault in error.errors(include_input=False)]
    except tomllib.TOMLDecodeError as error:
        problems.append(f"{PREFIX}CONFIG: not a TOML file ({error})")
    except OSError as error:
        problems.append(f"{PREFIX}CONFIG: {error.strerror}")
    else:
        if not settings.allow_plain:
            problems += unprotected(PREFIX, settings.connections(), settings.servers())
    if problems:
        raise InvalidSettings(problems)
    return settings


def table() -> Iterator[tuple[str, str, str]]:
    """Yield name in the environment, default as text, and meaning of every setting."""
    return rows(Settings, PREFIX, _BY_NAME)


def _file() -> Path | None:
    named = os.environ.get(f"{PREFIX}CONFIG")  # noqa: TID251 - this is the one place
    if not named:
        return None
    path = Path(named)
    path.stat()  # pydantic-settings would pass over a missing file in silence
    return path


def _unknown_names() -> list[str]:
    known = [name for name, _, _ in table()]
    patterns = re.compile(re.sub("<[A-Z]+>", "[A-Z0-9_]+?", "|".join(known)))
    given = sorted(n for n in map(str.upper, os.environ) if n.startswith(PREFIX))  # noqa: TID251
    return [unknown(name, known) for name in given if not patterns.fullmatch(name)]

"""From a subscriber and the settings of its endpoint to the sender that reaches it."""

from __future__ import annotations

import ssl
from collections.abc import Callable, Mapping, Sequence

from hub.delivery.address import Target, parse_target
from hub.delivery.line import Line, Patience
from hub.delivery.sender import Sender
from hub.delivery.signing import Secret
from hub.delivery.subscriber import Channel, Subscriber
from hub.delivery.webhook import WebhookSender
from hub.sections import EhisSettings, EndpointSettings
from schemas.errors import Stop


def _soap(line: Line, secrets: Sequence[Secret]) -> Sender:
    from hub.delivery.soap import SoapSender  # only who sends SOAP carries a SOAP client

    return SoapSender(line, secrets)


_EHIS = "QOVSAQ_EHIS__"
_SENDERS: Mapping[Channel, Callable[[Line, Sequence[Secret]], Sender]] = {
    Channel.WEBHOOK: WebhookSender,
    Channel.SOAP: _soap,
}


def open_sender(subscriber: Subscriber, settings: EndpointSettings | None) -> Sender:
    """Make the sender for a subscriber with an endpoint (webhook or SOAP); connects to nothing.

    Raises ``Stop`` where the address may not be used, or the settings have no signing secret or
    unusable keys.
    """
    prefix = f"QOVSAQ_ENDPOINTS__{subscriber.name.upper().replace('-', '_')}__"
    if subscriber.endpoint is None:
        raise Stop(f"subscriber {subscriber.name} has no endpoint")
    if settings is None or not settings.secrets:
        raise Stop(f"{prefix}SECRETS is not set")
    try:
        secrets = [Secret.parse(secret.get_secret_value()) for secret in settings.secrets]
        target = parse_target(subscriber.endpoint, internal=settings.internal)
    except Stop as problem:
        raise Stop(f"subscriber {subscriber.name}: {problem}") from None
    return _SENDERS[subscriber.channel](_line(target, settings, prefix), secrets)


def open_ehis_sender(subscriber: Subscriber, settings: EhisSettings) -> Sender:
    """Make the sender for a subscriber that is reached over EHİS; connects to nothing.

    Raises ``Stop`` where the gateway's address is not set or may not be used, or where nothing
    would tell the gateway that it is the hub who comes.
    """
    from hub.delivery.ehis import EhisSender  # only who sends envelopes carries their parser

    if subscriber.service is None:
        raise Stop(f"subscriber {subscriber.name} has no service on EHİS")
    if settings.url is None:
        raise Stop(f"subscriber {subscriber.name}: {_EHIS}URL is not set")
    if not settings.secrets and not settings.certificate:
        raise Stop(f"{_EHIS}CERTIFICATE or {_EHIS}SECRETS must be set")
    try:
        secrets = [Secret.parse(secret.get_secret_value()) for secret in settings.secrets]
        target = parse_target(settings.url.get_secret_value(), internal=settings.internal)
    except Stop as problem:
        raise Stop(f"{_EHIS}…: {problem}") from None
    return EhisSender(_line(target, settings, _EHIS), subscriber.service, secrets)


def _line(target: Target, settings: EndpointSettings, prefix: str) -> Line:
    patience = Patience(settings.connect_seconds, settings.read_seconds, settings.total_seconds)
    return Line(target, context=_context(settings, prefix), patience=patience)


def _context(settings: EndpointSettings, prefix: str) -> ssl.SSLContext:
    """Verify the endpoint's certificate and name, and show our own where there is one."""
    try:
        authorities = settings.authorities
        context = ssl.create_default_context(cafile=str(authorities) if authorities else None)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        if settings.certificate:
            context.load_cert_chain(settings.certificate, settings.private_key)
    except (OSError, ssl.SSLError):
        raise Stop(f"{prefix}…: the authorities, certificate or key cannot be used") from None
    return context

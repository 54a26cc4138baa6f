"""Where a subscriber's endpoint is: its URL, and the addresses that may be connected to.

A name is resolved once per connection and every address it has is judged before any of them is
used; the connection then goes to the address that was judged, so that a second, different answer
of the name service (rebinding) has nothing to act on.
"""

from __future__ import annotations

import socket
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address
from urllib.parse import urlsplit

from schemas.errors import Stop, Unavailable

Address = IPv4Address | IPv6Address
Resolve = Callable[[str, int], Sequence[Address]]
"""Host and port to addresses, in the order of preference; raises ``OSError``."""

_TRANSLATED = IPv6Network("64:ff9b::/96")
# Public by its number, yet it is the control plane of the machine that asks (Azure).
_METADATA = frozenset({IPv4Address("168.63.129.16")})
_PORTS = {"https": 443, "http": 80}


@dataclass(frozen=True, slots=True)
class Target:
    """An endpoint's URL in parts. ``internal`` allows addresses of closed networks."""

    secure: bool
    host: str
    port: int
    path: str
    internal: bool = False

    @property
    def authority(self) -> str:
        """Host and port as the ``Host`` header has them."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return (
            host
            if self.port == _PORTS["https" if self.secure else "http"]
            else (f"{host}:{self.port}")
        )


def parse_target(url: str, *, internal: bool = False) -> Target:
    """Read an endpoint's URL; raise ``Stop`` that names the rule it breaks, never the URL.

    HTTPS only, except inside a closed network; no credentials (they would end up in logs), no
    fragment, no blanks or control characters.
    """
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise Stop("the endpoint's address is not a URL") from None
    if parts.scheme not in (("https", "http") if internal else ("https",)) or not parts.hostname:
        raise Stop("the endpoint's address must be an https:// URL")
    if parts.username is not None or parts.password is not None:
        raise Stop("the endpoint's address must not carry credentials")
    if parts.fragment or not all("!" <= letter <= "~" for letter in url):
        raise Stop("the endpoint's address must be plain ASCII without blanks and fragment")
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    secure = parts.scheme == "https"
    return Target(secure, parts.hostname, port or _PORTS[parts.scheme], path, internal)


def resolve(host: str, port: int) -> list[Address]:
    """Ask the system's name service; raises ``OSError``."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(ip_address(str(entry[4][0]).partition("%")[0]) for entry in found))


def permitted_addresses(target: Target, resolve: Resolve = resolve) -> Sequence[Address]:
    """Resolve a target; raise ``Unavailable`` unless every address may be connected to.

    One forbidden address condemns them all: a name that is public and private at once is either
    a mistake or an attack.
    """
    try:
        found = resolve(target.host, target.port)
    except (OSError, UnicodeError):
        found = []
    if not found:
        raise Unavailable("the endpoint's name has no address")
    if not all(is_permitted(address, internal=target.internal) for address in found):
        raise Unavailable("the endpoint's name leads to an address that is not allowed")
    return found


def is_permitted(address: Address, *, internal: bool = False) -> bool:
    """Tell whether the hub may connect: to the public Internet, and with ``internal`` also to
    private networks and this machine; never to link-local or metadata addresses."""
    bare = _bare(address)
    if bare in _METADATA or bare.is_multicast or bare.is_link_local or bare.is_unspecified:
        return False
    return bare.is_global or (internal and (bare.is_private or bare.is_loopback))


def _bare(address: Address) -> Address:
    """Take an IPv4 address out of the IPv6 address that stands for it."""
    if isinstance(address, IPv4Address):
        return address
    if address in _TRANSLATED:
        return IPv4Address(int(address) & 0xFFFFFFFF)
    teredo = address.teredo[1] if address.teredo else None
    return address.ipv4_mapped or address.sixtofour or teredo or address

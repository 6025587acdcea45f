"""Where a connection to somebody else's server may go: a name is looked up once and every address found is judged.

Whoever connects does so to one of the returned addresses and to no name, so that a second look-up cannot lead elsewhere.
"""

import ipaddress
import re
import socket

from django.conf import settings
from django.utils.translation import gettext as _

from config.lib.errors import ProviderError

MOST_ADDRESSES = 3

_HOST = re.compile(r"[A-Za-z0-9._\-]{1,253}|[0-9A-Fa-f:.]{2,45}")
_NAT64 = ipaddress.ip_network("64:ff9b::/96")  # RFC 6052: an IPv4 address as seen from a network without IPv4
_GLOBAL_UNICAST = ipaddress.ip_network("2000::/3")  # RFC 4291: nothing else of IPv6 is out on the internet
# Beyond what `ipaddress` knows: outdated tunnels that wrap any address, and addresses of a cloud's own machinery.
_CLOSED = tuple(
    map(
        ipaddress.ip_network,
        (
            "192.0.0.0/24",  # RFC 6890 protocol assignments; Oracle's metadata at 192.0.0.192
            "192.88.99.0/24",  # RFC 7526: relays of 6to4
            "168.63.129.16/32",  # Azure's own agent, public in form only
            "2001::/23",  # RFC 6890 protocol assignments, Teredo among them
            "2002::/16",  # RFC 7526: 6to4
            "3fff::/20",  # RFC 9637: documentation
        ),
    )
)
WEB_PORTS = frozenset({80, 443})
# Below 1024 only the web's own ports; above, what databases, queues, caches, desktops and control planes listen on.
INTERNAL_PORTS = frozenset(
    {1433, 1521, 2049, 2375, 2376, 2379, 2380, 3306, 3389, 4369, 5432, 5672, 5900, 5984, 6000, 6379, 6443, 7001, 8500}
    | {9042, 9092, 9200, 9300, 10250, 11211, 15672, 25672, 27017, 50070}
)


def is_public(address: str) -> bool:
    """True for an address out on the internet; also sees through IPv4 wrapped in IPv6."""
    try:
        ip = ipaddress.ip_address(address)
    except ValueError:
        return False
    if isinstance(ip, ipaddress.IPv6Address):
        inner = ip.ipv4_mapped or (ipaddress.IPv4Address(int(ip) & 0xFFFFFFFF) if ip in _NAT64 else None)
        if inner is not None:
            return is_public(str(inner))
        if ip.scope_id or ip not in _GLOBAL_UNICAST:
            return False
    if any(ip.version == network.version and ip in network for network in _CLOSED):
        return False
    closed = ip.is_private or ip.is_loopback or ip.is_link_local or ip.is_multicast or ip.is_reserved
    return ip.is_global and not closed and not ip.is_unspecified


def is_open_port(port: int) -> bool:
    """Whether a web call of a company may ask for this port."""
    return port in WEB_PORTS or (1024 <= port < 65_536 and port not in INTERNAL_PORTS)


def resolve(host: str, port: int, *, ports: frozenset[int] | None = None) -> list[str]:
    """The addresses of `host` (ASCII), at most three, all of them allowed; connect to one of these and to no other.

    `ports`: the only ones allowed, for what is no web call (mail: 25, 465, 587). Raises `ProviderError`: `permanent`
    for a place that may not be called, `retry` for a name that is not found. In development, where
    ALLOW_PRIVATE_PROVIDER_URLS is on, any address and port will do.
    """
    if not _HOST.fullmatch(host) or not 0 < port < 65_536:
        raise refused()
    guarded = not settings.ALLOW_PRIVATE_PROVIDER_URLS
    if guarded and not (port in ports if ports is not None else is_open_port(port)):
        raise refused()
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        message = _("No se encontró el servidor del servicio externo.")
        raise ProviderError(message, kind="retry", code="unknown_host") from None
    addresses = list(dict.fromkeys(str(entry[4][0]) for entry in found))
    if guarded and not all(is_public(one) for one in addresses):
        raise refused()
    return addresses[:MOST_ADDRESSES]


def refused() -> ProviderError:
    message = _("La dirección del servicio externo no está permitida.")
    return ProviderError(message, kind="permanent", code="address_refused")

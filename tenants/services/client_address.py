"""The client's address: forwarded headers count only when the peer is a configured proxy."""

import ipaddress

from django.conf import settings
from django.http import HttpRequest


def client_ip(request: HttpRequest) -> str | None:
    return client_behind(request.META.get("REMOTE_ADDR", ""), request.headers.get("X-Forwarded-For", ""))


def client_behind(peer: str, forwarded_for: str) -> str | None:
    """The address nearest to the client that a proxy of ours vouches for; the peer's own without such a proxy."""
    hops = [hop.strip() for hop in forwarded_for.split(",") if hop.strip()]
    address = peer
    while hops and is_proxy(address):
        address = hops.pop()
    # Without the name of the network card behind a link-local one, which no column for addresses takes.
    return address.partition("%")[0] if _valid(address) else None


def is_proxy(address: str) -> bool:
    """Whether forwarded headers of this peer count (settings.TRUSTED_PROXIES)."""
    if not _valid(address):
        return False
    parsed = ipaddress.ip_address(address)
    return any(parsed in ipaddress.ip_network(each, strict=False) for each in settings.TRUSTED_PROXIES)


def _valid(address: str) -> bool:
    try:
        ipaddress.ip_address(address)
    except ValueError:
        return False
    return True

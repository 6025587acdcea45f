"""Whether a web page may talk to a web chat: its `Origin` against the channel's sites."""

from collections.abc import Iterable
from urllib.parse import urlsplit

DEFAULT_PORTS = {"http": 80, "https": 443}
LOCAL_HOSTS = ("localhost", "*.localhost", "127.0.0.1", "[::1]")


def own_sites(public_url: str, *, development: bool) -> list[str]:
    """Where a web chat without a list of sites may be shown: our own address, in development also this machine."""
    return [public_url, *(LOCAL_HOSTS if development else ())]


def allows(sites: Iterable[str], origin: str) -> bool:
    """True if `origin` (scheme://host[:port]) is one of `sites`: a host, `*.host`, either with scheme or port if given."""
    given = _parts(origin)
    return given is not None and bool(given[0]) and any(_matches(site, given) for site in sites)


def _parts(site: str) -> tuple[str, str, int | None] | None:
    """(scheme, host, port) in lower case; None when unreadable."""
    site = site.strip().lower()
    try:
        read = urlsplit(site if "://" in site else f"//{site}")
        port = read.port
    except ValueError:
        return None
    host = read.netloc.rpartition("@")[2].removesuffix(f":{port}").rstrip(".")
    return (read.scheme, host, port) if host else None


def _matches(site: str, given: tuple[str, str, int | None]) -> bool:
    wanted = _parts(site)
    if wanted is None:
        return False
    scheme, host, port = wanted
    if scheme and scheme != given[0]:
        return False
    if scheme or port:
        default = DEFAULT_PORTS.get(given[0])
        if (port or DEFAULT_PORTS.get(scheme)) != (given[2] or default):
            return False
    if host.startswith("*."):
        return given[1].endswith(host[1:]) and len(given[1]) > len(host) - 1
    return given[1] == host

"""Tests reach this machine only."""

import ipaddress
import socket
from typing import Any

LOCAL_NAMES = ("localhost", "ip6-localhost")


class NetworkClosed(OSError):
    """A test tried to leave the machine."""


def _is_local(host: object) -> bool:
    name = host.decode() if isinstance(host, bytes) else str(host or "127.0.0.1")
    if name in LOCAL_NAMES or name.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(name.split("%")[0]).is_loopback
    except ValueError:
        return False


def _is_number(host: object) -> bool:
    """Written as an address, also in the odd forms that the C library reads (0x7f.1, 2130706433)."""
    name = host.decode() if isinstance(host, bytes) else str(host)
    try:
        ipaddress.ip_address(name.split("%")[0])
    except ValueError:
        try:
            socket.inet_aton(name)
        except OSError:
            return False
    return True


def close() -> None:
    """From now on a connection to another machine, or asking for its address, is an error."""
    connect, connect_ex, ask = socket.socket.connect, socket.socket.connect_ex, socket.getaddrinfo

    def guard(self: socket.socket, address: Any) -> None:
        if self.family in (socket.AF_INET, socket.AF_INET6) and not _is_local(address[0]):
            raise NetworkClosed(f"tests may not connect to {address[0]}")

    def guarded_connect(self: socket.socket, address: Any) -> None:
        guard(self, address)
        return connect(self, address)

    def guarded_connect_ex(self: socket.socket, address: Any) -> int:
        guard(self, address)
        return connect_ex(self, address)

    def guarded_ask(host: Any, *args: Any, **kwargs: Any) -> Any:
        if not _is_local(host) and not _is_number(host):
            raise socket.gaierror(socket.EAI_NONAME, f"tests may not ask for the address of {host}")
        return ask(host, *args, **kwargs)

    socket.socket.connect = guarded_connect  # type: ignore[method-assign]
    socket.socket.connect_ex = guarded_connect_ex  # type: ignore[method-assign]
    socket.getaddrinfo = guarded_ask

"""Which addresses and ports are out on the internet."""

import ipaddress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from config.lib import addresses
from config.lib.errors import ProviderError
from tests.config.lib.test_http import failure

PRIVATE = [
    "127.0.0.1",
    "127.9.9.9",
    "10.0.0.1",
    "172.16.0.1",
    "192.168.1.1",
    "169.254.169.254",
    "100.64.0.1",
    "0.0.0.0",
    "224.0.0.1",
    "255.255.255.255",
    "192.0.0.1",
    "198.18.0.1",
    "240.0.0.1",
    "::1",
    "::",
    "fe80::1",
    "fe80::1%eth0",
    "fc00::1",
    "fd12::1",
    "ff02::1",
    "::ffff:127.0.0.1",
    "::ffff:10.0.0.1",
    "2002:7f00:1::",
    "2002:c0a8:101::",
    "64:ff9b::7f00:1",
    "64:ff9b::a00:1",
    "64:ff9b:1::808:808",
    "fec0::1",
    "2001::1",
    "2001:0:4136:e378:8000:63bf:3fff:fdd2",
    "2002:808:808::1",
    "3fff::1",
    "5f00::1",
    "::8.8.8.8",
    "192.0.0.9",
    "192.0.0.192",
    "192.88.99.1",
    "168.63.129.16",
    "fd00:ec2::254",
    "2001:4860:4860::8888%eth0",
    "not-an-address",
]


@pytest.mark.parametrize("address", PRIVATE)
def test_addresses_inside_are_not_public(address):
    assert not addresses.is_public(address)


@pytest.mark.parametrize("address", ["157.240.1.1", "8.8.8.8", "2a03:2880:f10c::1", "64:ff9b::808:808"])
def test_addresses_outside_are_public(address):
    assert addresses.is_public(address)


@pytest.mark.parametrize("port", [80, 443, 1024, 8080, 8443, 11434, 65535])
def test_ports_of_web_servers_are_open(port):
    assert addresses.is_open_port(port)


@pytest.mark.parametrize("port", [0, 1, 21, 22, 23, 25, 53, 111, 445, 1023, 2375, 3306, 5432, 6379, 9200, 27017, 65536])
def test_ports_of_anything_else_are_closed(port, settings):
    assert not addresses.is_open_port(port)
    settings.ALLOW_PRIVATE_PROVIDER_URLS = False
    assert failure("GET", f"http://8.8.8.8:{port}/").code == "address_refused"


def test_mail_has_ports_of_its_own(settings):
    settings.ALLOW_PRIVATE_PROVIDER_URLS = False
    mail = frozenset({25, 465, 587})
    assert addresses.resolve("8.8.8.8", 587, ports=mail) == ["8.8.8.8"]
    for host, port in (("8.8.8.8", 80), ("127.0.0.1", 587)):
        with pytest.raises(ProviderError):
            addresses.resolve(host, port, ports=mail)


@given(st.ip_addresses(v=4))
def test_an_ipv4_address_is_judged_alike_in_any_wrapping(address):
    public = addresses.is_public(str(address))
    assert addresses.is_public(f"::ffff:{address}") is public
    assert addresses.is_public(str(ipaddress.IPv6Address((0x64FF9B << 96) | int(address)))) is public

"""Ways to write an address that a company, a customer or a provider might give us, none of which may be called.

`{port}` is where the canary listens. What is not an address inside, a service's port or another scheme is written so that
some reader somewhere takes it for one.
"""


def _words(text: str) -> list[str]:
    return text.split()


# Names that the tests' own look-up knows → what it answers, each time it is asked.
NAMES: dict[str, list[str]] = {
    "inside.test": ["127.0.0.1"],
    "inside6.test": ["::1"],
    "mapped.test": ["::ffff:127.0.0.1"],
    "any.test": ["0.0.0.0"],
    "metadata.test": ["169.254.169.254"],
    "metadata.google.internal": ["169.254.169.254"],
    "instance-data": ["169.254.169.254"],
    "office.test": ["10.1.2.3"],
    "mixed.test": ["8.8.8.8", "127.0.0.1"],
    "mixed6.test": ["2001:4860:4860::8888", "::1"],
    "behind.test": ["8.8.8.8", "8.8.4.4", "1.1.1.1", "127.0.0.1"],  # after more addresses than are ever tried
    "xn--nterno-pva.test": ["127.0.0.1"],
    "127.0.0.1.nip.test": ["127.0.0.1"],
    "xn--bcher-kva.test": ["192.168.0.9"],
    "nat64.test": ["64:ff9b::7f00:1"],
    "linklocal.test": ["fe80::1%lo"],
}
LOOPBACK = _words(
    """
127.0.0.1 127.0.0.1. 127.1 127.0.1 127.000.000.001 127.0.0.2 127.255.255.254 2130706433 0x7f000001 0X7F000001
0x7f.1 0x7f.0.0.1 0x7F.0x0.0x0.0x1 0177.0.0.1 0177.1 017700000001 0177.0.0.01 127.0x1 127.0.01 0 0.0.0.0 0x0 00 0.0
    """
)
INSIDE = _words(
    """
10.0.0.1 10.255.255.255 172.16.0.1 172.31.255.255 192.168.0.1 192.168.255.255 169.254.169.254 169.254.170.2
169.254.42.42 2852039166 0xa9fea9fe 0251.0376.0251.0376 0xa9.0xfe.0xa9.0xfe 169.16689662 100.64.0.1 100.127.255.255
100.100.100.200 192.0.0.1 192.0.0.192 192.0.2.1 192.88.99.1 198.18.0.1 198.19.255.255 198.51.100.1 203.0.113.1 224.0.0.1
239.255.255.250 240.0.0.1 255.255.255.255 168.63.129.16 0.1.2.3 167772161 0x0a000001 012.0.0.1 3232235521
    """
)
SIXES = _words(
    """
::1 0:0:0:0:0:0:0:1 0000:0000:0000:0000:0000:0000:0000:0001 :: ::ffff:127.0.0.1 ::ffff:7f00:1 0:0:0:0:0:ffff:127.0.0.1
::127.0.0.1 ::ffff:0:127.0.0.1 ::ffff:10.0.0.1 ::ffff:169.254.169.254 2002:7f00:1:: 2002:7f00:0001::1 2002:a9fe:a9fe::
64:ff9b::7f00:1 64:ff9b::127.0.0.1 64:ff9b::a9fe:a9fe 64:ff9b:1::7f00:1 2001:0:4136:e378:8000:63bf:80ff:fffe 2001::1
fe80::1 fe80::1%lo fe80::1%25lo ::1%25lo ::1%lo fc00::1 fd00::1 fd00:ec2::254 fd20:ce::254 fec0::1 ff02::1 ff0e::1 100::1
2001:db8::1 3fff::1 5f00::1 4000::1 fe80::5efe:7f00:1
    """
)
LOCAL_NAMES = _words(
    """
localhost LOCALHOST LocalHost localhost. localhost.. app.localhost a.b.localhost APP.LOCALHOST app.localhost.
ip6-localhost localhost.localdomain metadata metadata.google.internal. internal
    """
)
LOOKALIKES = [
    "ｌｏｃａｌｈｏｓｔ",
    "ⓛⓞⓒⓐⓛⓗⓞⓢⓣ",
    "loca\u00adlhost",
    "loc\u200balhost",
    "localhoſt",
    "127。0。0。1",
    "127．0．0．1",
    "127｡0｡0｡1",
    "１２７.0.0.1",
    "①②⑦.⓪.⓪.①",
    "𝟏𝟐𝟕.𝟎.𝟎.𝟏",
    "٠.0.0.0",
    "127%2e0%2e0%2e1",
    "%31%32%37.0.0.1",
    "%6c%6f%63%61%6c%68%6f%73%74",
    "ïnterno.test",
    "BÜCHER.test",
]
WHOLE = [
    # somebody before an @, on either side
    "http://user@127.0.0.1:{port}/",
    "http://user:password@127.0.0.1:{port}/",
    "http://8.8.8.8@127.0.0.1:{port}/",
    "http://8.8.8.8:80@127.0.0.1:{port}/",
    "http://127.0.0.1:{port}@8.8.8.8/",
    "http://@127.0.0.1:{port}/",
    "http://:@127.0.0.1:{port}/",
    "http://a@b@127.0.0.1:{port}/",
    "http://8.8.8.8%40127.0.0.1:{port}/",
    "http://8.8.8.8%2f@127.0.0.1:{port}/",
    # marks that readers disagree about
    "http://8.8.8.8#@127.0.0.1:{port}/",
    "http://8.8.8.8?@127.0.0.1:{port}/",
    "http://8.8.8.8\\@127.0.0.1:{port}/",
    "http://127.0.0.1:{port}\\@8.8.8.8/",
    "http://127.0.0.1\\.8.8.8.8/",
    "http:\\\\127.0.0.1:{port}\\",
    "http:/\\127.0.0.1:{port}/",
    "http:127.0.0.1:{port}",
    "http:/127.0.0.1:{port}/",
    "http:///127.0.0.1:{port}/",
    "http://///127.0.0.1:{port}/",
    "//127.0.0.1:{port}/",
    "\\\\127.0.0.1:{port}\\",
    "127.0.0.1:{port}/",
    "http://127.0.0.1;8.8.8.8/",
    "http://127.0.0.1,8.8.8.8/",
    "http://127.0.0.1%00.8.8.8.8/",
    "http://127.0.0.1%20/",
    "http://127.0.0.1%0d%0aHost:x/",
    "http://[::1/",
    "http://::1:{port}/",
    "http://[127.0.0.1]:{port}/",
    "http://[::1]8.8.8.8/",
    "http://[[::1]]:{port}/",
    "http://[::ffff:127.0.0.1]:{port}:80/",
    # blanks and line ends
    " http://127.0.0.1:{port}/",
    "\thttp://127.0.0.1:{port}/",
    "http://127.0.0.1:{port}/\r\nX-Evil: 1",
    "http://127.0.\n0.1:{port}/",
    "http://127.0.\t0.1:{port}/",
    "ht\ntp://127.0.0.1:{port}/",
    "http://\x00127.0.0.1:{port}/",
    "http:// 127.0.0.1:{port}/",
    # schemes
    "HTTP://127.0.0.1:{port}/",
    "hTTp://localhost:{port}/",
    "https://127.0.0.1:{port}/",
    "HTTPS://LOCALHOST:{port}/",
    "gopher://127.0.0.1:{port}/_GET",
    "file:///etc/passwd",
    "file://localhost/etc/passwd",
    "FILE:/etc/passwd",
    "ftp://127.0.0.1:{port}/",
    "ftps://127.0.0.1:{port}/",
    "sftp://127.0.0.1:{port}/",
    "tftp://127.0.0.1:{port}/",
    "dict://127.0.0.1:{port}/info",
    "ldap://127.0.0.1:{port}/",
    "redis://127.0.0.1:{port}/",
    "ws://127.0.0.1:{port}/",
    "wss://127.0.0.1:{port}/",
    "data:text/plain,hello",
    "javascript:alert(1)",
    "jar:http://127.0.0.1:{port}/!/",
    "view-source:http://127.0.0.1:{port}/",
    "url:http://127.0.0.1:{port}/",
    "http+unix://%2frun%2fdocker.sock/",
    "unix:///run/docker.sock",
    "http2://127.0.0.1:{port}/",
    "://127.0.0.1:{port}/",
    "",
    # ports
    "http://127.0.0.1:",
    "http://127.0.0.1:0/",
    "http://127.0.0.1:00{port}/",
    "http://127.0.0.1:+{port}/",
    "http://127.0.0.1:-1/",
    "http://127.0.0.1:65536/",
    "http://127.0.0.1:99999999999999999999/",
    "http://127.0.0.1:1e3/",
    "http://127.0.0.1:８０/",
    "http://8.8.8.8:0/",
    "http://8.8.8.8:22/",
    "http://8.8.8.8:25/",
    "http://8.8.8.8:2375/",
    "http://8.8.8.8:5432/",
    "http://8.8.8.8:6379/",
    "http://8.8.8.8:11211/",
]
FORMS: list[str] = list(
    dict.fromkeys(
        [f"http://{host}:{{port}}/" for host in (*LOOPBACK, *INSIDE, *LOCAL_NAMES, *NAMES, *LOOKALIKES)]
        + [f"http://[{host}]:{{port}}/" for host in SIXES]
        + WHOLE
    )
)
# Where redirects point: one of each class.
TARGETS = _words(
    """
http://127.0.0.1:{port}/ http://2130706433:{port}/ http://0x7f.1:{port}/ http://localhost:{port}/ http://[::1]:{port}/
http://[::ffff:127.0.0.1]:{port}/ http://[64:ff9b::7f00:1]:{port}/ http://169.254.169.254/latest/meta-data http://10.0.0.1/
http://inside.test:{port}/ http://mixed.test:{port}/ //127.0.0.1:{port}/ http://user@127.0.0.1:{port}/ http://0.0.0.0:{port}/
file:///etc/passwd gopher://127.0.0.1:{port}/_ ftp://127.0.0.1:{port}/ http:\\\\127.0.0.1:{port}/ http://8.8.8.8:6379/
    """
)
# Forms that a guard taken away would really let through to the canary: the twin of every sink's test.
REACHING = [
    "http://127.0.0.1:{port}/",
    "http://2130706433:{port}/",
    "http://0x7f.1:{port}/",
    "http://inside.test:{port}/",
]

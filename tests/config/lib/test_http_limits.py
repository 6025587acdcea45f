"""Limits of an outgoing call: its time as a whole, one layer of packing, headers, and what it leaves behind."""

import contextlib
import gzip
import os
import socket
import threading
import time

import pytest
from werkzeug import Request, Response

from config.lib import http
from tests.config.lib.test_http import failure, listener


@contextlib.contextmanager
def dripping(first: bytes, drop: bytes):
    """A server that after `first` sends `drop` again and again, and never ends."""
    over = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            with contextlib.suppress(OSError):
                connection, _ = server.accept()
                with connection:
                    connection.recv(65536)
                    connection.sendall(first)
                    while not over.wait(0.02):
                        connection.sendall(drop)

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield server.getsockname()[1]
        over.set()
        thread.join(5)
        assert not thread.is_alive()


@pytest.mark.parametrize(
    ("first", "drop"),
    [
        (b"HTTP/1.1 200 OK\r\nX-Slow: ", b"x"),  # headers that never end
        (b"", b"HTTP/1.1 103 Early Hints\r\n\r\n"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n", b"x"),
        (b"HTTP/1.1 200 OK\r\n\r\n", b"x"),
        # Packed bytes that unpack to nothing: the client alone would wait for the first piece for ever.
        (b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n\r\n" + gzip.compress(b"", mtime=0)[:10], b"\0\0\0\xff\xff"),
    ],
)
def test_the_time_counts_for_all_of_an_answer_and_not_for_each_wait(first, drop):
    with dripping(first, drop) as port:
        began = time.monotonic()
        error = failure("GET", f"http://127.0.0.1:{port}/", timeout=0.4)
    assert (error.kind, error.code) == ("retry", "timeout")
    assert time.monotonic() - began < 20  # what drips for ever was cut off


def test_the_time_counts_for_all_hops_together(httpserver):
    def slowly(request: Request) -> Response:
        time.sleep(0.15)
        return Response(status=302, headers={"Location": "/x"})

    httpserver.expect_request("/x").respond_with_handler(slowly)
    assert failure("GET", httpserver.url_for("/x"), timeout=0.4, follow=True).code == "timeout"


def test_nothing_stays_open_after_a_call(httpserver):
    httpserver.expect_request("/x").respond_with_data("ok")
    http.request("GET", httpserver.url_for("/x"))
    before = len(os.listdir("/proc/self/fd"))
    for _each in range(20):
        http.request("GET", httpserver.url_for("/x"))
    assert len(os.listdir("/proc/self/fd")) <= before + 2
    deadline = time.monotonic() + 5  # a watch that was called off still needs its moment to end
    while any(isinstance(thread, threading.Timer) for thread in threading.enumerate()):
        assert time.monotonic() < deadline
        time.sleep(0.01)


@pytest.mark.parametrize("coding", ["gzip, gzip", "br", "zstd", "deflate"])
def test_only_one_layer_of_the_packing_that_was_asked_for_is_undone(coding):
    packed = gzip.compress(gzip.compress(b"0" * 100_000))
    head = f"HTTP/1.1 200 OK\r\nContent-Encoding: {coding}\r\nContent-Length: {len(packed)}\r\n\r\n".encode()
    with listener(head + packed) as port:
        assert failure("GET", f"http://127.0.0.1:{port}/").code == "connection_lost"


def test_endless_headers_are_cut_off():
    with listener(b"HTTP/1.1 200 OK\r\n" + b"X-A: " + b"y" * 200_000) as port:
        assert failure("GET", f"http://127.0.0.1:{port}/").code == "connection_lost"

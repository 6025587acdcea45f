"""A load generator in a process of its own: raw sockets, signed webhooks, each body only once.

`python -m bench.driver closed|open <port> <path> <secret> <seconds> <connections or rate> <tag>` prints one JSON line.
"""

import asyncio
import hashlib
import hmac
import json
import sys
import time
from collections import deque
from dataclasses import dataclass, field

import uvloop

FILLER = "x" * 900  # a text message of WhatsApp is about this long


@dataclass
class Load:
    """What is sent and what came back. Latencies in milliseconds, from the moment a request was due."""

    port: int
    path: str
    secret: str
    tag: str
    sent: int = 0
    acknowledged: int = 0
    refused: int = 0
    latencies: list[float] = field(default_factory=list)

    def request(self) -> bytes:
        self.sent += 1
        body = f'{{"object":"whatsapp_business_account","id":"{self.tag}-{self.sent}","filler":"{FILLER}"}}'.encode()
        digest = hmac.digest(self.secret.encode(), body, hashlib.sha256).hex()
        head = (
            f"POST {self.path} HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\n"
            f"x-hub-signature-256: sha256={digest}\r\ncontent-length: {len(body)}\r\n\r\n"
        )
        return head.encode() + body


class Connection(asyncio.Protocol):
    """One keep-alive connection with one request at a time. `then` is called after each answer."""

    def __init__(self, load: Load) -> None:
        self.load = load
        self.transport: asyncio.Transport | None = None
        self.buffer = b""
        self.due = 0.0
        self.then = lambda: None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport  # type: ignore[assignment]  # TCP gives a full transport

    def ask(self, due: float) -> None:
        self.due = due
        assert self.transport is not None
        self.transport.write(self.load.request())

    def data_received(self, data: bytes) -> None:
        self.buffer += data
        end = self.buffer.find(b"\r\n\r\n")
        if end < 0:
            return
        if self.buffer[9:12] == b"200":
            self.load.acknowledged += 1
        else:
            self.load.refused += 1
        self.load.latencies.append((time.perf_counter() - self.due) * 1000)
        self.buffer = b""  # answers of a webhook have no body
        self.then()


async def closed_loop(load: Load, seconds: float, connections: int) -> float:
    """Each connection asks again as soon as it is answered; returns acknowledged requests a second."""
    loop = asyncio.get_running_loop()
    lines = [
        (await loop.create_connection(lambda: Connection(load), "127.0.0.1", load.port))[1] for _ in range(connections)
    ]
    stopping = False

    def again(line: Connection) -> None:
        if not stopping:
            line.ask(time.perf_counter())

    began = time.perf_counter()
    for line in lines:
        line.then = lambda line=line: again(line)  # type: ignore[misc]  # bound now on purpose
        line.ask(began)
    await asyncio.sleep(seconds)
    rate = load.acknowledged / (time.perf_counter() - began)
    stopping = True
    await settled(load)
    return rate


async def open_loop(load: Load, seconds: float, rate: float) -> float:
    """Requests start when they are due, whether or not earlier ones are answered, so that a stall shows."""
    loop = asyncio.get_running_loop()
    idle: deque[Connection] = deque()
    waiting: deque[float] = deque()

    def freed(line: Connection) -> None:
        if waiting:
            line.ask(waiting.popleft())
        else:
            idle.append(line)

    for _each in range(200):
        line: Connection = (await loop.create_connection(lambda: Connection(load), "127.0.0.1", load.port))[1]
        line.then = lambda line=line: freed(line)  # type: ignore[misc]  # bound now on purpose
        idle.append(line)
    began, asked = time.perf_counter(), 0
    while (now := time.perf_counter()) - began < seconds:
        while began + asked / rate <= now:
            due = began + asked / rate
            asked += 1
            idle.popleft().ask(due) if idle else waiting.append(due)
        await asyncio.sleep(0.001)
    await settled(load)
    return load.acknowledged / seconds


async def settled(load: Load) -> None:
    for _each in range(500):
        if load.acknowledged + load.refused >= load.sent:
            return
        await asyncio.sleep(0.01)


def main(arguments: list[str]) -> None:
    kind, port, path, secret, seconds, number, tag = arguments
    load = Load(int(port), path, secret, tag)
    work = (
        closed_loop(load, float(seconds), int(number))
        if kind == "closed"
        else open_loop(load, float(seconds), float(number))
    )
    rate = uvloop.run(work)
    ordered = sorted(load.latencies) or [0.0]
    at = {
        name: ordered[min(len(ordered) - 1, int(share * len(ordered)))] for name, share in (("p50", 0.5), ("p99", 0.99))
    }
    result = {"rate": rate, "sent": load.sent, "acknowledged": load.acknowledged, "refused": load.refused, **at}
    print(json.dumps({**result, "max": ordered[-1]}))


if __name__ == "__main__":
    main(sys.argv[1:])

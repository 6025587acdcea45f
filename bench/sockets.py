"""Many websocket clients in a process of their own: raw sockets that only count and time what they hear.

`python -m bench.sockets <port> <path> <header line or -> <clients> <events>` prints "ready", then one JSON line.
"""

import asyncio
import base64
import json
import os
import sys
import time

import uvloop

MOST_SECONDS = 120


class Client(asyncio.Protocol):
    """One websocket. `latencies` is shared; `ids` are the events' numbers as they came."""

    def __init__(self, request: bytes, latencies: list[float], open_count: asyncio.Semaphore, wanted: int) -> None:
        self.request = request
        self.latencies = latencies
        self.open_count = open_count
        self.wanted = wanted
        self.ids: list[int] = []
        self.buffer = b""
        self.opened = False
        self.finished = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        transport.write(self.request)  # type: ignore[attr-defined]  # TCP gives a full transport

    def data_received(self, data: bytes) -> None:
        now = time.time()
        self.buffer += data
        if not self.opened:
            end = self.buffer.find(b"\r\n\r\n")
            if end < 0:
                return
            if b" 101 " not in self.buffer[:20]:
                raise RuntimeError(self.buffer[:200])
            self.opened, self.buffer = True, self.buffer[end + 4 :]
            self.open_count.release()
        while (frame := self._frame()) is not None:
            event = json.loads(frame)
            self.ids.append(event["id"])
            self.latencies.append((now - event["data"]["sent"]) * 1000)
            if len(self.ids) == self.wanted:
                self.finished.set_result(None)

    def _frame(self) -> bytes | None:
        """The next text frame of the server (never masked); pings are left out."""
        while len(self.buffer) >= 2:
            kind, length, start = self.buffer[0] & 0x0F, self.buffer[1] & 0x7F, 2
            if length == 126:
                length, start = int.from_bytes(self.buffer[2:4], "big"), 4
            if len(self.buffer) < start + length:
                return None
            frame, self.buffer = self.buffer[start : start + length], self.buffer[start + length :]
            if kind == 8:
                raise RuntimeError(f"closed by the server: {frame!r}")
            if kind == 1:
                return frame
        return None


async def listen(port: int, path: str, line: str, clients: int, events: int) -> dict[str, float]:
    loop = asyncio.get_running_loop()
    key = base64.b64encode(os.urandom(16)).decode()
    request = (
        f"GET {path} HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        f"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {key}\r\n{'' if line == '-' else line + chr(13) + chr(10)}\r\n"
    ).encode()
    latencies: list[float] = []
    open_count = asyncio.Semaphore(0)
    everybody: list[Client] = []
    for _each in range(clients):
        client: Client = (
            await loop.create_connection(lambda: Client(request, latencies, open_count, events), "127.0.0.1", port)
        )[1]
        everybody.append(client)
        await open_count.acquire()
    print("ready", flush=True)
    async with asyncio.timeout(MOST_SECONDS):
        await asyncio.gather(*(client.finished for client in everybody))
    gaps = sum(ids != list(range(ids[0], ids[0] + events)) for ids in (client.ids for client in everybody))
    ordered = sorted(latencies)
    return {
        "p50": ordered[len(ordered) // 2],
        "p99": ordered[int(len(ordered) * 0.99)],
        "max": ordered[-1],
        "gaps": gaps,
    }


def main(arguments: list[str]) -> None:
    port, path, line, clients, events = arguments
    print(json.dumps(uvloop.run(listen(int(port), path, line, int(clients), int(events)))))


if __name__ == "__main__":
    main(sys.argv[1:])

"""A model's address that does nothing but wait: `python -m bench.call_server <port>`, a process of its own.

The path says how long: `/500/v1/chat/completions` answers after 500 ms, `/hold/v1/…` after somebody asked for
`/release` and until `/hold-again`.
`/open` tells how many wait now and the most that ever waited at once.
"""

import asyncio
import json
import sys

import uvloop

MESSAGE = {"role": "assistant", "content": "¡Hola! ¿Qué estás buscando?", "refusal": None}
BODY = json.dumps(
    {
        "id": "chatcmpl-1",
        "object": "chat.completion",
        "created": 1,
        "model": "gpt-4o-mini",
        "choices": [{"index": 0, "message": MESSAGE, "finish_reason": "stop"}],
        "usage": {"prompt_tokens": 100, "completion_tokens": 20},
    }
).encode()


class Server:
    """Counts who waits."""

    def __init__(self) -> None:
        self.open = self.most = 0
        self.released = asyncio.Event()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            head = await reader.readuntil(b"\r\n\r\n")
            path = head.split(b" ", 2)[1].decode()
            await reader.readexactly(_length(head))
            body = await self._answer(path.split("/")[1])
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nConnection: close\r\n")
            writer.write(b"Content-Length: %d\r\n\r\n" % len(body) + body)
            await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()

    async def _answer(self, wish: str) -> bytes:
        if wish == "open":
            return json.dumps({"open": self.open, "most": self.most}).encode()
        if wish == "release":
            self.released.set()
            return b"{}"
        if wish == "hold-again":
            self.released.clear()
            return b"{}"
        self.open += 1
        self.most = max(self.most, self.open)
        try:
            await (self.released.wait() if wish == "hold" else asyncio.sleep(int(wish) / 1000))
        finally:
            self.open -= 1
        return BODY


def _length(head: bytes) -> int:
    for line in head.split(b"\r\n"):
        name, _, value = line.partition(b":")
        if name.strip().lower() == b"content-length":
            return int(value)
    return 0


async def run(port: int) -> None:
    server = await asyncio.start_server(Server().serve, "127.0.0.1", port, backlog=1024)
    await server.serve_forever()


if __name__ == "__main__":
    uvloop.run(run(int(sys.argv[1])))

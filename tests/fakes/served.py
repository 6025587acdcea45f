"""What every provider's stand-in has in common: a server on 127.0.0.1 and one way to answer."""

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Generic, Self, TypeVar

AnyFake = TypeVar("AnyFake", bound="Fake")


class Fake:
    """Serves at `url` while the `with` lasts. An answer that is held back waits for `released`."""

    def __init__(self, speaker: "type[Speaker[Any]]", *, port: int = 0) -> None:
        self.released = threading.Event()
        self._server = _Server(("127.0.0.1", port), speaker)
        self._server.fake = self
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def start(self) -> Self:
        return self.__enter__()

    def close(self) -> None:
        """Stop serving; held answers are let go."""
        self.released.set()
        self._server.shutdown()
        self._server.server_close()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 256
    fake: Fake

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that went away is what fault runs are about: no traceback."""


class Speaker(BaseHTTPRequestHandler, Generic[AnyFake]):
    """One connection to a fake; a provider's own class says what its doors do."""

    protocol_version = "HTTP/1.1"
    fake: AnyFake

    def setup(self) -> None:
        super().setup()
        self.fake = self.server.fake  # type: ignore[attr-defined]  # the base class knows only a plain server

    def log_message(self, format: str, *args: Any) -> None:
        """Quiet."""

    def body(self) -> bytes:
        return self.rfile.read(int(self.headers.get("Content-Length") or 0))

    def answer(
        self, status: int, body: Any = None, *, mime: str = "application/json", length: int = -1, **headers: str
    ) -> None:
        """`body` is JSON unless it is bytes; `length` in place of the true one is how an answer breaks off."""
        raw = body if isinstance(body, bytes) else json.dumps(body if body is not None else {}).encode()
        self.send_response(status)
        self.send_header("Content-Type", mime)
        self.send_header("Content-Length", str(len(raw) if length < 0 else length))
        for name, given in headers.items():
            if given:
                self.send_header(name.replace("_", "-"), given)
        # One write for head and body: two would wait for the peer's delayed acknowledgement.
        self._headers_buffer.append(b"\r\n" + raw)  # type: ignore[attr-defined]
        self.flush_headers()

    def drop(self) -> None:
        self.close_connection = True
        self.connection.close()

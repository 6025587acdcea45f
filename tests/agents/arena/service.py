"""A company's own service on the wire: answers what the case says, and remembers who asked for what."""

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self


class Service:
    """`answer` is given to every request, as JSON when it is no text; `status` and `delay` (seconds) as scripted."""

    def __init__(self) -> None:
        self.answer: Any = {"ok": True}
        self.status = 200
        self.delay = 0.0
        self.asked: list[tuple[str, str, str]] = []  # method, path, body
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()


def _handler(service: Service) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def log_message(self, *_: object) -> None:
            """Quiet."""

        def do_GET(self) -> None:
            size = int(self.headers.get("Content-Length") or 0)
            service.asked.append((self.command, self.path, self.rfile.read(size).decode("utf-8", "replace")))
            if service.delay:
                threading.Event().wait(service.delay)
            is_text = isinstance(service.answer, str)
            body = (service.answer if is_text else json.dumps(service.answer)).encode()
            try:
                self.send_response(service.status)
                self.send_header("Content-Type", "text/plain" if is_text else "application/json")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)
            except (BrokenPipeError, ConnectionResetError):
                self.close_connection = True

        do_POST = do_GET

    return Handler

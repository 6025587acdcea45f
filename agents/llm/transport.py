"""The openai client's way out: every request goes through the guarded door of `config.lib.http`."""

import httpx2

from config.lib import http
from config.lib.errors import ProviderError

MAX_ANSWER_BYTES = 4_000_000
_OURS = frozenset({"host", "content-length", "accept-encoding", "connection"})
_UNPACKED = frozenset({"content-encoding", "transfer-encoding", "content-length"})


class GuardedTransport(httpx2.BaseTransport):
    """No private addresses, no redirects, a size cap and a limit on the whole body, as for every other provider."""

    def handle_request(self, request: httpx2.Request) -> httpx2.Response:
        """Raises httpx2 errors that the openai client understands; the ProviderError is their cause."""
        seconds = (request.extensions.get("timeout") or {}).get("read") or 45.0
        try:
            answer = http.request(
                request.method,
                str(request.url),
                headers={name: value for name, value in request.headers.items() if name.lower() not in _OURS},
                data=request.read(),
                timeout=seconds,
                max_bytes=MAX_ANSWER_BYTES,
            )
        except ProviderError as error:
            if error.code == "timeout":
                raise httpx2.ReadTimeout(str(error), request=request) from error
            if error.kind == "permanent":
                raise httpx2.UnsupportedProtocol(str(error), request=request) from error
            raise httpx2.ConnectError(str(error), request=request) from error
        headers = {name: value for name, value in answer.headers.items() if name not in _UNPACKED}
        return httpx2.Response(answer.status, headers=headers, content=answer.content, request=request)


def guarded_client() -> httpx2.Client:
    """A client whose only transport is the guarded one."""
    return httpx2.Client(transport=GuardedTransport(), follow_redirects=False, trust_env=False)

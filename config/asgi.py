"""One port: websockets to Channels, webhooks and web chat to the door, everything else to Django's WSGI application.

Django's own ASGI handler answered five to ten times slower than WSGI here; see `docs/decisions/`.
"""

import gc
import logging
import os

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings.dev")

from a2wsgi import WSGIMiddleware

from config import env

from config.wsgi import application as django  # isort: skip  # sets Django up: before anything with models
from config import edge
from config.bodies import arrived
from config.routing import websockets
from crm.agenda.sync.watching import DOOR as CALENDAR_DOOR
from crm.store.notices import DOOR as STORE_DOOR
from messaging.ingest.app import PREFIXES, Ingest
from messaging.ingest.http import Gone, Message, Receive, Refused, Scope, Send, answer
from tenants.live.hub import hub

logger = logging.getLogger(__name__)
WEB_THREADS = int(env.number("WEB_THREADS", 12, minimum=1))


def _is_page(path: str) -> bool:
    """Doors of the agenda and of the store: few messages, handled by Django like a page."""
    return path == CALENDAR_DOOR or path.startswith(STORE_DOOR)


class Root:
    """Sends each connection where it belongs; starts and stops what lives as long as the process."""

    def __init__(self) -> None:
        self._pages = WSGIMiddleware(django, workers=WEB_THREADS)  # type: ignore[arg-type]  # a2wsgi's own WSGI types
        self._door: Ingest | None = None
        self._dress = edge.Dress()

    @property
    def door(self) -> Ingest:
        """Made on the running loop, which its locks belong to."""
        if self._door is None:
            self._door = Ingest()
        return self._door

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._lifespan(receive, send)
            return
        edge.settle_scheme(scope)
        send = self._dress(scope, send)
        if scope["type"] == "http":
            if edge.too_large(scope):
                await answer(send, 431)
            elif scope["path"].startswith(PREFIXES) and not _is_page(scope["path"]):
                await self.door(scope, receive, send)
            else:
                await self._page(scope, receive, send)
        elif scope["type"] == "websocket":
            await self._socket(scope, receive, send)

    async def _page(self, scope: Scope, receive: Receive, send: Send) -> None:
        if not scope["query_string"].isascii():
            await answer(send, 400)
            return
        # WSGI writes `-` and `_` alike: X_Tenant would pass for the header that only a proxy may set.
        scope["headers"] = [line for line in scope["headers"] if b"_" not in line[0]]
        try:
            whole = await arrived(scope, receive)
        except Refused as refused:
            await answer(send, refused.status)
        except Gone:
            return
        else:
            await self._django(scope, whole, send)

    async def _django(self, scope: Scope, receive: Receive, send: Send) -> None:
        began = False

        async def noting(message: Message) -> None:
            nonlocal began
            began = True
            await send(message)

        try:
            await self._pages(scope, receive, noting)  # type: ignore[arg-type]  # a2wsgi's own ASGI types
        except Exception:  # the outermost edge: the server's own words would come without our headers
            logger.exception("Django itself failed")
            if began:
                raise
            await answer(send, 500)

    async def _socket(self, scope: Scope, receive: Receive, send: Send) -> None:
        scope["door"] = self.door
        try:
            await websockets(scope, receive, send)
        except ValueError as error:  # Channels has no route for the path
            if "No route found" not in str(error):
                raise
            await receive()
            await send({"type": "websocket.close", "code": 4404})

    async def _lifespan(self, receive: Receive, send: Send) -> None:
        await receive()
        await self.door.start()
        gc.collect()
        gc.freeze()  # what is loaded stays: looking through it again and again would stop every connection for a while
        gc.set_threshold(10_000, 20, 20)
        await send({"type": "lifespan.startup.complete"})
        await receive()
        await hub.stop()
        await self.door.stop()
        await send({"type": "lifespan.shutdown.complete"})


application = Root()

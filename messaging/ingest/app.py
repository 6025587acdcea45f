"""The door: a plain ASGI application for webhooks and web chat, before and apart from Django's middleware."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from pathlib import Path

from django.conf import settings

from messaging.ingest.committer import Committer
from messaging.ingest.complaints import Complaints
from messaging.ingest.http import Bodies, Gone, Receive, Refused, Scope, Send, answer
from messaging.ingest.limits import Limits
from messaging.ingest.routes import Routes
from messaging.ingest.spool import Spool
from messaging.ingest.wake import Waker
from messaging.ingest.webchat import WebChat, Widget
from messaging.ingest.webhooks import Webhooks

logger = logging.getLogger(__name__)

Handler = Callable[[Scope, Receive, Send], Awaitable[None]]
PREFIXES = ("/webhooks/", "/webchat/", "/widget/")


class Ingest:
    """One process's door. `start` before the first request (a request without it starts it), `stop` after the last."""

    def __init__(self, *, spool: Spool | None = None, address: str = "") -> None:
        self.routes = Routes()
        self.waker = Waker()
        self.limits = Limits()
        self.complaints = Complaints()
        self.committer = Committer(
            spool or Spool(Path(settings.DATA_DIR) / "spool"), stored=self.waker.stored, address=address
        )
        bodies = Bodies()
        self._handlers: dict[str, Handler] = {
            "webhooks": Webhooks(self.routes, self.committer, self.complaints, bodies),
            "webchat": WebChat(self.routes, self.committer, self.limits, bodies),
            "widget": Widget(self.routes),
        }
        self._started = False
        self._starting = asyncio.Lock()

    async def start(self) -> None:
        async with self._starting:
            if not self._started:
                await self.routes.start()
                await self.committer.start()
                self._started = True

    async def stop(self) -> None:
        if self._started:
            self._started = False
            await self.committer.stop()
            await self.waker.stop()
            await self.routes.stop()
            await self.limits.stop()
            await self.complaints.settled()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if not self._started:
            await self.start()
        handler = self._handlers.get(scope["path"].split("/", 2)[1])
        try:
            if handler is None:
                raise Refused(404)
            await handler(scope, receive, send)
        except Refused as refused:
            await answer(send, refused.status, refused.body, content_type=refused.content_type, headers=refused.headers)
        except Gone:
            return
        except Exception:  # the outermost edge: a provider must get an answer and will send the event again
            logger.exception("the door failed on %s", scope["path"].split("/", 3)[1])
            await answer(send, 500)

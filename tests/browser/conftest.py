"""A real Chromium in front of the whole root application, with committed companies behind it."""

import asyncio
import os
import shutil
import socket
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, TypeVar

import pytest
import uvicorn
from django.conf import settings
from django.db import connections
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

from tenants.live import hub as hub_module
from tests.support.cast import Cast
from tests.support.clients import session_of
from tests.support.tasks import Queue

Result = TypeVar("Result")
CHROMIUM = os.environ.get("CHROMIUM", shutil.which("chromium") or shutil.which("chromium-browser") or "")
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-sync",
]
PHONE = {"width": 360, "height": 740}


@dataclass
class Site:
    """The running application. Playwright keeps an event loop on this thread, so rows are touched on another one."""

    address: str
    cast: Cast
    queue: Queue
    pool: ThreadPoolExecutor

    def do(self, work: Callable[..., Result], *given: Any, **named: Any) -> Result:
        """Run `work` on the thread that may use the database."""
        return self.pool.submit(work, *given, **named).result(timeout=30)

    def work(self) -> None:
        """Let the workers do what waits for them; agents' turns, which wait for their moment, are left out."""
        while self.queue.waiting:
            task = self.queue.waiting.popleft()
            if task.name != "messaging.tasks.take_turn":
                self.do(self.queue.run, task)


@pytest.fixture
def site(live_tenants: Cast, queued: Queue, monkeypatch: pytest.MonkeyPatch) -> Iterator[Site]:
    listening = socket.socket()
    listening.bind(("127.0.0.1", 0))
    address = f"http://localhost:{listening.getsockname()[1]}"
    monkeypatch.setattr(settings, "PUBLIC_URL", address)
    server, thread = _serve(listening)
    pool = ThreadPoolExecutor(1)
    yield Site(address, live_tenants, queued, pool)
    server.should_exit = True
    thread.join(timeout=10)
    pool.submit(connections.close_all).result(timeout=10)
    pool.shutdown()
    assert not thread.is_alive()


def _serve(listening: socket.socket) -> tuple[uvicorn.Server, threading.Thread]:
    from config.asgi import Root

    root = Root()
    config = uvicorn.Config(
        root, log_level="warning", access_log=False, ws="websockets-sansio", timeout_graceful_shutdown=2
    )
    server = uvicorn.Server(config)
    ready = threading.Event()

    async def serve() -> None:
        task = asyncio.create_task(server.serve(sockets=[listening]))
        while not server.started and not task.done():
            await asyncio.sleep(0.02)
        ready.set()
        await task
        await hub_module.hub.stop()

    thread = threading.Thread(target=lambda: asyncio.run(serve()), daemon=True)
    thread.start()
    assert ready.wait(20), "the application did not start"
    return server, thread


@pytest.fixture
def chromium(site: Site) -> Iterator[Browser]:
    """Started after the companies and stopped before they are dropped: while it runs, this thread has an event loop."""
    if not CHROMIUM:
        pytest.skip("Chromium is not installed")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture
def open_as(site: Site, chromium: Browser) -> Iterator[Callable[..., Page]]:
    """`open_as("ana", "/bandeja/")`: a page of a signed-in person; `phone=True`, `dark=True`, `scripts=False`."""
    contexts: list[BrowserContext] = []

    def make(name: str | None, path: str, *, phone: bool = False, dark: bool = False, scripts: bool = True) -> Page:
        context = chromium.new_context(
            base_url=site.address,
            viewport=PHONE if phone else {"width": 1280, "height": 800},
            color_scheme="dark" if dark else "light",
            java_script_enabled=scripts,
            locale="es-AR",
        )
        contexts.append(context)
        context.set_default_timeout(10_000)
        if name:
            key = site.do(session_of, site.cast[name])
            context.add_cookies([{"name": "session", "value": key, "url": site.address}])
        page = context.new_page()
        page.complaints = []  # type: ignore[attr-defined]  # what the console says is part of what the test judges
        page.on("console", lambda said: said.type == "error" and page.complaints.append(said.text))
        page.on("pageerror", lambda error: page.complaints.append(str(error)))
        answer = page.goto(path)
        assert answer is not None
        assert answer.ok, f"{path}: {answer.status}"
        return page

    yield make
    for context in contexts:
        context.close()


def overflows(page: Page) -> bool:
    """Whether the page scrolls sideways; one that is just being opened is waited for."""
    page.wait_for_load_state()
    width = "document.body && [document.documentElement.scrollWidth, document.documentElement.clientWidth]"
    while (found := page.evaluate(width)) is None:
        page.wait_for_load_state()
    return bool(found[0] > found[1])

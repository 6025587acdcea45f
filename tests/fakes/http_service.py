"""A company's own service: says what the test scripts, and notes what it was asked."""

import threading
from collections import deque
from dataclasses import dataclass, field
from typing import Any

from tests.fakes.served import Fake, Speaker


@dataclass(frozen=True)
class Asked:
    """One request as it came in; header names in lower case."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes


@dataclass(frozen=True)
class Said:
    """One answer. `delay` in seconds; `breaks` = the connection ends before the whole of it came."""

    status: int = 200
    body: Any = field(default_factory=dict)
    mime: str = "application/json"
    delay: float = 0.0
    breaks: bool = False
    headers: dict[str, str] = field(default_factory=dict)


class HttpService(Fake):
    """Without a script it answers {"ok": true}."""

    def __init__(self, *, port: int = 0) -> None:
        super().__init__(_Speaker, port=port)
        self.script: deque[Said] = deque()
        self.asked: list[Asked] = []

    def say(self, *answers: Said) -> None:
        self.script.extend(answers)

    def next(self) -> Said:
        return self.script.popleft() if self.script else Said(body={"ok": True})


class _Speaker(Speaker[HttpService]):
    def _all(self) -> None:
        headers = {name.lower(): value for name, value in self.headers.items()}
        self.fake.asked.append(Asked(self.command, self.path, headers, self.body()))
        said = self.fake.next()
        if said.delay:
            threading.Event().wait(said.delay)
        if said.breaks:
            self.close_connection = True
            return self.answer(said.status, said.body, mime=said.mime, length=10_000)
        return self.answer(said.status, said.body, mime=said.mime, **said.headers)

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = _all

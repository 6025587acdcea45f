from collections.abc import Iterator
from typing import Any

import pytest

from config.lib import http
from tests.messaging.providers.suite.benches import Bench


@pytest.fixture
def bench(request: pytest.FixtureRequest) -> Iterator[Bench]:
    """The provider that `can(…)` names, with its server up."""
    with request.param.open() as opened:
        yield opened


@pytest.fixture
def hurried(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every call out waits a quarter of a second at most and takes a kilobyte."""
    real = http.request

    def request(*args: Any, **options: Any) -> http.Response:
        return real(*args, **(options | {"timeout": 0.25, "max_bytes": 1024}))

    monkeypatch.setattr(http, "request", request)

"""The one port, in process."""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from tests.support.cast import Cast


@pytest.fixture
async def root(live_tenants: Cast) -> AsyncIterator[Any]:
    from config.asgi import Root

    application = Root()
    yield application
    await application.door.stop()

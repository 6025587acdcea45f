"""One furnished world for the probes of a module; each test's own changes to it are rolled back."""

from collections.abc import Iterator
from typing import Any

import pytest

from tests.isolation.world import World, make_world
from tests.support.live import drop_cast
from tests.support.services import Services


@pytest.fixture(scope="module")  # not longer: other modules count companies
def world(test_services: Services, session_cast: object, django_db_blocker: Any) -> Iterator[World]:
    with django_db_blocker.unblock():
        made = make_world()
        yield made
        drop_cast(made.cast, test_services)

from collections.abc import Callable, Iterator

import pytest

from crm.calendars import google_wire
from tenants.domain.actor import Actor
from tenants.models import Tenant
from tenants.services.vault import put_credential
from tests.fakes import google_tokens
from tests.fakes.google_calendar import GoogleFake


@pytest.fixture(autouse=True)
def _no_tokens() -> Iterator[None]:
    """What one test's server gave means nothing to the next one's."""
    google_wire._tokens.clear()
    yield
    google_wire._tokens.clear()


@pytest.fixture
def keys(in_acme: Tenant, google: GoogleFake) -> Callable[[], None]:
    """`keys()`: acme has a person's permission in its vault."""

    def store() -> None:
        names = {"CLIENT_ID": google_tokens.CLIENT_ID, "CLIENT_SECRET": google_tokens.CLIENT_SECRET}
        for name, value in {**names, "REFRESH_TOKEN": google_tokens.REFRESH_TOKEN}.items():
            put_credential(category="google", name=name, value=value, by=Actor.system("Prueba"))

    return store

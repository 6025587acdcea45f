"""A fake model server and one conversation of acme."""

import pytest

from tenants.models import Tenant
from tests.agents.services.story import Story, make_story


@pytest.fixture
def story(acme: Tenant) -> Story:
    """A web visitor of acme."""
    return make_story(acme, name="", phone=None, email="")

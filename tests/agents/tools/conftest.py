"""A Monday morning with Sol at her desk."""

from collections.abc import Iterator

import pytest
import time_machine

from agents.services.toolbox import LiveToolbox
from crm.models import Contact, Seller
from tenants.context import tenant_context
from tenants.models import Tenant
from tests.agents.services.story import Story
from tests.agents.tools.agenda import HOURS, NOW, desk_of
from tests.factories.crm import make_lead, make_seller


@pytest.fixture
def monday() -> Iterator[None]:
    with time_machine.travel(NOW, tick=True):
        yield


@pytest.fixture
def sol_sells(acme: Tenant) -> Seller:
    with tenant_context(acme):
        return make_seller(name="Sol", working_hours=HOURS)


@pytest.fixture
def desk(acme: Tenant, story: Story, sol_sells: Seller) -> LiveToolbox:
    """The agenda's tools acting for the story's contact, whose interest is known."""
    with tenant_context(acme):
        make_lead(contact=Contact.objects.get(pk=story.conversation.contact_id), interest="high")
    return desk_of(acme, story)

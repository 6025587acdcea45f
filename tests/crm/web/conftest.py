"""What several tests of pages begin with."""

import pytest

from crm.models import AgendaEvent
from tenants.context import tenant_context
from tenants.models import Tenant
from tests.factories.agenda import make_event, make_service
from tests.factories.crm import make_contact, make_lead
from tests.support.agenda import at, seller_of
from tests.support.cast import Person


@pytest.fixture
def booked(acme: Tenant, sol: Person) -> AgendaEvent:
    """Sol's appointment with Marta, tomorrow at ten, of a lead of hers."""
    with tenant_context(acme):
        seller = seller_of(sol)
        contact = make_contact(name="Marta Giménez", phone="+5493415550001")
        lead = make_lead(contact=contact, owner=seller)
        service = make_service(name="Demostración")
        starts = at(acme, 10)
        return make_event(
            seller=seller,
            contact=contact,
            lead=lead,
            service=service,
            starts_at=starts,
            title="",
            why={"code": "owner"},
        )

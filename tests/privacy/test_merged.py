"""Somebody united with another contact while their copy or erasure was waiting: it is the same person."""

from uuid import UUID

from agents.privacy import people
from crm.models import Contact
from crm.services.merging import merge, unmerge
from tenants.context import tenant_context
from tenants.models import Tenant
from tests.factories.crm import make_contact
from tests.support.cast import Person


def test_who_was_united_is_found_where_they_went(acme: Tenant, ana: Person) -> None:
    with tenant_context(acme):
        first, second, third = make_contact(), make_contact(), make_contact()
        asked = first.pk
        merge(kept=second, other=first, by=ana.actor)
        merge(kept=third, other=Contact.objects.get(pk=second.pk), by=ana.actor)
        subject = people.find(asked)
        assert subject.contact_id == str(third.pk)
        assert {str(asked), str(second.pk)} <= set(subject.ids)


def test_who_came_apart_again_is_found_as_before(acme: Tenant, ana: Person) -> None:
    with tenant_context(acme):
        first, second = make_contact(), make_contact()
        asked: UUID = first.pk
        unmerge(merge=merge(kept=second, other=first, by=ana.actor), by=ana.actor)
        assert people.find(asked).contact_id == str(asked)

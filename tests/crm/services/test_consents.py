"""What somebody allowed, purpose by purpose: the latest word holds, and nothing said before is lost."""

from datetime import timedelta

import pytest
from django.utils import timezone

from config.lib.errors import Conflict, Invalid
from crm.models import Consent, Contact
from crm.services import blocking, consents
from crm.services.contacts import create_contact
from tenants.context import tenant_context
from tenants.domain.actor import Actor
from tenants.live.models import LiveEvent
from tenants.models import SystemEvent, Tenant
from tests.factories.crm import make_contact, make_lead
from tests.factories.crm_more import make_point

BY = Actor.system("Prueba")


def test_the_latest_word_holds(in_acme: Tenant) -> None:
    contact = make_contact()
    assert not consents.allows(contact, "marketing")  # nothing was said
    for granted in (True, False, True):
        consents.record_consent(contact=contact, purpose="marketing", granted=granted, by=BY, source="Por teléfono")
    assert consents.allows(contact, "marketing")
    assert not consents.allows(contact, "reminders")
    assert Consent.objects.count() == 3
    with pytest.raises(Invalid):
        consents.record_consent(contact=contact, purpose="otra", granted=True, by=BY)


def test_a_refusal_of_everything_stands_over_what_was_allowed(in_acme: Tenant) -> None:
    contact = make_contact()
    consents.record_consent(contact=contact, purpose="marketing", granted=True, by=BY)
    assert consents.opt_out(contact=contact, by=BY, source="Escribió «BAJA»")
    assert not consents.opt_out(contact=contact, by=BY, source="Otra vez")
    assert not consents.allows(contact, "marketing")
    consents.record_consent(contact=contact, purpose="marketing", granted=True, by=BY)
    assert not consents.allows(contact, "marketing")
    assert consents.opt_in(contact=contact, by=BY, source="Escribió «ALTA»")
    assert not consents.opt_in(contact=contact, by=BY, source="Otra vez")
    assert consents.allows(contact, "marketing")


def test_who_asks_again_to_be_left_alone_means_from_now_on(in_acme: Tenant) -> None:
    contact, first = make_contact(), timezone.now()
    for hours, told, held in ((0, True, 0), (2, False, 2), (1, False, 2)):  # the last one came late
        at = first + timedelta(hours=hours)
        assert consents.opt_out(contact=contact, by=BY, source="Escribió «BAJA»", at=at) is told
        contact.refresh_from_db()
        assert contact.opted_out_at == first + timedelta(hours=held)
    assert Consent.objects.count() == len(consents.PURPOSES)


def test_the_trail_and_open_screens_are_told(acme: Tenant) -> None:
    with tenant_context(acme):
        lead = make_lead()
        consents.opt_out(contact=lead.contact, by=BY, source="Por teléfono")
        blocking.block(contact=lead.contact, reason="Insultos", by=BY)
        blocking.unblock(contact=lead.contact, by=BY)
    with tenant_context(acme):
        events = SystemEvent.objects.filter(tenant_id=acme.pk, resource_id=str(lead.contact_id))
        assert {"contact.opted_out", "contact.blocked", "contact.unblocked"} <= set(
            events.values_list("action", flat=True)
        )
        assert not [event for event in events if "Insultos" in str(event.diff)]
        assert LiveEvent.objects.filter(type="LEAD_UPDATED", data__id=str(lead.pk)).exists()


@pytest.mark.parametrize("typed", [{"phone": "+541155551111"}, {"phone": "11 5555 2222"}, {"email": "B@b.test"}])
def test_somebody_blocked_is_not_made_again(in_acme: Tenant, typed: dict[str, str]) -> None:
    contact = make_contact(phone="+5491155551111", email="b@b.test")
    make_point(contact=contact, value="+5491155552222")
    blocking.block(contact=contact, reason="Insultos", by=BY)
    with pytest.raises(Conflict) as refused:
        create_contact(by=BY, name="Otro nombre", **typed)
    assert refused.value.code == "blocked"
    assert Contact.objects.count() == 1
    blocking.unblock(contact=contact, by=BY)
    assert not blocking.is_blocked("+5491155551111", "b@b.test")

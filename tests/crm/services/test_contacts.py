"""The person: one row for each, whatever form their number has."""

import pytest

from config.lib.errors import Conflict, Invalid, NotFound
from crm.access import contact_for
from crm.models import Contact
from crm.services.contacts import by_phone, create_contact, update_contact
from tenants.context import tenant_context
from tenants.domain.actor import Actor
from tenants.live.models import LiveEvent
from tenants.models import SystemEvent, Tenant
from tests.factories.crm import make_contact, make_lead
from tests.support.cast import Person

BY = Actor.system("Prueba")


def test_a_number_is_kept_as_e164_read_in_the_companys_country(in_acme: Tenant) -> None:
    assert create_contact(name="Ana", phone="011 15-5555-1111", by=BY).phone == "+5491155551111"


@pytest.mark.parametrize("phone", ["abc", "123", "+54", "++5491155551111 y algo"])
def test_what_is_no_number_is_refused_by_name(in_acme: Tenant, phone: str) -> None:
    with pytest.raises(Invalid) as refused:
        create_contact(name="Ana", phone=phone, by=BY)

    assert "phone" in refused.value.fields


@pytest.mark.parametrize(
    ("first", "second"), [("+5491155551111", "+541155551111"), ("+541155551111", "+5491155551111")]
)
def test_another_form_of_the_same_mobile_is_the_same_person(in_acme: Tenant, first: str, second: str) -> None:
    create_contact(name="Ana", phone=first, by=BY)

    with pytest.raises(Conflict) as refused:
        create_contact(name="Otra", phone=second, by=BY)
    assert refused.value.code == "duplicate_contact"
    found = by_phone(second)
    assert found is not None
    assert found.name == "Ana"


def test_several_people_may_have_no_phone(in_acme: Tenant) -> None:
    for name in ("Uno", "Dos"):
        create_contact(name=name, phone="", by=BY)

    assert Contact.objects.filter(phone=None).count() == 2


def test_a_change_touches_only_what_was_named_and_is_seen_on_the_lead(acme: Tenant) -> None:
    with tenant_context(acme):
        lead = make_lead(contact=make_contact(name="Ana", email="ana@example.test"))
        update_contact(contact=lead.contact, by=BY, name="Ana Paz")
    with tenant_context(acme):
        contact = Contact.objects.get()
        assert (contact.name, contact.email) == ("Ana Paz", "ana@example.test")
        assert LiveEvent.objects.filter(type="LEAD_UPDATED", data__id=str(lead.pk)).exists()
        audit = SystemEvent.objects.filter(tenant_id=acme.pk, action="contact.updated").get()
        assert audit.diff == {"fields": ["name"]}


def test_changing_nothing_leaves_no_trace(in_acme: Tenant) -> None:
    contact = make_contact(name="Ana")
    update_contact(contact=contact, by=BY, name="Ana")

    assert not SystemEvent.objects.filter(tenant_id=in_acme.pk, action="contact.updated").exists()


def test_a_taken_number_is_refused_on_a_change_too(in_acme: Tenant) -> None:
    make_contact(phone="+5491155551111")
    other = make_contact(phone="+5491155552222")

    with pytest.raises(Conflict):
        update_contact(contact=other, by=BY, phone="+54 11 5555-1111")
    assert Contact.objects.get(pk=other.pk).phone == "+5491155552222"


def test_what_no_form_may_change_is_refused(in_acme: Tenant) -> None:
    with pytest.raises(Invalid):
        update_contact(contact=make_contact(), by=BY, opted_out_at=None)


def test_odd_names_are_kept_as_they_are(in_acme: Tenant) -> None:
    for name in ("<b>Ana</b>", "Zoë 👩‍🚀", "O'Higgins; drop table", "x" * 200):
        assert create_contact(name=f" {name}\x00", by=BY).name == name
    with pytest.raises(Invalid):
        create_contact(name="x" * 201, by=BY)


@pytest.mark.parametrize("typed", ["jose", "ALVAREZ jos", "álv", "55551111", "jose@"])
def test_a_person_is_found_by_the_beginning_of_any_word(in_acme: Tenant, typed: str) -> None:
    wanted = make_contact(name="José Álvarez", phone="+5491155551111", email="jose@example.test")
    make_contact(name="Marta Paz", phone="+5491166662222", email="marta@example.test")

    assert [contact.pk for contact in Contact.objects.search(typed)] == [wanted.pk]


@pytest.mark.parametrize("typed", ["'", "& | !", "<>", "😀", "zzz"])
def test_signs_find_nobody_and_break_nothing(in_acme: Tenant, typed: str) -> None:
    make_contact(name="José Álvarez")

    assert list(Contact.objects.search(typed)) == []


def test_another_companys_contact_does_not_exist(acme: Tenant, globex: Tenant, gus: Person) -> None:
    with tenant_context(acme):
        hidden = make_contact()
    with tenant_context(globex), pytest.raises(NotFound):
        contact_for(gus.member, hidden.pk)  # type: ignore[arg-type]


@pytest.mark.parametrize("key", ["no-uuid", "", None, "00000000-0000-0000-0000-000000000000"])
def test_an_address_that_is_no_id_is_not_found(in_acme: Tenant, ana: Person, key: object) -> None:
    with pytest.raises(NotFound):
        contact_for(ana.member, key)  # type: ignore[arg-type]

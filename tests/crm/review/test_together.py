"""Two people change one row at the same moment: both changes stand, or the second is told why not."""

from functools import partial

import pytest

from config.lib.errors import Conflict, Invalid
from crm.access import contact_for, lead_for
from crm.models import Contact, Lead, Seller, Stage, StageChange
from crm.services import assignment, contacts, leads, moves, sellers
from tenants.context import tenant_context
from tests.factories.crm import make_contact, make_lead, make_seller
from tests.support.cast import Cast
from tests.support.services import Services
from tests.support.together import at_once, meanwhile


def test_a_lead_that_just_moved_is_still_found(live_tenants: Cast, test_services: Services) -> None:
    ana = live_tenants["ana"]
    inside = partial(tenant_context, live_tenants.acme)
    with inside():
        lead = make_lead()
        target = Stage.objects.get(code="contactado")
    with inside():
        mine = lead_for(ana.member, lead.pk, lock=True)
        moves.move_stage(lead=mine, stage=target, by=ana.actor)
        other = meanwhile(lambda: lead_for(ana.member, lead.pk, lock=True), inside, test_services)
    found = other()
    assert isinstance(found, Lead), found
    assert found.stage == target
    assert found.stage.code == "contactado"


def test_a_lead_that_was_just_given_to_a_seller_comes_with_that_seller(
    live_tenants: Cast, test_services: Services
) -> None:
    ana = live_tenants["ana"]
    inside = partial(tenant_context, live_tenants.acme)
    with inside():
        lead, seller = make_lead(), make_seller()
    with inside():
        assignment.assign(lead=lead_for(ana.member, lead.pk, lock=True), owner=seller, by=ana.actor)
        other = meanwhile(lambda: lead_for(ana.member, lead.pk, lock=True), inside, test_services)
    found = other()
    assert isinstance(found, Lead), found
    assert found.owner == seller


def test_a_lead_that_was_just_given_to_another_closer_is_no_longer_found(
    live_tenants: Cast, test_services: Services
) -> None:
    ana, sol = live_tenants["ana"], live_tenants["sol"]
    inside = partial(tenant_context, live_tenants.acme)
    with inside():
        lead, seller = make_lead(), make_seller()
    with inside():
        assignment.assign(lead=lead_for(ana.member, lead.pk, lock=True), owner=seller, by=ana.actor)
        other = meanwhile(lambda: lead_for(sol.member, lead.pk, lock=True), inside, test_services)
    assert getattr(other(), "status", None) == 404


def test_of_many_equal_moves_one_is_written(live_tenants: Cast) -> None:
    ana = live_tenants["ana"]
    inside = partial(tenant_context, live_tenants.acme)
    with inside():
        lead = make_lead()
        target = Stage.objects.get(code="contactado")

    def move() -> Lead:
        held = lead_for(ana.member, lead.pk, lock=True)
        moves.move_stage(lead=held, stage=target, by=ana.actor)
        return held

    answers = at_once([move] * 6, inside)
    assert all(isinstance(answer, Lead) for answer in answers), answers
    with inside():
        assert StageChange.objects.filter(lead=lead).count() == 1


def test_changes_of_different_fields_of_a_contact_both_stand(live_tenants: Cast) -> None:
    ana = live_tenants["ana"]
    inside = partial(tenant_context, live_tenants.acme)
    with inside():
        contact = make_contact(name="before", email="")

    def change(**fields: str) -> Contact:
        stale = contact_for(ana.member, contact.pk)
        return contacts.update_contact(contact=stale, by=ana.actor, **fields)

    for _turn in range(4):
        with inside():
            Contact.objects.filter(pk=contact.pk).update(name="before", email="", notes="")
        at_once([partial(change, name="after"), partial(change, email="a@b.test"), partial(change, notes="n")], inside)
        with inside():
            found = Contact.objects.get(pk=contact.pk)
        assert (found.name, found.email, found.notes) == ("after", "a@b.test", "n")


def test_a_change_begun_on_an_old_copy_keeps_what_others_wrote_since(live_tenants: Cast) -> None:
    ana = live_tenants["ana"]
    with tenant_context(live_tenants.acme):
        contact, lead = make_contact(name="before", email=""), make_lead()
        old_contact, old_lead = Contact.objects.get(pk=contact.pk), Lead.objects.get(pk=lead.pk)
        contacts.update_contact(contact=contact, by=ana.actor, email="since@b.test")
        leads.qualify_lead(lead=lead, by=ana.actor, interest="high")
        contacts.update_contact(contact=old_contact, by=ana.actor, name="after")
        leads.update_lead(lead=old_lead, by=ana.actor, source="feria")
        found, its_lead = Contact.objects.get(pk=contact.pk), Lead.objects.get(pk=lead.pk)
    assert (found.name, found.email) == ("after", "since@b.test")
    assert (its_lead.source, its_lead.interest) == ("feria", "high")


def test_one_number_in_its_two_spellings_makes_one_contact(live_tenants: Cast) -> None:
    ana = live_tenants["ana"]
    inside = partial(tenant_context, live_tenants.acme)
    spellings = ["+5491144445555", "+541144445555"] * 3
    answers = at_once(
        [partial(contacts.create_contact, name="X", phone=each, by=ana.actor) for each in spellings], inside
    )
    assert sum(isinstance(answer, Contact) for answer in answers) == 1
    assert sum(isinstance(answer, Conflict) for answer in answers) == 5


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("email", "x" * 250 + "@b.test"),
        ("name", "x" * 201),
        ("social_links", {"instagram": "a\x00b"}),
        ("custom", {"\x00": 1}),
        ("custom", {"deep": ["\ud800"]}),
        ("notes", "\ud83d"),
    ],
)
def test_what_no_column_holds_is_refused_with_its_field(live_tenants: Cast, field: str, value: object) -> None:
    ana = live_tenants["ana"]
    with tenant_context(live_tenants.acme), pytest.raises(Invalid) as refusal:
        contacts.create_contact(name="X", by=ana.actor) if field != "name" else None
        contacts.update_contact(contact=make_contact(), by=ana.actor, **{field: value})
    assert field in refusal.value.fields


def test_a_change_on_an_old_copy_of_a_seller_keeps_what_others_wrote_since(live_tenants: Cast) -> None:
    ana = live_tenants["ana"]
    with tenant_context(live_tenants.acme):
        seller = make_seller()
        old = Seller.objects.get(pk=seller.pk)
        sellers.update_seller(seller=seller, by=ana.actor, is_active=False)
        sellers.update_seller(seller=old, by=ana.actor, name="Marta")
        found = Seller.objects.get(pk=seller.pk)
    assert (found.name, found.is_active) == ("Marta", False)

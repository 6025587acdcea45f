"""Further phones and e-mails: kept in one form, found like the first, each number one person's."""

import pytest

from config.lib.errors import Conflict, Invalid
from crm.models import Contact, ContactPoint
from crm.services import points
from crm.services.contacts import by_email, by_phone, create_contact, find_known, update_contact
from tenants.domain.actor import Actor
from tenants.models import Tenant
from tests.factories.crm import make_contact
from tests.factories.crm_more import make_point

BY = Actor.system("Prueba")


def test_a_second_number_is_kept_as_e164_and_finds_the_person(in_acme: Tenant, statements: object) -> None:
    contact = make_contact(phone="+5491155551111")
    points.add_point(contact=contact, kind="phone", value="011 15 5555-2222", by=BY, label="Trabajo")
    points.add_point(contact=contact, kind="email", value=" Ana@Example.TEST ", by=BY)
    assert sorted(ContactPoint.objects.values_list("value", flat=True)) == ["+5491155552222", "ana@example.test"]
    assert by_phone("+541155552222") == by_email("ANA@example.test") == contact
    for words in ("55552222", "ana@exam", "5491155552222"):
        assert Contact.objects.search(words).get() == contact
    update_contact(contact=contact, by=BY, name="Ana")  # saved again, still found
    assert Contact.objects.search("55552222").get() == contact


def test_finding_by_both_costs_one_statement(in_acme: Tenant, statements: object) -> None:
    contact = make_point(value="+5491155552222").contact
    with statements() as seen:  # type: ignore[operator]
        assert find_known("+541155552222", "nadie@b.test") == contact
    assert seen.count == 2  # the context and the question


def test_the_number_wins_over_the_e_mail_and_the_exact_form_over_the_other(in_acme: Tenant) -> None:
    by_mail = make_contact(email="a@b.test")
    by_point = make_point(value="+5491155552222").contact
    assert find_known("+5491155552222", "a@b.test") == by_point
    assert find_known(None, "a@b.test") == by_mail
    assert find_known("+5491100000000", "A@b.test") == by_mail
    assert find_known("", "") is None


@pytest.mark.parametrize("typed", ["+541155552222", "11 5555 2222", "+54 9 11 5555-2222"])
def test_a_number_is_nobody_elses_first_or_further_one(in_acme: Tenant, typed: str) -> None:
    make_point(value="+5491155552222")
    with pytest.raises(Conflict):
        create_contact(by=BY, name="Otra", phone=typed)
    with pytest.raises(Conflict):
        points.add_point(contact=make_contact(), kind="phone", value=typed, by=BY)


def test_ones_own_number_again_changes_nothing(in_acme: Tenant) -> None:
    contact = make_contact(phone="+5491155551111")
    for _again in range(2):
        points.add_point(contact=contact, kind="phone", value="+541155551111", by=BY)
        points.add_point(contact=contact, kind="phone", value="+5491155552222", by=BY)
    assert [point.value for point in contact.points.all()] == ["+5491155552222"]


def test_what_is_no_number_or_address_is_refused(in_acme: Tenant) -> None:
    for kind, value in (("phone", "abc"), ("email", "no"), ("fax", "1"), ("phone", " ")):
        with pytest.raises(Invalid):
            points.add_point(contact=make_contact(), kind=kind, value=value, by=BY)


def test_what_is_not_named_goes_and_is_no_longer_found(in_acme: Tenant) -> None:
    contact = make_contact()
    points.set_points(contact=contact, phones=["+5491155552222"], emails=["a@b.test", " "], by=BY)
    points.set_points(contact=contact, phones=[], emails=["a@b.test", "c@b.test"], by=BY)
    assert sorted(point.value for point in contact.points.all()) == ["a@b.test", "c@b.test"]
    assert by_phone("+5491155552222") is None
    assert not Contact.objects.search("55552222").exists()

"""Doubles are found by index, kept once, and not suggested again once somebody said that they are two."""

from datetime import timedelta

import pytest
from django.utils import timezone

from config.lib.errors import NotFound
from crm.models import Contact, DuplicatePair
from crm.services import duplicates, merging
from crm.services.contacts import create_contact, update_contact
from tenants.context import tenant_context
from tenants.domain.actor import Actor
from tenants.models import Tenant
from tests.factories.crm import make_contact, make_lead, make_seller
from tests.factories.crm_more import make_point
from tests.support.cast import Person
from tests.support.tasks import Queue

BY = Actor.system("Prueba")


def kinds() -> list[str]:
    return [each["kind"] for pair in DuplicatePair.objects.order_by("-score") for each in pair.evidence]


@pytest.mark.parametrize(
    ("one", "other", "kind"),
    [
        ({"email": "ana@b.test"}, {"email": "ana@b.test"}, "email"),
        ({"name": "José Álvarez"}, {"name": "ALVAREZ, Jose"}, "name"),
        ({"name": "Ana", "phone": "+5491155551111"}, {"name": "Ana Paz", "phone": "+5493455551111"}, "ending"),
    ],
)
def test_a_double_is_found_when_somebody_is_created(
    acme: Tenant, queued: Queue, one: dict[str, str], other: dict[str, str], kind: str
) -> None:
    with tenant_context(acme):
        create_contact(by=BY, **{"name": "X", **one})
        create_contact(by=BY, **{"name": "Y", **other})
    queued.drain()
    with tenant_context(acme):
        assert kinds() == [kind]
        pair = DuplicatePair.objects.get()
        assert pair.first_id < pair.second_id


def test_a_further_number_is_looked_at_too(in_acme: Tenant) -> None:
    """Two rows may only come to one number by hand in the database or by two changes at once; it is still seen."""
    point = make_point(value="+5491155551111")
    other = make_contact(phone="+541155551111")
    assert duplicates.find_for(other.pk) == 1
    assert duplicates.find_for(point.contact_id) == 1
    assert kinds() == ["phone"]


def test_what_no_longer_speaks_for_it_goes_and_what_was_dismissed_stays(acme: Tenant, queued: Queue) -> None:
    with tenant_context(acme):
        first, second = (create_contact(by=BY, name=name, email="a@b.test") for name in ("Uno", "Dos"))
    queued.drain()
    with tenant_context(acme):
        update_contact(contact=Contact.objects.get(pk=second.pk), by=BY, email="otra@b.test")
    queued.drain()
    with tenant_context(acme):
        assert not DuplicatePair.objects.exists()
        update_contact(contact=Contact.objects.get(pk=second.pk), by=BY, email="a@b.test")
    queued.drain()
    with tenant_context(acme):
        duplicates.dismiss(pair=DuplicatePair.objects.get(), by=BY)
        duplicates.find_for(first.pk)
        assert DuplicatePair.objects.get().status == DuplicatePair.Status.DISMISSED


def test_the_nightly_sweep_finds_what_lost_its_wake_up(acme: Tenant, queued: Queue) -> None:
    with tenant_context(acme):
        make_contact(email="a@b.test")
        make_contact(email="a@b.test")
        make_contact(email="vieja@b.test")
        Contact.objects.filter(email="vieja@b.test").update(updated_at=timezone.now() - timedelta(days=9))
    assert duplicates.sweep(tenant=acme, now=timezone.now()) == 2
    assert duplicates.sweep(tenant=acme, now=timezone.now()) == 2
    with tenant_context(acme):
        assert DuplicatePair.objects.count() == 1


def test_a_common_name_is_not_compared_with_everybody(in_acme: Tenant) -> None:
    people = [make_contact(name="Juan Pérez") for _number in range(duplicates.MOST_OF_A_NAME)]
    assert duplicates.find_for(people[0].pk) == duplicates.MOST_OF_A_NAME - 1
    last = make_contact(name="Juan Pérez", email="j@b.test")
    make_contact(name="Juan Pérez", email="j@b.test")
    assert duplicates.find_for(last.pk) == 1  # what else speaks for it is still seen


def test_a_pair_is_shown_to_who_may_see_both(in_acme: Tenant, ana: Person, sol: Person, teo: Person) -> None:
    theirs = make_seller(user=teo.user)
    first, second = make_contact(email="a@b.test"), make_contact(email="a@b.test")
    make_lead(contact=second, owner=theirs)
    duplicates.find_for(first.pk)
    assert duplicates.suggestions(ana.member).count() == 1  # type: ignore[arg-type]
    assert duplicates.suggestions(teo.member).count() == 1  # type: ignore[arg-type]
    assert duplicates.suggestions(sol.member).count() == 0  # type: ignore[arg-type]
    assert duplicates.suggestions_for(first, sol.member) == []  # type: ignore[arg-type]
    ((other, pair),) = duplicates.suggestions_for(first, ana.member)  # type: ignore[arg-type]
    assert other == second
    assert duplicates.in_words(pair.evidence) == ["El mismo correo: a@b.test"]
    with pytest.raises(NotFound):
        duplicates.pair_for(sol.member, pair.pk)  # type: ignore[arg-type]


def test_a_pair_ends_with_the_merge_and_comes_back_with_its_undoing(in_acme: Tenant) -> None:
    first, second = make_contact(email="a@b.test"), make_contact(email="a@b.test")
    duplicates.find_for(first.pk)
    done = merging.merge(kept=first, other=second, by=BY)
    assert not DuplicatePair.objects.exists()
    merging.unmerge(merge=done, by=BY)
    assert DuplicatePair.objects.count() == 1

"""What one person should know: told once, to them alone, kept for a while."""

from datetime import timedelta
from uuid import uuid4

import pytest
from django.utils import timezone
from django.utils.translation import override

from crm.models import Notification
from crm.services import notifications
from crm.services.notification_words import TOLD, icon, sentence
from tenants.context import tenant_context
from tenants.live.models import LiveEvent
from tenants.models import Membership, Tenant
from tests.factories.crm import make_contact, make_lead, make_seller
from tests.support.cast import Person

Kind = Notification.Kind


def member_of(person: Person) -> Membership:
    assert person.member is not None
    return Membership.objects.get(pk=person.member.pk)


def test_the_same_occasion_is_told_once_however_often_a_sweep_finds_it(acme: Tenant, sol: Person) -> None:
    for _sweep in range(3):
        with tenant_context(acme):
            notifications.notify(user_id=sol.user.pk, kind=Kind.WAITING, key="waiting:1", facts={"minutes": 60})
    with tenant_context(acme):
        assert Notification.objects.filter(user=sol.user).count() == 1
        assert LiveEvent.objects.filter(type="NOTIFICATION").count() == 1


def test_the_same_occasion_is_told_to_each_person(in_acme: Tenant, sol: Person, teo: Person) -> None:
    for person in (sol, teo):
        notifications.notify(user_id=person.user.pk, kind=Kind.APPROVAL, key="approval:1")

    assert Notification.objects.count() == 2


def test_what_was_told_and_read_is_not_told_again(in_acme: Tenant, sol: Person) -> None:
    member = member_of(sol)
    notifications.notify(user_id=sol.user.pk, kind=Kind.COLD, key="cold:1")
    notifications.mark_read(member=member)
    notifications.notify(user_id=sol.user.pk, kind=Kind.COLD, key="cold:1")

    assert notifications.count_unread(member) == 0


@pytest.mark.parametrize("kind", list(Kind))
@pytest.mark.parametrize("language", ["es", "en"])
def test_each_kind_has_its_sentence_also_without_facts(in_acme: Tenant, kind: Kind, language: str) -> None:
    with override(language):
        said = [sentence(Notification(kind=kind, contact=contact)) for contact in (None, make_contact(name="Marta"))]

    assert all(said)
    assert "%" not in "".join(said)
    assert icon(Notification(kind=kind)) == TOLD[kind].icon


@pytest.mark.parametrize(
    ("kind", "facts", "said"),
    [
        ("assigned", {"by": "Ana"}, "Ana le asignó a Marta."),
        ("assigned", {}, "Le toca atender a Marta."),
        ("mention", {"by": "Ana"}, "Ana le nombró en una nota sobre Marta."),
        ("reminder", {"title": "Llamar"}, "Recordatorio: Llamar"),
        ("reminder", {"title": "Llamar", "late": True}, "Recordatorio atrasado: Llamar"),
        ("hot", {"score": 80}, "Marta muestra mucho interés: 80 de 100."),
        ("waiting", {"minutes": 65}, "Marta espera una respuesta hace 65 min."),
        ("waiting", {"minutes": 240}, "Marta espera una respuesta hace 4 h."),
        ("cold", {"days": 1}, "Marta se enfría: 1 día sin novedad."),
        ("cold", {"days": 5}, "Marta se enfría: 5 días sin novedad."),
        ("approval", {"by": "Sol", "stage": "Ganado"}, "Sol pide pasar a Marta a «Ganado»."),
        ("approval", {"by": "Ana", "stage": "Ganado", "state": "approved"}, "Ana aprobó pasar a Marta a «Ganado»."),
        ("approval", {"by": "Ana", "stage": "Ganado", "state": "refused"}, "Ana no aprobó pasar a Marta a «Ganado»."),
        ("handover", {"by": "Teo", "count": 1}, "Recibió 1 lead de Teo."),
        ("handover", {"by": "Teo", "count": 3}, "Recibió 3 leads de Teo."),
        ("form", {"form": "Contacto"}, "Marta llegó por «Contacto»."),
        ("done", {"title": "importación de feria.csv"}, "Terminó: importación de feria.csv"),
    ],
)
def test_a_sentence_says_what_happened(in_acme: Tenant, kind: str, facts: dict[str, object], said: str) -> None:
    assert sentence(Notification(kind=kind, facts=facts, contact=make_contact(name="Marta"))) == said


def test_a_contact_that_left_ones_sight_leaves_ones_notifications(in_acme: Tenant, sol: Person, teo: Person) -> None:
    member = member_of(sol)
    lead = make_lead(owner=make_seller(user=sol.user))
    notifications.notify(user_id=sol.user.pk, kind=Kind.ASSIGNED, key="a", contact=lead.contact)
    assert notifications.count_unread(member) == 1

    lead.owner = make_seller(user=teo.user)
    lead.save()

    assert notifications.count_unread(member) == 0
    assert not notifications.shown_to(member).exists()


def test_counting_stops_where_nobody_reads_on(in_acme: Tenant, sol: Person) -> None:
    for number in range(notifications.MOST_COUNTED + 5):
        notifications.notify(user_id=sol.user.pk, kind=Kind.DONE, key=str(number))

    assert notifications.count_unread(member_of(sol)) == notifications.MOST_COUNTED + 1


def test_old_ones_go_the_unread_later(in_acme: Tenant, sol: Person) -> None:
    now = timezone.now()
    for key, age, read in (("new", 29, True), ("read", 31, True), ("unread", 89, False), ("old", 91, False)):
        notifications.notify(user_id=sol.user.pk, kind=Kind.DONE, key=key)
        at = now - timedelta(days=age)
        Notification.objects.filter(key=key).update(created_at=at, read_at=at if read else None)

    assert notifications.forget_old(now) == 2
    assert sorted(Notification.objects.values_list("key", flat=True)) == ["new", "unread"]


def test_a_long_key_is_cut_the_same_way_every_time(in_acme: Tenant, sol: Person) -> None:
    key = "k" * 300
    for _twice in range(2):
        notifications.notify(user_id=sol.user.pk, kind=Kind.DONE, key=key, href="/x/" * 200)

    assert Notification.objects.count() == 1


def test_marking_what_is_not_ones_own_changes_nothing(in_acme: Tenant, sol: Person, ana: Person) -> None:
    notifications.notify(user_id=ana.user.pk, kind=Kind.DONE, key="a")
    member = member_of(sol)

    assert notifications.mark_read(member=member, pk=Notification.objects.get().pk) == 0
    assert notifications.mark_read(member=member, pk=uuid4()) == 0
    assert notifications.mark_read(member=member) == 0
    assert Notification.objects.get().read_at is None

"""Promises: made, changed, finished; and the lead's next step, which always says the first of them."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from django.db.models import F, Min, OuterRef, QuerySet, Subquery
from django.db.models.functions import Least
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from config.lib.errors import AppError, Conflict, Invalid, NotFound
from crm.models import AgendaEvent, Lead, Notification, Task
from crm.services import steps, tasks
from tenants.domain.actor import Actor
from tenants.models import Tenant
from tests.factories.crm import make_contact, make_lead, make_seller
from tests.factories.crm_more import make_task
from tests.support.cast import Person

pytestmark = pytest.mark.usefixtures("in_acme")
BY = Actor.system("Pruebas")
SOON = timedelta(hours=3)


def due(hours: int = 3) -> datetime:
    return timezone.now() + timedelta(hours=hours)


def test_a_task_of_a_lead_is_its_sellers_and_its_next_step(sol: Person, ana: Person) -> None:
    lead = make_lead(owner=make_seller(user=sol.user))

    task = tasks.create_task(title="  Llamar\n por el presupuesto ", due_at=due(), lead=lead, by=ana.actor)

    lead.refresh_from_db()
    assert (task.title, task.assignee_id, task.contact_id) == (
        "Llamar por el presupuesto",
        sol.user.pk,
        lead.contact_id,
    )
    assert lead.next_step_at == task.due_at


def test_without_a_seller_it_is_of_whoever_makes_it(ana: Person) -> None:
    task = tasks.create_task(title="Llamar", due_at=due(), lead=make_lead(), by=ana.actor)

    assert task.assignee_id == ana.user.pk


def test_the_system_gives_it_to_nobody() -> None:
    assert tasks.create_task(title="Llamar", due_at=due(), contact=make_contact(), by=BY).assignee_id is None


@pytest.mark.parametrize("fields", [{"title": " "}, {"title": "x" * 201}, {"kind": "fax"}])
def test_what_says_nothing_is_refused(fields: dict[str, str]) -> None:
    with pytest.raises(Invalid) as refused:
        tasks.create_task(**{"title": "Llamar", "due_at": due(), "by": BY, **fields})

    assert refused.value.fields.keys() == fields.keys()


@pytest.mark.parametrize("name", ["pia", "iris", "gus"])
def test_only_an_active_member_gets_one(cast: dict[str, Person], name: str) -> None:
    with pytest.raises(Invalid) as refused:
        tasks.create_task(title="Llamar", due_at=due(), by=BY, assignee=cast[name].user)

    assert "assignee" in refused.value.fields


def test_whoever_gets_one_is_told_and_not_by_themselves(ana: Person, sol: Person) -> None:
    task = tasks.create_task(title="Llamar", due_at=due(), by=ana.actor, assignee=sol.user, contact=make_contact())
    tasks.update_task(task=task, by=ana.actor, assignee=ana.user.pk)
    tasks.update_task(task=task, by=ana.actor, assignee=sol.user.pk)

    told = Notification.objects.values_list("user_id", "kind", "href")
    assert list(told) == [(sol.user.pk, "assigned", f"/tareas/{task.pk}/")]


def test_finishing_says_who_and_what_came_of_it(ana: Person) -> None:
    task = make_task()

    tasks.finish(task=task, by=ana.actor, outcome="Compra en marzo")
    tasks.finish(task=task, by=BY, outcome="Otra cosa")

    task.refresh_from_db()
    assert (task.done_by, task.outcome) == (ana.actor.label, "Compra en marzo")
    tasks.reopen(task=task, by=BY)
    assert (task.done_at, task.done_by, task.outcome) == (None, "", "")


def test_a_deleted_task_comes_back_the_same() -> None:
    task = make_task(detail="Detalle", remind_at=due(1))
    before = Task.objects.filter(pk=task.pk).values().get()

    kept = tasks.delete_task(task=task, by=BY)
    assert not Task.objects.filter(pk=before["id"]).exists()
    tasks.restore(kept=kept, by=BY)

    assert {**Task.objects.filter(pk=before["id"]).values().get(), "updated_at": 0} == {**before, "updated_at": 0}
    with pytest.raises(Conflict):
        tasks.restore(kept=kept, by=BY)


def test_a_task_of_somebody_erased_does_not_come_back() -> None:
    task = make_task()
    contact = task.contact
    kept = tasks.delete_task(task=task, by=BY)
    contact.delete()

    with pytest.raises(NotFound):
        tasks.restore(kept=kept, by=BY)


def test_a_new_time_to_remind_is_told_anew() -> None:
    task = make_task(remind_at=due(-1), reminded_at=timezone.now())

    tasks.update_task(task=task, by=BY, remind_at=due(1))

    task.refresh_from_db()
    assert task.reminded_at is None


ACTS = st.lists(
    st.tuples(
        st.sampled_from(["create", "finish", "reopen", "move", "delete", "restore", "explain"]),
        st.integers(0, 7),
        st.integers(1, 500),
    ),
    max_size=25,
)


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(acts=ACTS)
def test_the_next_step_never_drifts(in_acme: Tenant, acts: list[tuple[str, int, int]]) -> None:
    leads = [make_lead(), make_lead()]
    made: list[UUID] = []
    gone: list[dict[str, object]] = []
    for act, which, hours in acts:
        lead = leads[which % 2]
        row = Task.objects.filter(pk=made[which % len(made)]).first() if made else None
        if act == "create":
            made.append(tasks.create_task(title="Paso", due_at=due(hours), lead=lead, by=BY).pk)
        elif act == "explain":
            lead.refresh_from_db()
            try:
                steps.explain(lead=lead, reason="Espera", until=steps.today(), by=BY)
            except AppError:
                assert lead.next_step_at is not None
        elif act == "restore" and gone:
            tasks.restore(kept=gone.pop(), by=BY)
        elif row is not None and act == "delete":
            gone.append(tasks.delete_task(task=row, by=BY))
        elif row is not None and act == "move":
            tasks.update_task(task=row, by=BY, due_at=due(hours))
        elif row is not None and act in ("finish", "reopen"):
            {"finish": tasks.finish, "reopen": tasks.reopen}[act](task=row, by=BY)
        assert not drifted().exists()
    for lead in leads:
        lead.refresh_from_db()
        opened = list(Task.objects.open().filter(lead=lead).values_list("due_at", flat=True))
        assert lead.next_step_at == (min(opened) if opened else None)
        assert not (lead.next_step_at and lead.no_step_reason)


def drifted() -> QuerySet[Lead]:
    """Leads whose stored next step is not the first of their open tasks and coming appointments: none, unless something
    wrote past the services."""
    due_first, met_first = (
        rows.filter(lead=OuterRef("pk")).order_by().values("lead").annotate(at=Min(column)).values("at")
        for rows, column in ((Task.objects.open(), "due_at"), (AgendaEvent.objects.upcoming(), "starts_at"))
    )
    return (
        Lead.objects.annotate(first=Least(Subquery(due_first), Subquery(met_first)))
        .exclude(next_step_at=F("first"))
        .exclude(next_step_at__isnull=True, first__isnull=True)
    )


def test_drift_would_be_found() -> None:
    make_task(due_at=datetime(2027, 1, 1, tzinfo=UTC))  # past the service

    assert drifted().count() == 1

"""A lead becomes a client in one piece, once, with what is missing named, and can come back."""

from functools import partial

import pytest
from django.db import connection
from django.utils import timezone

from config.lib.errors import Conflict, Invalid, NotFound
from crm.domain import conversion as rules
from crm.models import Client, Conversion, Lead, Stage, StageChange
from crm.services import conversion, tasks
from crm.services.leads import create_lead, qualify_lead
from crm.services.moves import move_stage
from tenants.context import tenant_context
from tenants.domain.actor import Actor
from tenants.models import SystemEvent, Tenant
from tests.factories.crm import make_contact, make_lead, make_pipeline, make_seller, make_stage
from tests.support.cast import Cast, Person
from tests.support.together import at_once

BY = Actor("user", "7", "Ana")
FACTS = {"interest": "high", "budget": "100 mil", "timeline": "hoy", "needs": "remeras"}


def ready(**over: object) -> Lead:
    """A lead of whom everything is known."""
    contact = make_contact(name="Marta Giménez", email="marta@ejemplo.test")
    lead = create_lead(contact=contact, by=BY, **over)  # type: ignore[arg-type]
    return qualify_lead(lead=lead, by=BY, **FACTS)  # type: ignore[arg-type]


def again(lead: Lead) -> Lead:
    return Lead.objects.select_related("contact", "stage", "owner").get(pk=lead.pk)


def test_everything_that_is_missing_is_named_at_once(in_acme: Tenant) -> None:
    lead = make_lead(contact=make_contact(name="", phone=None))

    assert set(conversion.missing(lead)) == set(rules.DEFAULT)
    with pytest.raises(Invalid) as refused:
        conversion.convert(lead=lead, by=BY)
    assert refused.value.code == "missing"
    assert refused.value.fields["phone"] == "Falta el teléfono."
    assert not Client.objects.exists()
    assert again(lead).stage.code == "nuevo"


@pytest.mark.parametrize("name", ["interest", "budget", "timeline", "needs", "name", "phone", "email"])
def test_each_of_them_is_asked_for(in_acme: Tenant, name: str) -> None:
    lead = ready()
    holder = lead.contact if name in ("name", "phone", "email") else lead
    setattr(holder, name, None if name == "phone" else "")
    holder.save()

    assert set(conversion.missing(again(lead))) == {name}


def test_a_medium_interest_is_not_enough(in_acme: Tenant) -> None:
    lead = ready()
    qualify_lead(lead=lead, interest="medium", by=BY)

    assert set(conversion.missing(lead)) == {"interest"}


def test_a_sale_makes_a_client_and_keeps_the_history(in_acme: Tenant) -> None:
    lead = ready(owner=make_seller())
    move_stage(lead=lead, stage=Stage.objects.get(code="contactado"), by=BY)
    done = conversion.convert(lead=lead, by=BY)
    connection.run_before_commit()  # type: ignore[attr-defined]

    found = again(lead)
    client = Client.objects.get(contact=lead.contact)
    assert (found.stage.code, found.closed_at is not None, client.owner_id) == ("ganado", True, lead.owner_id)
    assert (done.client_id, done.stage_before.code, done.made_client) == (client.pk, "contactado", True)
    assert done.criteria["budget"] == "100 mil"
    changes = StageChange.objects.filter(lead=lead).order_by("at", "id").values_list("target__code", flat=True)
    assert list(changes) == ["nuevo", "contactado", "ganado"]
    assert SystemEvent.objects.filter(action="lead.converted", resource_id=str(lead.pk)).exists()


def test_open_tasks_stay(in_acme: Tenant, ana: Person) -> None:
    lead = ready()
    task = tasks.create_task(title="Enviar factura", due_at=timezone.now(), by=ana.actor, lead=lead)
    conversion.convert(lead=lead, by=BY)

    task.refresh_from_db()
    assert (task.lead_id, task.done_at) == (lead.pk, None)


def test_converting_twice_is_one_sale(in_acme: Tenant) -> None:
    lead = ready()

    assert conversion.convert(lead=lead, by=BY) == conversion.convert(lead=lead, by=BY)
    assert Conversion.objects.count() == 1


def test_a_second_sale_belongs_to_the_same_client(in_acme: Tenant) -> None:
    first = ready()
    conversion.convert(lead=first, by=BY)
    second = qualify_lead(lead=create_lead(contact=first.contact, by=BY), by=BY, **FACTS)  # type: ignore[arg-type]
    done = conversion.convert(lead=second, by=BY)

    assert Client.objects.count() == 1
    assert not done.made_client


def test_a_lost_lead_is_taken_up_again_first(in_acme: Tenant) -> None:
    lead = ready()
    move_stage(lead=lead, stage=Stage.objects.get(code="perdido"), lost_reason="Precio", by=BY)
    with pytest.raises(Conflict):
        conversion.convert(lead=lead, by=BY)


def test_a_sale_of_another_pipeline_ends_in_its_own_won_stage(in_acme: Tenant) -> None:
    pipeline = make_pipeline()
    start, won = make_stage(pipeline=pipeline), make_stage(pipeline=pipeline, kind="won")
    lead = ready(stage=start)
    conversion.convert(lead=lead, by=BY)

    assert again(lead).stage_id == won.pk


def test_a_company_chooses_what_it_wants_to_know(in_acme: Tenant) -> None:
    conversion.choose_required(names=["name", "value"], by=BY)
    in_acme.refresh_from_db()

    assert rules.chosen(in_acme.settings[conversion.SETTING]) == ("name", "value")
    with pytest.raises(Invalid):
        conversion.choose_required(names=["horoscope"], by=BY)


@pytest.mark.parametrize(("setting", "names"), [(None, rules.DEFAULT), ("x", rules.DEFAULT), ([], ()), (["x"], ())])
def test_a_setting_that_makes_no_sense_asks_for_what_is_usual(setting: object, names: tuple[str, ...]) -> None:
    assert rules.chosen(setting) == names


# --- the way back ----------------------------------------------------------------------------------------------------


def test_a_conversion_is_taken_back(in_acme: Tenant) -> None:
    lead = ready()
    done = conversion.convert(lead=lead, by=BY)
    conversion.undo(conversion=done, reason="Se arrepintió", by=BY)

    found = again(lead)
    assert (found.stage.code, found.closed_at) == ("nuevo", None)
    assert not Client.objects.exists()
    kept = Conversion.objects.get()
    assert (kept.client_id, kept.undone_by, kept.undo_reason) == (None, "Ana", "Se arrepintió")
    assert StageChange.objects.filter(lead=lead).order_by("-at", "-id")[0].reason == "Se arrepintió"


def test_taking_back_twice_changes_nothing_and_converting_again_works(in_acme: Tenant) -> None:
    lead = ready()
    done = conversion.convert(lead=lead, by=BY)
    conversion.undo(conversion=done, reason="Error", by=BY)
    conversion.undo(conversion=done, reason="Error", by=BY)
    assert StageChange.objects.filter(lead=lead).count() == 3

    assert conversion.convert(lead=lead, by=BY) != done
    assert Client.objects.count() == 1


def test_a_client_with_another_sale_stays(in_acme: Tenant) -> None:
    first = ready()
    made = conversion.convert(lead=first, by=BY)
    second = qualify_lead(lead=create_lead(contact=first.contact, by=BY), by=BY, **FACTS)  # type: ignore[arg-type]
    conversion.convert(lead=second, by=BY)
    conversion.undo(conversion=made, reason="Error", by=BY)

    assert Client.objects.count() == 1


def test_taking_back_needs_a_reason_and_a_sale(in_acme: Tenant) -> None:
    lead = ready()
    with pytest.raises(NotFound):
        conversion.current(lead)
    done = conversion.convert(lead=lead, by=BY)
    with pytest.raises(Invalid):
        conversion.undo(conversion=done, reason=" ", by=BY)
    Lead.objects.filter(pk=lead.pk).update(stage=Stage.objects.get(code="nuevo"))
    with pytest.raises(Conflict):
        conversion.undo(conversion=done, reason="Error", by=BY)


def test_sixteen_people_at_once_make_one_sale(live_tenants: Cast) -> None:
    inside = partial(tenant_context, live_tenants.acme)
    with inside():
        lead = ready()

    def convert() -> object:
        return conversion.convert(lead=Lead.objects.get(pk=lead.pk), by=BY).pk

    assert len(set(at_once([convert] * 16, inside))) == 1
    with inside():
        assert (Client.objects.count(), Conversion.objects.count()) == (1, 1)
        assert StageChange.objects.filter(lead=lead, target__code="ganado").count() == 1

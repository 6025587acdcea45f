"""Pipelines, stages and steps: made, changed, ordered and taken away without losing a lead or its history."""

import pytest
from django.db import IntegrityError, transaction

from config.lib.errors import Conflict, Invalid
from crm.domain.pipeline import free_code
from crm.models import Lead, LostReason, Pipeline, Stage, StageChange, StageTransition
from crm.services import pipelines, stages
from crm.services.leads import create_lead
from crm.services.moves import move_stage, possible_stages
from crm.services.stages import Step
from tenants.domain.actor import Actor
from tenants.models import Tenant
from tests.factories.crm import make_contact, make_lead

BY = Actor("user", "7", "Ana")


def stage(code: str) -> Stage:
    return Stage.objects.select_related("pipeline").get(code=code)


def names(pipeline: Pipeline) -> list[str]:
    return list(
        Stage.objects.filter(pipeline=pipeline, is_active=True).order_by("position").values_list("name", flat=True)
    )


@pytest.fixture
def rentals(in_acme: Tenant) -> Pipeline:
    return pipelines.create_pipeline(name="Alquileres", noun="reserva", nouns="reservas", by=BY)


def test_a_new_pipeline_can_be_used_at_once(rentals: Pipeline) -> None:
    lead = create_lead(contact=make_contact(), pipeline=rentals, by=BY)

    assert names(rentals) == ["Nuevo", "Ganado", "Perdido"]
    assert lead.stage.pipeline_id == rentals.pk
    assert [each.name for each in possible_stages(lead)] == ["Perdido"]
    assert not rentals.is_default


def test_two_stages_of_one_name_have_codes_of_their_own(rentals: Pipeline) -> None:
    codes = list(Stage.objects.filter(name="Nuevo").values_list("code", flat=True))
    assert sorted(codes) == ["nuevo", "nuevo-2"]


@pytest.mark.parametrize(
    ("name", "taken", "code"),
    [
        ("Reunión", [], "reunion"),
        ("Reunión", ["reunion", "reunion-2"], "reunion-3"),
        ("¿?", [], "etapa"),
        ("x" * 90, [], "x" * 34),
    ],
)
def test_codes_are_plain_and_free(name: str, taken: list[str], code: str) -> None:
    assert free_code(name, taken) == code


def test_only_one_pipeline_is_the_main_one(rentals: Pipeline) -> None:
    pipelines.make_default(pipeline=rentals, by=BY)

    assert Pipeline.objects.get(is_default=True) == rentals
    assert create_lead(contact=make_contact(), by=BY).stage.pipeline_id == rentals.pk
    with pytest.raises(Invalid):
        pipelines.update_pipeline(pipeline=rentals, is_active=False, by=BY)


def test_a_pipeline_goes_only_while_no_lead_passed_through(rentals: Pipeline) -> None:
    create_lead(contact=make_contact(), pipeline=rentals, by=BY)
    with pytest.raises(Conflict), transaction.atomic():
        pipelines.remove_pipeline(pipeline=rentals, by=BY)
    assert Stage.objects.filter(pipeline=rentals).count() == 3

    other = pipelines.create_pipeline(name="Otra", by=BY)
    pipelines.remove_pipeline(pipeline=other, by=BY)
    assert not Pipeline.objects.filter(name="Otra").exists()
    with pytest.raises(Conflict):
        pipelines.remove_pipeline(pipeline=pipelines.main(), by=BY)


def test_a_stage_comes_after_those_of_its_kind(rentals: Pipeline) -> None:
    stages.create_stage(pipeline=rentals, name="Visita", by=BY)

    assert names(rentals) == ["Nuevo", "Visita", "Ganado", "Perdido"]


def test_stages_are_put_in_order(in_acme: Tenant) -> None:
    main = pipelines.main()
    ids = list(Stage.objects.filter(pipeline=main).order_by("-position").values_list("pk", flat=True))
    stages.order_stages(pipeline=main, ids=ids, by=BY)

    assert names(main)[0] == "Perdido"


def test_another_stage_may_become_the_first(in_acme: Tenant) -> None:
    stages.update_stage(stage=stage("contactado"), is_initial=True, by=BY)

    assert create_lead(contact=make_contact(), by=BY).stage.code == "contactado"
    with pytest.raises(Invalid):
        stages.update_stage(stage=stage("contactado"), is_initial=False, by=BY)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("name", " "),
        ("name", "x" * 81),
        ("color", "infrared"),
        ("probability", 101),
        ("cold_after_days", -1),
        ("kind", "hot"),
    ],
)
def test_a_wrong_stage_is_refused_with_its_field(in_acme: Tenant, field: str, value: object) -> None:
    with pytest.raises(Invalid) as refused:
        stages.update_stage(stage=stage("contactado"), by=BY, **{field: value})
    assert field in refused.value.fields


def test_the_kind_of_a_stage_with_leads_stays(in_acme: Tenant) -> None:
    make_lead(stage=stage("contactado"))
    with pytest.raises(Conflict):
        stages.update_stage(stage=stage("contactado"), kind="lost", by=BY)


def test_a_stage_with_leads_goes_only_when_they_have_somewhere_to_go(in_acme: Tenant) -> None:
    lead = make_lead()
    move_stage(lead=lead, stage=stage("contactado"), by=BY)
    with pytest.raises(Conflict) as refused:
        stages.remove_stage(stage=stage("contactado"), by=BY)
    assert "move_to" in refused.value.fields
    with pytest.raises(Invalid):
        stages.remove_stage(stage=stage("contactado"), move_to=stage("perdido"), by=BY)

    stages.remove_stage(stage=stage("contactado"), move_to=stage("calificado"), by=BY)

    assert Lead.objects.get(pk=lead.pk).stage.code == "calificado"
    assert not stage("contactado").is_active
    assert not StageTransition.objects.filter(target__code="contactado").exists()
    told = StageChange.objects.filter(lead=lead).order_by("-at", "-id")[0]
    assert (told.source and told.source.name, told.reason) == ("Contactado", "Se quitó la etapa «Contactado»")


def test_a_stage_that_nothing_passed_through_is_deleted(rentals: Pipeline) -> None:
    made = stages.create_stage(pipeline=rentals, name="Visita", by=BY)
    stages.remove_stage(stage=made, by=BY)

    assert not Stage.objects.filter(pk=made.pk).exists()
    with pytest.raises(Conflict):
        stages.remove_stage(stage=Stage.objects.get(pipeline=rentals, is_initial=True), by=BY)


def test_a_lost_lead_stays_lost_as_it_was_when_its_stage_goes(in_acme: Tenant) -> None:
    other = stages.create_stage(pipeline=pipelines.main(), name="Descartado", kind="lost", by=BY)
    lead = make_lead()
    move_stage(lead=lead, stage=stage("perdido"), lost_reason="Precio", by=BY)
    closed = Lead.objects.get(pk=lead.pk).closed_at
    stages.remove_stage(stage=stage("perdido"), move_to=other, by=BY)

    found = Lead.objects.get(pk=lead.pk)
    assert (found.stage_id, found.lost_reason, found.closed_at) == (other.pk, "Precio", closed)


def test_exactly_the_given_steps_are_permitted(rentals: Pipeline) -> None:
    visit = stages.create_stage(pipeline=rentals, name="Visita", by=BY)
    start = Stage.objects.get(pipeline=rentals, is_initial=True)
    stages.set_steps(
        pipeline=rentals, steps=[Step(start.pk, visit.pk, label="Agendar visita", approver_role="ceo")], by=BY
    )
    lead = create_lead(contact=make_contact(), pipeline=rentals, by=BY)

    assert possible_stages(lead) == [visit]
    assert StageTransition.objects.get(source=start).label == "Agendar visita"


def test_steps_that_make_no_sense_are_refused(rentals: Pipeline) -> None:
    start = Stage.objects.get(pipeline=rentals, is_initial=True)
    won = Stage.objects.get(pipeline=rentals, kind="won")
    lost = Stage.objects.get(pipeline=rentals, kind="lost")
    for wrong in (
        Step(start.pk, start.pk),
        Step(start.pk, won.pk),
        Step(won.pk, start.pk),
        Step(start.pk, stage("contactado").pk),
        Step(start.pk, lost.pk, approver_role="nobody"),
    ):
        with pytest.raises(Invalid):
            stages.set_steps(pipeline=rentals, steps=[wrong], by=BY)


def test_reasons_for_losing_are_offered_once_each(in_acme: Tenant) -> None:
    made = pipelines.save_reason(name="Sin presupuesto", by=BY)
    with pytest.raises(Conflict):
        pipelines.save_reason(name="sin PRESUPUESTO", by=BY)
    pipelines.save_reason(reason=made, is_active=False, by=BY)
    assert not LostReason.objects.get(pk=made.pk).is_active

    pipelines.remove_reason(reason=made, by=BY)
    assert not LostReason.objects.filter(name="Sin presupuesto").exists()


def test_a_pipeline_has_one_first_stage_even_by_force(in_acme: Tenant) -> None:
    with pytest.raises(IntegrityError), transaction.atomic():
        Stage.objects.filter(code="contactado").update(is_initial=True)

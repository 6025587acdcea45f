"""What is done with an appointment, and booking one, as somebody without scripts does it."""

import json
import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from crm.agenda import offers as signed
from crm.models import AgendaEvent
from tenants.context import tenant_context
from tenants.models import Tenant
from tests.factories.agenda import make_event
from tests.factories.crm import make_seller
from tests.support.agenda import HOURS, again, at, day_of, seller_of, text
from tests.support.cast import Person

ClientAs = Callable[..., Client]


# --- acts -------------------------------------------------------------------------------------------------------
def test_confirming_cancelling_and_editing_are_plain_forms(
    client_as: ClientAs, acme: Tenant, booked: AgendaEvent
) -> None:
    sol, home = client_as("sol"), f"/agenda/citas/{booked.pk}/"

    assert sol.post(f"{home}confirmar/", {"next": "/agenda/?ver=dia"})["Location"] == "/agenda/?ver=dia"
    assert again(acme, booked).status == "confirmed"
    sol.post(f"{home}editar/", {"title": "Primera visita", "place": "San Martín 100", "note": "Trae a su socio"})
    page = text(sol.get(home))
    for words in ("Primera visita", "San Martín 100", "Trae a su socio", "Confirmada"):
        assert words in page
    sol.post(f"{home}cancelar/", {"reason": "Viaja"})
    event = again(acme, booked)
    assert (event.status, event.cancel_reason) == ("cancelled", "Viaja")
    assert f"{home}mover/" not in text(sol.get(home))


def test_too_long_words_come_back_with_the_form(client_as: ClientAs, acme: Tenant, booked: AgendaEvent) -> None:
    answer = client_as("sol").post(f"/agenda/citas/{booked.pk}/editar/", {"title": "x" * 201, "note": "se conserva"})

    assert answer.status_code == 422
    assert "se conserva" in text(answer)
    assert again(acme, booked).title == ""


@pytest.mark.parametrize(("word", "status"), [("yes", "done"), ("no", "no_show")])
def test_the_outcome_is_asked_once_it_has_begun(
    client_as: ClientAs, acme: Tenant, booked: AgendaEvent, word: str, status: str
) -> None:
    sol, home = client_as("sol"), f"/agenda/citas/{booked.pk}/"
    assert "¿Vino?" not in text(sol.get(home))
    with tenant_context(acme):
        begun = make_event(seller=booked.seller, starts_at=timezone.now() - timedelta(hours=2))
    past = f"/agenda/citas/{begun.pk}/"
    assert "¿Vino?" in text(sol.get(past))

    sol.post(f"{past}resultado/", {"came": word, "outcome": "Pide presupuesto"})

    event = again(acme, begun)
    assert (event.status, event.outcome) == (status, "Pide presupuesto")
    assert sol.post(f"{past}resultado/", {"came": "quizás"}).status_code == 422


def test_a_drag_is_answered_in_json(client_as: ClientAs, acme: Tenant, booked: AgendaEvent) -> None:
    sol, home = client_as("sol"), f"/agenda/citas/{booked.pk}/mover/"
    wanted = at(acme, 14)
    said = {"start": wanted.replace(tzinfo=None).isoformat(), "seen": booked.starts_at.isoformat()}

    answer = sol.post(home, said, headers={"Accept": "application/json"})

    assert answer.status_code == 200, answer.content
    assert json.loads(answer.content)["moved"] is True
    event = again(acme, booked)
    assert (event.starts_at, event.ends_at, event.moves) == (wanted, wanted + timedelta(hours=1), 1)
    stale = sol.post(home, said, headers={"Accept": "application/json"})
    assert stale.status_code == 409
    assert "ya la movió" in json.loads(stale.content)["text"]
    nonsense = sol.post(home, {"start": "luego"}, headers={"Accept": "application/json"})
    assert nonsense.status_code == 422


def test_a_drag_onto_a_taken_time_is_refused_in_words(client_as: ClientAs, acme: Tenant, booked: AgendaEvent) -> None:
    with tenant_context(acme):
        make_event(seller=booked.seller, starts_at=at(acme, 14))
    said = {"start": at(acme, 14, minute=30).replace(tzinfo=None).isoformat()}

    answer = client_as("sol").post(f"/agenda/citas/{booked.pk}/mover/", said, headers={"Accept": "application/json"})

    assert answer.status_code == 409
    said = json.loads(answer.content)
    assert (said["moved"], said["code"]) == (False, "slot_taken")
    assert re.fullmatch(r"Ese horario ya no está libre\. Libres cerca: (.+ \(Sol\)(; )?){3}\.", said["text"])
    assert again(acme, booked).starts_at == booked.starts_at


def offers(answer: Any, name: str = "offer") -> list[str]:
    """In order of time; the first may begin this very moment."""
    return re.findall(rf'name="{name}" value="([^"]+)"', answer.content.decode())


def test_moving_by_form_offers_free_times_and_takes_any_other(
    client_as: ClientAs, acme: Tenant, booked: AgendaEvent
) -> None:
    sol, home = client_as("sol"), f"/agenda/citas/{booked.pk}/mover/"
    found = offers(sol.get(home))
    assert len(found) > 8

    assert sol.post(home, {"offer": found[3]}).status_code == 302
    assert again(acme, booked).moves == 1
    sol.post(home, {"start": at(acme, 20).strftime("%Y-%m-%dT%H:%M")})  # out of hours: people may
    assert again(acme, booked).starts_at == at(acme, 20)
    assert sol.post(home, {"start": ""}).status_code == 422


# --- booking ----------------------------------------------------------------------------------------------------
def test_a_contact_is_looked_for_and_then_a_free_time_is_one_press(
    client_as: ClientAs, acme: Tenant, booked: AgendaEvent
) -> None:
    sol = client_as("sol")
    found = sol.get("/agenda/nueva/?q=gimenez").context["found"]
    assert [str(contact) for contact, _href in found] == ["Marta Giménez"]
    page = sol.get(found[0][1])
    offer = offers(page)[-1]

    answer = sol.post("/agenda/nueva/", {"contact": booked.contact_id, "offer": offer, "note": "Por teléfono"})
    twice = sol.post("/agenda/nueva/", {"contact": booked.contact_id, "offer": offer})

    assert answer.status_code == twice.status_code == 302
    with tenant_context(acme):
        event = AgendaEvent.objects.exclude(pk=booked.pk).get()
        assert (event.contact_id, event.source, event.note) == (booked.contact_id, "page", "Por teléfono")
        assert event.lead_id == booked.lead_id


def test_whom_it_falls_to_is_decided_when_it_is_booked(client_as: ClientAs, acme: Tenant, booked: AgendaEvent) -> None:
    with tenant_context(acme):
        make_seller(name="Abel", working_hours=HOURS)
    ana = client_as("ana")
    page = ana.get(f"/agenda/nueva/?contact={booked.contact_id}&fecha={day_of(at(acme, 10, days=2))}")
    when = offers(page, "at")[-1]

    for _again in range(2):
        assert ana.post("/agenda/nueva/", {"contact": booked.contact_id, "at": when}).status_code == 302

    with tenant_context(acme):
        event = AgendaEvent.objects.exclude(pk=booked.pk).get()
        assert (event.seller_id, event.why["code"]) == (booked.seller_id, "owner")


def test_the_loser_of_a_race_gets_three_alternatives(client_as: ClientAs, acme: Tenant, booked: AgendaEvent) -> None:
    sol = client_as("sol")
    page = sol.get(f"/agenda/nueva/?contact={booked.contact_id}&seller={booked.seller_id}")
    offer = offers(page)[-1]
    with tenant_context(acme):
        said = signed.read(offer)
        make_event(seller=booked.seller, starts_at=said.start, ends_at=said.end)

    answer = sol.post(
        "/agenda/nueva/", {"contact": booked.contact_id, "seller": booked.seller_id, "offer": offer, "note": "sigue"}
    )

    assert answer.status_code == 409
    assert "Ese horario ya no está libre." in text(answer)
    assert len(answer.context["alternatives"]) == 3
    assert "sigue" in text(answer)
    again_ = sol.post(
        "/agenda/nueva/", {"contact": booked.contact_id, "offer": answer.context["alternatives"][0].value}
    )
    assert again_.status_code == 302


def test_a_free_choice_takes_any_time_but_a_taken_one(client_as: ClientAs, acme: Tenant, booked: AgendaEvent) -> None:
    sol = client_as("sol")
    said = {
        "contact": booked.contact_id,
        "act": "free",
        "free-seller": booked.seller_id,
        "free-start": at(acme, 21).strftime("%Y-%m-%dT%H:%M"),
        "free-minutes": "30",
        "free-title": "Llamada",
    }

    assert sol.post("/agenda/nueva/", said).status_code == 302
    taken = sol.post("/agenda/nueva/", said)
    missing = sol.post("/agenda/nueva/", {**said, "free-start": ""})

    assert taken.status_code == 409
    assert "Ese horario ya no está libre." in text(taken)
    assert missing.status_code == 422
    assert "Llamada" in text(missing)
    with tenant_context(acme):
        event = AgendaEvent.objects.get(title="Llamada")
        assert event.ends_at - event.starts_at == timedelta(minutes=30)


def test_time_of_ones_own_needs_no_contact(client_as: ClientAs, acme: Tenant, sol: Person) -> None:
    with tenant_context(acme):
        seller = seller_of(sol)
    browser = client_as("sol")
    page = browser.get("/agenda/nueva/?tipo=ocupado")
    assert str(page.context["form"].initial["seller"]) == str(seller.pk)
    said = {"tipo": "ocupado", "act": "free", "free-seller": seller.pk, "free-title": "Almuerzo"}

    browser.post("/agenda/nueva/", {**said, "free-start": at(acme, 13).strftime("%Y-%m-%dT%H:%M")})

    with tenant_context(acme):
        event = AgendaEvent.objects.get()
        assert (event.kind, event.contact_id, event.title) == ("busy", None, "Almuerzo")


def test_a_booking_without_a_person_asks_for_one(client_as: ClientAs, acme: Tenant, sol: Person) -> None:
    with tenant_context(acme):
        seller = seller_of(sol)
    said = {"act": "free", "free-seller": seller.pk, "free-start": at(acme, 13).strftime("%Y-%m-%dT%H:%M")}

    answer = client_as("sol").post("/agenda/nueva/", said)

    assert answer.status_code == 409
    assert "Falta elegir para quién es la cita." in text(answer)


def test_somebody_elses_contact_cannot_be_booked_for(client_as: ClientAs, acme: Tenant, booked: AgendaEvent) -> None:
    assert client_as("teo").get(f"/agenda/nueva/?contact={booked.contact_id}").status_code == 404
    assert client_as("teo").get(f"/agenda/nueva/?lead={booked.lead_id}").status_code == 404

"""Booking, moving and cancelling: what was offered, to the person who writes, and nobody else's."""

import json
from datetime import timedelta

import pytest
import time_machine
from django.db import connection

from agents.models import AgentRun
from agents.templates import AGENDA
from config.lib.ids import uuid7
from crm.models import AgendaEvent, Contact
from tenants.context import tenant_context
from tenants.live.models import LiveEvent
from tests.agents.services.story import make_story
from tests.agents.tools.agenda import HOURS, NOW, at, desk_of, look, rows, told, use
from tests.factories.agenda import make_block, make_calendar, make_event, make_service
from tests.factories.crm import make_contact, make_seller

pytestmark = pytest.mark.usefixtures("monday")


class TestBooking:
    def test_the_chosen_time_is_booked_in_one_step_with_a_receipt_and_a_live_event(self, acme, story, desk):
        look(desk)
        done = use(desk, "book_appointment", choice="la segunda", note="Instalación")
        (event,) = rows(acme)
        assert (event.contact_id, event.source, event.note) == (story.conversation.contact_id, "agent", "Instalación")
        assert event.starts_at > NOW
        assert done.receipt.kind == "booking"
        assert done.receipt.text.startswith("Agendó: martes 24 de noviembre")
        assert done.receipt.text.endswith("con Sol")
        connection.run_before_commit()
        with tenant_context(acme):
            assert LiveEvent.objects.filter(type="NEW_APPOINTMENT", data__id=str(event.pk)).count() == 1

    def test_it_is_refused_until_the_interest_is_classified(self, acme, story, sol_sells):
        desk = desk_of(acme, story)
        look(desk)
        refused = use(desk, "book_appointment", choice="1")
        assert (refused.data["missing"], rows(acme)) == (["interest"], [])
        assert use(desk, "qualify_lead", interest="high").ok
        assert use(desk, "book_appointment", choice="1").ok

    def test_a_new_patient_of_a_clinic_says_first_who_they_are(self, acme, story, desk):
        acme.trade = "clinic"
        look(desk)
        assert use(desk, "book_appointment", choice="1").data["missing"] == ["name", "document", "insurance", "phone"]
        with tenant_context(acme):
            told_us = {"document": "30111222", "insurance": "OSDE"}
            Contact.objects.filter(pk=story.conversation.contact_id).update(
                name="Nora Gil", phone="+5491155550301", custom=told_us
            )
        assert use(desk, "book_appointment", choice="1").ok

    def test_a_known_patient_is_not_asked_again(self, acme, story, desk, sol_sells):
        acme.trade = "clinic"
        with tenant_context(acme):
            contact = Contact.objects.get(pk=story.conversation.contact_id)
            make_event(seller=sol_sells, contact=contact, starts_at=at(2, 10), status="done")
        look(desk)
        assert use(desk, "book_appointment", choice="1").ok

    def test_asked_again_in_a_later_turn_it_tells_the_own_booking(self, acme, story, desk):
        look(desk)
        use(desk, "book_appointment", choice="1")
        told(acme, desk)
        again = use(desk_of(acme, story, sequence=2), "book_appointment", choice="1")
        assert (again.ok, again.data["already"], again.receipt.kind) == (True, True, "booking")
        assert len(rows(acme)) == 1

    def test_another_one_besides_is_booked_only_when_it_is_wanted(self, acme, story, desk):
        look(desk)
        use(desk, "book_appointment", choice="1")
        told(acme, desk)
        later = desk_of(acme, story, sequence=2)
        assert use(later, "book_appointment", choice="3").data["why"] == "has_one"
        assert use(later, "book_appointment", choice="3", additional=True).ok
        assert len(rows(acme)) == 2

    def test_the_loser_of_a_race_gets_other_times_and_hears_of_nobody(self, acme, story, desk, sol_sells):
        look(desk, "mañana a las 15")
        with tenant_context(acme):
            make_event(seller=sol_sells, contact=make_contact(name="Marta López"), starts_at=at(24, 15))
        lost = use(desk, "book_appointment", choice="1")
        assert (lost.ok, lost.data["why"], len(lost.data["options"])) == (False, "slot_taken", 3)
        assert "Marta" not in json.dumps(lost.as_json())
        assert use(desk, "book_appointment", choice="2").ok
        assert len(rows(acme, contact_id=story.conversation.contact_id)) == 1

    def test_a_block_that_google_wrote_meanwhile_loses_too(self, acme, desk, sol_sells):
        look(desk, "mañana a las 15")
        with tenant_context(acme):
            make_block(calendar=make_calendar(seller=sol_sells), starts_at=at(24, 15))
        assert not use(desk, "book_appointment", choice="1").ok

    def test_an_offer_that_is_too_old_is_looked_up_again(self, acme, story, desk):
        look(desk)
        told(acme, desk)
        with time_machine.travel(NOW + timedelta(hours=1), tick=True):
            refused = use(desk_of(acme, story, sequence=2), "book_appointment", choice="1")
        assert refused.data["why"] == "offer_expired"
        assert rows(acme) == []

    def test_nothing_is_booked_that_was_not_offered_here(self, acme, story, desk, sol_sells):
        assert use(desk, "book_appointment", choice="1").data["why"] == "nothing_offered"
        other = desk_of(acme, make_story(acme, name="Otra", phone=None, email=""))
        look(other)
        assert use(desk, "book_appointment", choice="1").data["why"] == "nothing_offered"
        assert use(desk, "book_appointment", choice=other.context.run_id.hex).data["why"] == "nothing_offered"
        assert rows(acme) == []

    def test_a_list_that_nobody_was_told_of_does_not_count(self, acme, story, desk):
        look(desk, "mañana a las 9")
        told(acme, desk)
        unsaid = desk_of(acme, story, sequence=2)
        look(unsaid, "el jueves a las 17")
        with tenant_context(acme):
            AgentRun.objects.filter(pk=unsaid.context.run_id).update(status=AgentRun.Status.SUPERSEDED)
        use(desk_of(acme, story, sequence=3), "book_appointment", choice="1")
        assert [event.starts_at for event in rows(acme)] == [at(24, 9)]

    @pytest.mark.parametrize(
        ("choice", "why"), [("el martes", "which_one"), ("no, ninguna", "none_chosen"), ("99", "none_chosen")]
    )
    def test_words_that_choose_none_or_several_are_asked_back(self, acme, desk, choice, why):
        look(desk)
        assert use(desk, "book_appointment", choice=choice).data["why"] == why
        assert rows(acme) == []

    @pytest.mark.parametrize("tool", AGENDA[1:])
    def test_ids_and_offers_of_the_models_own_are_refused(self, acme, desk, tool):
        look(desk)
        for name in ("contact_id", "contact", "offer", "event", "id", "seller_id", "tenant"):
            assert not use(desk, tool, choice="1", **{name: str(uuid7())}).ok
        assert rows(acme) == []


class TestOwnAppointments:
    @pytest.fixture
    def mine(self, acme, story, sol_sells):
        with tenant_context(acme):
            contact = Contact.objects.get(pk=story.conversation.contact_id)
            return make_event(seller=sol_sells, contact=contact, starts_at=at(25, 10))

    def test_they_are_told_and_nobody_elses(self, acme, desk, mine, sol_sells):
        with tenant_context(acme):
            make_event(seller=sol_sells, contact=make_contact(name="Marta"), starts_at=at(26, 10))
        found = use(desk, "my_appointments")
        (own,) = found.data["appointments"]
        assert ("25 de noviembre" in own["when"], own["with"], found.receipt.kind) == (True, "Sol", "appointments")

    def test_without_any_there_is_no_proof_of_one(self, desk):
        found = use(desk, "my_appointments")
        assert (found.ok, found.data["appointments"], found.receipt) == (True, [], None)

    def test_it_moves_to_an_offered_time_with_the_same_seller_first(self, acme, desk, mine):
        with tenant_context(acme):
            make_seller(name="Ana", working_hours=HOURS)
        assert {each["with"] for each in look(desk, "el jueves", change=True).data["options"]} == {"Sol"}
        moved = use(desk, "reschedule_appointment", choice="1")
        assert (moved.ok, moved.receipt.kind) == (True, "booking_move")
        (event,) = rows(acme)
        assert (event.pk, event.starts_at, event.moves) == (mine.pk, at(26, 9), 1)

    def test_it_may_move_over_its_own_time(self, acme, desk, mine):
        with tenant_context(acme):
            make_service(name="Visita", step_minutes=30)
            AgendaEvent.objects.update(service=None)
        look(desk, "el miércoles a las 10:30", service="visita", change=True)
        assert use(desk, "reschedule_appointment", choice="1").ok
        assert rows(acme)[0].starts_at == at(25, 10, 30)

    def test_the_only_one_is_cancelled_and_a_second_time_there_is_none(self, acme, story, desk, mine):
        done = use(desk, "cancel_appointment", reason="Viajo")
        assert (done.ok, done.receipt.kind) == (True, "booking_cancel")
        assert rows(acme)[0].status == "cancelled"
        assert use(desk, "cancel_appointment", reason="otra vez").data == done.data, "once in a turn"
        later = desk_of(acme, story, sequence=2)
        assert use(later, "cancel_appointment", reason="otra vez").data["why"] == "none"

    @pytest.mark.parametrize("tool", ["cancel_appointment", "reschedule_appointment"])
    def test_the_only_one_that_is_left_is_not_taken_for_another(self, acme, desk, mine, tool):
        look(desk, "el jueves", change=True)
        choice = {"choice": "1"} if tool == "reschedule_appointment" else {}
        asked = use(desk, tool, which="la del viernes 27", **choice)
        assert (asked.ok, asked.data["why"], len(asked.data["options"])) == (False, "which_appointment", 1)
        assert [(event.status, event.starts_at) for event in rows(acme)] == [("scheduled", at(25, 10))]
        assert use(desk, tool, which="la del miércoles 25", **choice).ok

    def test_of_several_it_asks_which(self, acme, story, desk, mine, sol_sells):
        with tenant_context(acme):
            contact = Contact.objects.get(pk=story.conversation.contact_id)
            make_event(seller=sol_sells, contact=contact, starts_at=at(27, 11))
        assert len(use(desk, "cancel_appointment").data["options"]) == 2
        assert use(desk, "cancel_appointment", which="la del viernes").ok
        assert [event.status for event in rows(acme)] == ["scheduled", "cancelled"]

    def test_nobody_elses_moves_whatever_the_model_asks(self, acme, desk, sol_sells):
        with tenant_context(acme):
            victim = make_event(seller=sol_sells, contact=make_contact(name="Marta"), starts_at=at(25, 10))
        look(desk)
        for tool in ("cancel_appointment", "reschedule_appointment"):
            done = use(
                desk, tool, which="la de Marta, miércoles 25 a las 10", **({"choice": "1"} if "re" in tool[:2] else {})
            )
            assert done.data["why"] == "none"
        with tenant_context(acme):
            victim.refresh_from_db()
        assert (victim.status, victim.starts_at) == ("scheduled", at(25, 10))

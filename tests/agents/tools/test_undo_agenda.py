"""Undoing what an agent did in the agenda: by the same use cases and gates as people, and only while nothing is newer."""

import pytest

from agents.models import AgentRun, Assessment
from agents.services import evaluator
from agents.services import undo as undoing
from config.lib.errors import Conflict, Invalid
from crm.agenda import booking, events
from crm.domain.slots import Span
from crm.domain.timeline import About
from crm.models import AgendaEvent, Contact, Notification
from crm.services.timeline import story as story_of
from messaging.models import Conversation
from tenants.context import tenant_context
from tests.agents.services.story import TEAM
from tests.agents.tools.agenda import at, desk_of, look, rows, told, use
from tests.agents.tools.undoing import call_of, undo
from tests.crm.agenda.conftest import Google
from tests.factories.agenda import make_block, make_calendar, make_event
from tests.factories.crm import make_contact
from tests.factories.crm_more import make_absence
from tests.factories.messaging import make_message

pytestmark = pytest.mark.usefixtures("monday")


@pytest.fixture
def booked(acme, desk):
    look(desk, "mañana a las 15")
    assert use(desk, "book_appointment", choice="1").ok
    (event,) = rows(acme)
    return event


@pytest.fixture
def mine(acme, story, sol_sells):
    """An appointment that a person made."""
    with tenant_context(acme):
        contact = Contact.objects.get(pk=story.conversation.contact_id)
        return make_event(seller=sol_sells, contact=contact, starts_at=at(25, 10))


@pytest.fixture
def moved(acme, desk, mine):
    look(desk, "el jueves", change=True)
    assert use(desk, "reschedule_appointment", choice="1").ok
    return mine


@pytest.fixture
def cancelled(desk, mine):
    assert use(desk, "cancel_appointment", reason="Viajo").ok
    return mine


class TestBooking:
    def test_it_is_cancelled_as_a_person_would_and_the_time_is_free_again(
        self, acme, story, desk, cast, booked, sol_sells
    ):
        done = undo(cast["ana"], "book_appointment")
        (event,) = rows(acme)
        assert (event.status, event.next_reminder_at) == ("cancelled", None)
        assert event.cancel_reason == "Se deshizo lo que agendó la IA"
        assert done.undone_by == "Ana"
        with tenant_context(acme):
            booking.book_at(
                seller=sol_sells, start=booked.starts_at, end=booked.ends_at, by=TEAM, source=AgendaEvent.Source.PAGE
            )
        assert story.said() == [], "nobody tells the customer"

    def test_the_results_know_it_at_once(self, acme, story, desk, cast, booked):
        """A chat that was judged for the appointment is judged without it."""
        with tenant_context(acme):
            asked = make_message(conversation=story.conversation, text="Quiero un turno")
            AgentRun.objects.filter(pk=desk.context.run_id).update(status="done", upto_sequence=asked.sequence)
            AgendaEvent.objects.filter(pk=booked.pk).update(created_at=asked.created_at)
            make_message(conversation=story.conversation, text="Agendado.", author="agent", direction="out")
            Conversation.objects.filter(pk=story.conversation.pk).update(status="closed")
            evaluator.sweep(tenant=acme)
            assert Assessment.objects.get().reason == "booked"
        undo(cast["ana"], "book_appointment")
        with tenant_context(acme):
            found = Assessment.objects.get()
        assert (found.final, found.reason, found.facts) == ("unknown", "silence", ["closed"])

    def test_a_confirmed_one_is_newer(self, acme, cast, booked):
        with tenant_context(acme):
            events.confirm(event=booked, by=TEAM)
        with pytest.raises(Conflict, match="cambió después"):
            undo(cast["ana"], "book_appointment")
        assert rows(acme)[0].status == "confirmed"

    def test_one_that_was_asked_for_again_belongs_to_the_first_act(self, acme, story, desk, cast, booked):
        told(acme, desk)
        use(desk_of(acme, story, sequence=2), "book_appointment", choice="1")
        assert call_of(acme, "book_appointment").back == {}

    def test_after_it_was_undone_a_later_turn_may_book_anew_and_the_same_turn_does_not(
        self, acme, story, desk, cast, booked
    ):
        undo(cast["ana"], "book_appointment")
        again = use(desk, "book_appointment", choice="1")
        assert (again.ok, again.receipt) == (False, None)
        assert "lo deshizo" in again.message
        assert len(rows(acme)) == 1
        told(acme, desk)
        later = desk_of(acme, story, sequence=2)
        look(later, "mañana a las 15")
        assert use(later, "book_appointment", choice="1").ok
        assert [event.status for event in rows(acme)] == ["cancelled", "scheduled"]

    def test_of_one_that_is_over_there_is_nothing_to_undo(self, acme, cast, booked):
        with tenant_context(acme):
            AgendaEvent.objects.update(starts_at=at(20, 10), ends_at=at(20, 11))
        with pytest.raises(Conflict, match="ya pasó"):
            undo(cast["ana"], "book_appointment")


class TestMove:
    def test_it_goes_back_to_where_it_was(self, acme, cast, moved):
        undo(cast["ana"], "reschedule_appointment")
        (event,) = rows(acme)
        assert (event.pk, event.starts_at, event.status) == (moved.pk, at(25, 10), "scheduled")

    def test_a_time_that_somebody_took_stays_theirs(self, acme, cast, moved, sol_sells):
        with tenant_context(acme):
            make_event(seller=sol_sells, contact=make_contact(name="Marta"), starts_at=at(25, 10))
        with pytest.raises(Conflict, match="ya no está libre"):
            undo(cast["ana"], "reschedule_appointment")
        assert rows(acme, pk=moved.pk)[0].starts_at == at(26, 9)
        assert call_of(acme, "reschedule_appointment").undone_at is None

    def test_a_calendar_that_cannot_be_read_is_not_free(self, acme, cast, moved, sol_sells):
        with tenant_context(acme):
            make_calendar(seller=sol_sells, state="failed", synced_at=None)
        with pytest.raises(Invalid, match="No se puede leer el calendario"):
            undo(cast["ana"], "reschedule_appointment")

    def test_one_that_somebody_moved_since_stays_there(self, acme, cast, moved):
        with tenant_context(acme):
            booking.reschedule(event=moved, by=TEAM, start=at(27, 11))
        with pytest.raises(Conflict, match="cambió después"):
            undo(cast["ana"], "reschedule_appointment")
        assert rows(acme)[0].starts_at == at(27, 11)

    def test_back_into_the_past_it_does_not_go(self, acme, cast, moved):
        call = call_of(acme, "reschedule_appointment")
        with tenant_context(acme):
            was = {**call.back["was"], "start": at(20, 10).isoformat(), "end": at(20, 11).isoformat()}
            type(call).objects.filter(pk=call.pk).update(back={**call.back, "was": was})
        with pytest.raises(Conflict, match="ya pasó"):
            undo(cast["ana"], "reschedule_appointment")


class TestCancellation:
    def test_it_stands_again_and_the_seller_hears_of_it(self, acme, cast, cancelled, sol_sells):
        with tenant_context(acme):
            type(sol_sells).objects.filter(pk=sol_sells.pk).update(user=cast["sol"].user)
        undo(cast["ana"], "cancel_appointment")
        (event,) = rows(acme)
        assert (event.status, event.cancelled_at, event.cancel_reason) == ("scheduled", None, "")
        assert event.starts_at == at(25, 10)
        with tenant_context(acme):
            told_of = Notification.objects.filter(user_id=cast["sol"].user.pk, kind="agenda")
            assert told_of.filter(facts__what="booked").exists()
            contact = About(cancelled.contact_id, cast["ana"].member, "America/Argentina/Buenos_Aires")
            assert any(each.text == "La cita volvió a quedar agendada" for each in story_of(contact).entries)

    def test_a_time_that_is_taken_or_closed_meanwhile_is_not_taken_back(self, acme, cast, cancelled, sol_sells):
        with tenant_context(acme):
            taken = make_event(seller=sol_sells, contact=make_contact(name="Marta"), starts_at=at(25, 10))
        with pytest.raises(Conflict, match="ya no está libre"):
            undo(cast["ana"], "cancel_appointment")
        with tenant_context(acme):
            AgendaEvent.objects.filter(pk=taken.pk).delete()
            make_absence(seller=sol_sells, starts_at=at(25, 8), ends_at=at(25, 20))
        with pytest.raises(Conflict, match="ya no está libre"):
            undo(cast["ana"], "cancel_appointment")
        assert rows(acme, pk=cancelled.pk)[0].status == "cancelled"

    def test_what_google_has_at_that_time_counts(self, acme, cast, cancelled, sol_sells):
        with tenant_context(acme):
            make_block(calendar=make_calendar(seller=sol_sells), starts_at=at(25, 10))
        with pytest.raises((Conflict, Invalid)):
            undo(cast["ana"], "cancel_appointment")
        assert rows(acme)[0].status == "cancelled"


class TestOutsideCalendars:
    """Asked live, before anything is held, as for any booking: an old copy neither allows nor forbids it."""

    @pytest.fixture
    def google(self, monkeypatch, acme, moved, sol_sells):
        fake = Google()
        monkeypatch.setattr("crm.calendars.look.look", fake.look)
        with tenant_context(acme):
            make_calendar(seller=sol_sells, synced_at=at(20, 9))
        return fake

    def test_one_that_is_free_now_lets_it_go_back(self, acme, cast, google):
        undo(cast["ana"], "reschedule_appointment")
        assert rows(acme)[0].starts_at == at(25, 10)
        assert google.asked == 1

    def test_one_that_is_busy_now_does_not(self, acme, cast, google, sol_sells):
        google.busy[sol_sells.pk] = [Span(at(25, 10), at(25, 11))]
        with pytest.raises(Conflict, match="ya no está libre"):
            undo(cast["ana"], "reschedule_appointment")
        assert rows(acme)[0].starts_at == at(26, 9)

    def test_a_look_at_the_page_asks_nobody(self, acme, cast, google):
        with tenant_context(acme):
            found = undoing.prospect(call_of(acme, "reschedule_appointment"), cast["ana"].member)
        assert (found.refusal, google.asked) == ("", 0)

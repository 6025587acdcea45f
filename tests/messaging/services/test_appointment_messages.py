"""The reminder in the chat, once and to whom it may go; and what the customer's answer does to the appointment."""

from datetime import timedelta
from threading import Barrier, Thread
from typing import Any

import pytest
from django.db import connections
from django.db.backends.postgresql.psycopg_any import DateTimeTZRange
from django.utils import timezone

from crm.agenda import events as agenda
from crm.models import AgendaEvent, Contact, Notification, Seller
from crm.services import blocking, consents
from messaging import tasks as doors
from messaging.models import Conversation, Message
from messaging.services import appointment_messages, channels, outbound
from tenants.context import tenant_context
from tenants.domain.actor import Actor
from tenants.live.models import LiveEvent
from tenants.models import Tenant
from tests.factories.agenda import make_agenda_settings, make_event, make_service
from tests.factories.crm import make_contact, make_seller
from tests.factories.messaging import make_channel, make_conversation
from tests.fakes import graph_events as wire
from tests.fakes.graph import GraphFake
from tests.messaging.services.saying import ANA, Agent, Clock, Number, Worker
from tests.support.cast import Cast, Person

BY = Actor.system("Prueba")
TEMPLATE = "recordatorio_cita {{nombre}} {{fecha}} {{hora}} {{vendedor}} [confirmar] [mover] [cancelar]"


@pytest.fixture
def known(number: Number, agent: Agent, worker: Worker, clock: Clock) -> Number:
    """Somebody who wrote a minute ago."""
    number.says("hola", timestamp=clock.stamp())
    worker.run()
    clock.forward(60)
    return number


def contact_of(number: Number) -> Contact:
    return Contact.objects.get(phone=f"+{ANA}")


def book(number: Number, clock: Clock, *, template: str = "", hours: float = 23, **over: Any) -> AgendaEvent:
    """An appointment of hers so many hours ahead, of which the company reminds 24 hours before."""
    with tenant_context(number.tenant):
        make_agenda_settings(reminder_hours=[24], reminder_template=template, reminder_language="es_AR")
        starts = clock.at.replace(microsecond=0) + timedelta(hours=hours)
        given = {"contact": over.pop("contact", None) or contact_of(number), "title": "", "starts_at": starts}
        service = make_service(name="Visita", place="Calle 1")
        due = starts - timedelta(hours=24)
        return make_event(**{**given, "service": service, "next_reminder_at": due, **over})


def reload(number: Number, event: AgendaEvent) -> AgendaEvent:
    with tenant_context(number.tenant):
        return AgendaEvent.objects.select_related("seller").get(pk=event.pk)


def reminders_of(number: Number) -> list[Message]:
    return [row for row in number.messages(direction="out") if row.payload.get("appointment")]


def change(number: Number, clock: Clock, event: AgendaEvent, happens: str) -> None:
    """Called off, at another time, or begun already."""
    if happens == "cancelled":
        with tenant_context(number.tenant):
            agenda.cancel(event=event, by=BY, reason="")
        return
    starts = event.starts_at + timedelta(hours=1) if happens == "moved" else clock.at - timedelta(seconds=1)
    ends = starts + timedelta(hours=1)
    with tenant_context(number.tenant):
        AgendaEvent.objects.filter(pk=event.pk).update(
            starts_at=starts, ends_at=ends, period=DateTimeTZRange(starts, ends)
        )


def told(tenant: Tenant, what: str = "unreached") -> list[object]:
    with tenant_context(tenant):
        rows = Notification.objects.filter(kind=Notification.Kind.AGENDA, facts__what=what)
        return [row.user_id for row in rows]


def press(number: Number, clock: Clock, label: str, payload: str = "", **more: Any) -> None:
    message = wire.message("button", {"text": label, "payload": payload or label}, timestamp=clock.stamp(), **more)
    number.sends(message)


class TestReminding:
    def test_the_template_goes_out_once_with_its_data_and_buttons(
        self, known: Number, worker: Worker, clock: Clock, graph: GraphFake
    ) -> None:
        event = book(known, clock, template=TEMPLATE)
        for _again in range(2):
            doors.remind_of_appointments()
            worker.run()
        (sent,) = [entry["body"] for entry in graph.sends if entry["body"]["type"] == "template"]
        body, *buttons = sent["template"]["components"]
        texts = [each["text"] for each in body["parameters"]]
        assert sent["template"]["name"] == "recordatorio_cita"
        assert sent["template"]["language"] == {"code": "es_AR"}
        assert texts[0] == "Ana Paz"
        assert texts[3] == reload(known, event).seller.name
        assert [each["parameters"][0]["payload"] for each in buttons] == [
            f"cita:{act}:{event.pk}" for act in ("confirmar", "mover", "cancelar")
        ]
        assert [each["index"] for each in buttons] == ["0", "1", "2"]
        (row,) = reminders_of(known)
        assert row.text.startswith("Recordatorio de la cita: Visita con ")
        assert reload(known, event).next_reminder_at is None

    def test_words_do_inside_the_window_when_there_is_no_template(
        self, known: Number, worker: Worker, clock: Clock, graph: GraphFake
    ) -> None:
        event = book(known, clock)
        doors.remind_of_appointments()
        worker.run()
        seller = reload(known, event).seller.name
        text = graph.sends[-1]["text"]
        assert f"Le recordamos su cita de Visita con {seller}: " in text
        assert "Lugar: Calle 1." in text
        assert text.endswith("responder CONFIRMO.")

    @pytest.mark.parametrize("case", ["window", "opted_out", "blocked", "refused", "no_chat", "no_datum"])
    def test_whoever_cannot_be_reached_is_the_sellers_to_call(
        self, known: Number, worker: Worker, clock: Clock, graph: GraphFake, sol: Person, case: str
    ) -> None:
        template = {"window": "", "no_datum": "recordatorio {{lugar}}"}.get(case, TEMPLATE)
        with tenant_context(known.tenant):
            contact = contact_of(known)
            seller = make_seller(user=sol.user)
            if case == "opted_out":
                consents.opt_out(contact=contact, by=BY, source="Prueba")
            elif case == "blocked":
                blocking.block(contact=contact, reason="", by=BY)
            elif case == "refused":
                consents.record_consent(contact=contact, purpose="reminders", granted=False, by=BY)
            elif case == "no_chat":
                contact = make_contact()
        over = {"service": None} if case == "no_datum" else {}
        event = book(known, clock, template=template, hours=48, seller=seller, contact=contact, **over)
        clock.forward(25 * 3600)
        sent = len(graph.sends)
        for _again in range(2):
            doors.remind_of_appointments()
            worker.run()
        assert len(graph.sends) == sent
        assert not reminders_of(known)
        assert told(known.tenant) == [sol.user.pk]
        said = [text for text in known.texts(kind="note") if text.startswith("No se pudo recordar la cita: ")]
        assert len(said) == (case != "no_chat")
        assert reload(known, event).next_reminder_at is None

    @pytest.mark.parametrize("over", [{"status": "cancelled"}, {"hours": -1}], ids=["cancelled", "over"])
    def test_nothing_is_said_of_what_is_called_off_or_over(
        self, known: Number, worker: Worker, clock: Clock, over: dict[str, Any]
    ) -> None:
        event = book(known, clock, template=TEMPLATE, **over)
        doors.remind_of_appointments()
        worker.run()
        assert not reminders_of(known)
        assert not told(known.tenant)
        assert reload(known, event).next_reminder_at is None

    def test_a_channel_that_is_off_is_not_used(self, known: Number, worker: Worker, clock: Clock, sol: Person) -> None:
        with tenant_context(known.tenant):
            channels.set_enabled(channel=known.channel, enabled=False, by=BY)
            seller = make_seller(user=sol.user)
        book(known, clock, template=TEMPLATE, seller=seller)
        doors.remind_of_appointments()
        assert not reminders_of(known)
        assert len(told(known.tenant)) == 1

    @pytest.mark.parametrize("happens", ["cancelled", "moved", "over"])
    @pytest.mark.parametrize("template", ["", TEMPLATE], ids=["words", "template"])
    def test_one_that_waits_is_withdrawn_when_it_is_no_longer_true(
        self, known: Number, worker: Worker, clock: Clock, graph: GraphFake, happens: str, template: str
    ) -> None:
        event = book(known, clock, template=template)
        graph.fail(131016, status=503, times=2)
        doors.remind_of_appointments()
        worker.run(seconds=1)
        change(known, clock, event, happens)
        worker.run()
        (row,) = reminders_of(known)
        assert (row.status, row.error_code, graph.sends) == ("cancelled", "appointment_changed", [])

    def test_one_that_failed_is_not_sent_again_days_later(
        self, known: Number, worker: Worker, clock: Clock, graph: GraphFake
    ) -> None:
        book(known, clock, template=TEMPLATE)
        graph.fail(190, status=401, times=1)
        doors.remind_of_appointments()
        worker.run()
        clock.forward(5 * 24 * 3600)
        with tenant_context(known.tenant):
            outbound.retry_message(message=reminders_of(known)[0], by=BY)
        worker.run()
        (row,) = reminders_of(known)
        assert (row.status, row.error, graph.sends) == (
            "cancelled",
            "La cita se canceló, cambió de hora o ya pasó.",
            [],
        )

    def test_one_that_waits_leaves_when_the_appointment_was_only_confirmed(
        self, known: Number, worker: Worker, clock: Clock, graph: GraphFake
    ) -> None:
        event = book(known, clock, template=TEMPLATE)
        graph.fail(131016, status=503, times=2)
        doors.remind_of_appointments()
        worker.run(seconds=1)
        with tenant_context(known.tenant):
            agenda.confirm(event=event, by=BY)
        worker.run()
        assert [row.status for row in reminders_of(known)] == ["sent"]


def test_two_workers_remind_once(live_tenants: Cast) -> None:
    acme = live_tenants.acme
    now = timezone.now()
    with tenant_context(acme):
        make_agenda_settings(reminder_hours=[24])
        channel = make_channel(provider="meta_direct", channel_source="whatsapp")
        for _each in range(6):
            chat = make_conversation(channel=channel, last_inbound_at=now)
            make_event(contact=chat.contact, starts_at=now + timedelta(hours=23), next_reminder_at=now)
    ready = Barrier(3)

    def work() -> None:
        ready.wait()
        appointment_messages.remind(tenant=acme)
        connections.close_all()

    workers = [Thread(target=work) for _each in range(3)]
    for each in workers:
        each.start()
    for each in workers:
        each.join()
    with tenant_context(acme):
        sent = Message.objects.filter(payload__has_key="appointment").values_list("conversation", flat=True)
        assert len(sent) == len(set(sent)) == Conversation.objects.filter(channel=channel).count() == 6


class TestAnswers:
    @pytest.fixture
    def reminded(self, known: Number, worker: Worker, clock: Clock) -> AgendaEvent:
        event = book(known, clock, template=TEMPLATE)
        doors.remind_of_appointments()
        worker.run()
        return event

    def test_the_button_confirms_at_once_and_starts_no_turn(
        self, known: Number, reminded: AgendaEvent, worker: Worker, clock: Clock, graph: GraphFake, agent: Agent
    ) -> None:
        turns = len(agent.turns)
        press(known, clock, "Confirmar", f"cita:confirmar:{reminded.pk}")
        worker.run()
        event = reload(known, reminded)
        assert (event.status, len(agent.turns)) == ("confirmed", turns)
        assert graph.sends[-1]["text"].startswith("Gracias, la cita del ")
        assert graph.sends[-1]["text"].endswith("quedó confirmada.")
        with tenant_context(known.tenant):
            assert LiveEvent.objects.filter(type="APPOINTMENT_UPDATED", data__id=str(event.pk)).exists()

    @pytest.mark.parametrize("label", ["CONFIRMO", "confirmo", "Sí, confirmo"])
    def test_the_word_confirms_after_a_reminder(
        self, known: Number, reminded: AgendaEvent, worker: Worker, clock: Clock, label: str
    ) -> None:
        known.says(label, timestamp=clock.stamp())
        assert reload(known, reminded).status == "confirmed"

    def test_the_label_of_a_button_without_payload_is_enough(
        self, known: Number, reminded: AgendaEvent, worker: Worker, clock: Clock
    ) -> None:
        press(known, clock, "Confirmar")
        assert reload(known, reminded).status == "confirmed"

    def test_the_word_without_a_reminder_is_a_message_like_any_other(
        self, known: Number, worker: Worker, clock: Clock, agent: Agent
    ) -> None:
        event = book(known, clock, hours=30)
        turns = len(agent.turns)
        known.says("confirmo", timestamp=clock.stamp())
        worker.run()
        assert (reload(known, event).status, len(agent.turns)) == ("scheduled", turns + 1)

    def test_the_button_cancels_and_asks_for_nothing_more(
        self, known: Number, reminded: AgendaEvent, worker: Worker, clock: Clock, graph: GraphFake, agent: Agent
    ) -> None:
        turns = len(agent.turns)
        press(known, clock, "Cancelar", f"cita:cancelar:{reminded.pk}")
        worker.run()
        event = reload(known, reminded)
        assert (event.status, event.cancel_reason) == ("cancelled", "Lo pidió en el chat")
        assert (event.actor_kind, len(agent.turns)) == ("system", turns)
        assert graph.sends[-1]["text"].endswith("quedó cancelada.")

    def test_to_move_is_for_whoever_has_the_chat(
        self, known: Number, reminded: AgendaEvent, worker: Worker, clock: Clock, agent: Agent, sol: Person
    ) -> None:
        turns = len(agent.turns)
        with tenant_context(known.tenant):
            Seller.objects.filter(pk=reminded.seller_id).update(user=sol.user)
        press(known, clock, "Cambiar", f"cita:mover:{reminded.pk}")
        worker.run()
        assert (reload(known, reminded).status, len(agent.turns)) == ("scheduled", turns + 1)
        assert told(known.tenant, "move_wanted") == [sol.user.pk]

    def test_somebody_elses_appointment_cannot_be_answered_for(
        self, known: Number, worker: Worker, clock: Clock, agent: Agent
    ) -> None:
        with tenant_context(known.tenant):
            other = make_contact()
        event = book(known, clock, contact=other)
        for act in ("confirmar", "cancelar"):
            press(known, clock, "Listo", f"cita:{act}:{event.pk}")
        assert reload(known, event).status == "scheduled"

    def test_one_that_is_over_or_called_off_stays_as_it_is(
        self, known: Number, reminded: AgendaEvent, worker: Worker, clock: Clock, agent: Agent
    ) -> None:
        turns = len(agent.turns)
        with tenant_context(known.tenant):
            starts = clock.at - timedelta(hours=2)
            ends = starts + timedelta(hours=1)
            AgendaEvent.objects.filter(pk=reminded.pk).update(
                starts_at=starts, ends_at=ends, period=DateTimeTZRange(starts, ends)
            )
        press(known, clock, "Confirmar", f"cita:confirmar:{reminded.pk}")
        worker.run()
        assert (reload(known, reminded).status, len(agent.turns)) == ("scheduled", turns + 1)

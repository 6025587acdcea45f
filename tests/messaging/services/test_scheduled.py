"""A message for later leaves once, at its time, if it may; else it says why and its author hears of it."""

from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta
from threading import Barrier, Thread
from typing import Any

import pytest
from django.db import connections
from django.utils import timezone

from config.lib.errors import Conflict, Invalid
from crm.agenda import reminders
from crm.models import Contact, Notification
from crm.services import blocking
from messaging import tasks as doors
from messaging.domain import later
from messaging.models import Channel, Conversation, Message, ScheduledMessage
from messaging.services import conversations, scheduled, takeover
from tenants.context import tenant_context
from tenants.domain.actor import Actor
from tenants.models import Tenant
from tests.factories.agenda import make_agenda_settings, make_event
from tests.factories.messaging import make_channel, make_conversation, make_message, make_scheduled, make_template
from tests.messaging.services.saying import ANA, Clock, Number, Worker
from tests.support.cast import Person
from tests.support.tasks import Queue

BY = Actor.system("Prueba")


@pytest.fixture
def chat(acme: Tenant) -> Conversation:
    with tenant_context(acme):
        channel = make_channel(provider="meta_direct", channel_source="whatsapp", config={"phone_number_id": "1"})
        return make_conversation(channel=channel, last_inbound_at=timezone.now())


def due(chat: Conversation, person: Person, **over: Any) -> ScheduledMessage:
    """Its time has just come."""
    over = {"by": person.user, "by_label": person.user.name, "send_at": timezone.now(), **over}
    return make_scheduled(conversation=chat, **over)


def settle(acme: Tenant, chat: Conversation, row: ScheduledMessage) -> ScheduledMessage:
    scheduled.send_due(tenant=acme, conversation_id=chat.pk)
    with tenant_context(acme):
        return ScheduledMessage.objects.select_related("message").get(pk=row.pk)


def said(acme: Tenant, chat: Conversation) -> list[Message]:
    with tenant_context(acme):
        return list(Message.objects.filter(conversation=chat, direction="out").exclude(kind="note"))


def test_it_leaves_at_its_time_as_the_person_who_wrote_it(acme: Tenant, ana: Person, chat: Conversation) -> None:
    with tenant_context(acme):
        row, early = due(chat, ana), make_scheduled(conversation=chat, by=ana.user)
    after = settle(acme, chat, row)
    (message,) = said(acme, chat)
    assert (after.status, after.message, after.done_at is not None) == ("sent", message, True)
    assert (message.author, message.author_user_id, message.author_name) == ("user", ana.user.pk, "Ana")
    assert (message.text, message.cause, message.status) == ("Mañana sigue en pie", "Programado", "queued")
    assert settle(acme, chat, early).status == "waiting"
    with tenant_context(acme):
        assert Conversation.objects.get(pk=chat.pk).mode == "human"


def test_it_goes_to_the_customers_phone_once(
    number: Number, ana: Person, worker: Worker, clock: Clock, graph: Any
) -> None:
    number.says("hola", timestamp=clock.stamp())
    worker.run()
    with tenant_context(number.tenant):
        chat = number.conversation()
        at = clock.at + timedelta(minutes=8)
        scheduled.schedule(conversation=chat, text="¿Seguimos?", send_at=at, by=ana.actor, user=ana.user)
    worker.run(seconds=400)
    assert [each["text"] for each in graph.sends if each["text"] == "¿Seguimos?"] == []
    worker.run(seconds=600)
    for _again in range(3):
        scheduled.send_due(tenant=number.tenant, conversation_id=chat.pk)
    worker.run()
    assert [each["text"] for each in graph.sends if each["text"] == "¿Seguimos?"] == ["¿Seguimos?"]


def shut_window(chat: Conversation) -> None:
    Conversation.objects.filter(pk=chat.pk).update(last_inbound_at=timezone.now() - timedelta(hours=25))


def block(chat: Conversation) -> None:
    blocking.block(contact=chat.contact, reason="Insulta", by=BY)


def opt_out(chat: Conversation) -> None:
    Contact.objects.filter(pk=chat.contact_id).update(opted_out_at=timezone.now() + timedelta(seconds=1))


def switch_off(chat: Conversation) -> None:
    Channel.objects.filter(pk=chat.channel_id).update(status="disabled")


def leave(chat: Conversation) -> None:
    ScheduledMessage.objects.filter(conversation=chat).update(by=None)


@pytest.mark.parametrize(
    ("happens", "why", "told"),
    [
        (shut_window, "plantilla", True),
        (block, "bloqueado", True),
        (opt_out, "no recibir", True),
        (switch_off, "apagado", True),
        (leave, "ya no es parte", False),
    ],
)
def test_what_may_not_leave_says_why_and_its_author_hears_of_it(
    acme: Tenant, ana: Person, chat: Conversation, happens: Callable[[Conversation], None], why: str, told: bool
) -> None:
    with tenant_context(acme):
        row = due(chat, ana)
        happens(chat)
    after = settle(acme, chat, row)
    assert (after.status, said(acme, chat)) == ("failed", [])
    assert why in after.reason
    with tenant_context(acme):
        assert Notification.objects.filter(user=ana.user, key=f"scheduled:{row.pk}").exists() is told


def test_a_template_leaves_also_once_the_window_is_closed(acme: Tenant, ana: Person, chat: Conversation) -> None:
    made = {"name": "aviso", "language": "es_AR", "components": []}
    with tenant_context(acme):
        row = due(chat, ana, template=made, text="Lo esperamos el lunes.")
        shut_window(chat)
    assert settle(acme, chat, row).status == "sent"
    (message,) = said(acme, chat)
    assert (message.kind, message.text, message.payload["template"]) == ("template", "Lo esperamos el lunes.", made)


def test_a_template_that_was_paused_meanwhile_does_not_leave(acme: Tenant, ana: Person, chat: Conversation) -> None:
    with tenant_context(acme):
        paused = make_template(channel=chat.channel, status="paused", reason="Muchas personas la rechazaron.")
        made = {"name": paused.name, "language": paused.language, "components": []}
        row = due(chat, ana, template=made, text="Lo esperamos.")
    after = settle(acme, chat, row)
    assert (after.status, said(acme, chat)) == ("failed", [])
    assert "Muchas personas la rechazaron." in after.reason


def test_whoever_has_the_chat_keeps_it(acme: Tenant, ana: Person, sol: Person, chat: Conversation) -> None:
    with tenant_context(acme):
        row = due(chat, ana)
        takeover.take_over(conversation=chat, by=sol.actor, user=sol.user)
    assert settle(acme, chat, row).status == "sent"
    with tenant_context(acme):
        assert Conversation.objects.get(pk=chat.pk).assignee_id == sol.user.pk


@pytest.mark.parametrize(("stops", "state"), [(True, "cancelled"), (False, "waiting")])
def test_what_the_customer_says_before_stops_only_what_was_to_wait_for_silence(
    acme: Tenant, ana: Person, chat: Conversation, stops: bool, state: str
) -> None:
    with tenant_context(acme):
        row = make_scheduled(conversation=chat, by=ana.user, stop_on_reply=stops)
        locked = conversations.locked(chat.pk)
        assert locked is not None
        scheduled.customer_wrote(locked)
        row.refresh_from_db()
    assert (row.status, row.reason) == (state, "El contacto escribió antes." if stops else "")


def test_a_real_message_of_the_customer_stops_it(number: Number, ana: Person, worker: Worker, clock: Clock) -> None:
    number.says("hola", timestamp=clock.stamp())
    with tenant_context(number.tenant):
        row = make_scheduled(conversation=number.conversation(), by=ana.user)
    number.says("ya lo resolví", sender=ANA, timestamp=clock.stamp())
    with tenant_context(number.tenant):
        row.refresh_from_db()
    assert row.status == "cancelled"


@pytest.mark.parametrize("said", ["confirmo", "BAJA"])
def test_a_confirmed_appointment_and_a_wish_are_answers_too(
    number: Number, ana: Person, worker: Worker, clock: Clock, said: str
) -> None:
    number.says("hola", timestamp=clock.stamp())
    with tenant_context(number.tenant):
        chat = number.conversation()
        event = make_event(contact=chat.contact, starts_at=clock.at + timedelta(hours=23))
        make_agenda_settings(reminder_hours=[24])
        reminded = reminders.keys(event)[0]
        make_message(conversation=chat, direction="out", author="system", idempotency_key=f"{reminded}:0")
        row = make_scheduled(conversation=chat, by=ana.user)
    number.says(said, timestamp=clock.stamp())
    with tenant_context(number.tenant):
        row.refresh_from_db()
        event.refresh_from_db()
    assert (row.status, event.status) == ("cancelled", "confirmed" if said == "confirmo" else "scheduled")


def test_it_can_be_changed_and_cancelled_until_it_leaves(acme: Tenant, ana: Person, chat: Conversation) -> None:
    with tenant_context(acme):
        row = make_scheduled(conversation=chat, by=ana.user)
        at = timezone.now() + timedelta(hours=3)
        assert scheduled.change(row=row, by=ana.actor, text=" Otra cosa ", send_at=at).text == "Otra cosa"
        with pytest.raises(Invalid):
            scheduled.change(row=row, by=ana.actor, send_at=timezone.now() - timedelta(minutes=1))
        scheduled.cancel(row=row, by=ana.actor)
        assert (row.status, row.reason) == ("cancelled", "Lo canceló Ana.")
        for act in (lambda: scheduled.cancel(row=row, by=BY), lambda: scheduled.change(row=row, by=BY, text="x")):
            with pytest.raises(Conflict):
                act()


@pytest.mark.parametrize("ahead", [timedelta(0), timedelta(days=-1), timedelta(days=366)])
def test_a_time_that_is_over_or_too_far_is_refused(
    acme: Tenant, ana: Person, chat: Conversation, ahead: timedelta
) -> None:
    with tenant_context(acme), pytest.raises(Invalid) as wrong:
        at = timezone.now() + ahead
        scheduled.schedule(conversation=chat, text="Hola", send_at=at, by=ana.actor, user=ana.user)
    assert set(wrong.value.fields) == {"send_at"}


def test_the_sweep_finds_what_lost_its_wake_up(acme: Tenant, ana: Person, chat: Conversation, queued: Queue) -> None:
    with tenant_context(acme):
        row = due(chat, ana)
    doors.sweep()
    waiting = queued.named("send_scheduled")
    assert [task.arguments for task in waiting] == [{"conversation_id": str(chat.pk)}]
    queued.run(waiting[0])
    with tenant_context(acme):
        row.refresh_from_db()
    assert row.status == "sent"


def test_a_worker_that_dies_in_the_middle_leaves_nothing_behind_and_the_next_sends_once(
    acme: Tenant, ana: Person, chat: Conversation, monkeypatch: pytest.MonkeyPatch
) -> None:
    with tenant_context(acme):
        row = due(chat, ana)
    whole = scheduled._end

    def die(*_given: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(scheduled, "_end", die)
    with pytest.raises(KeyboardInterrupt):
        scheduled.send_due(tenant=acme, conversation_id=chat.pk)
    assert said(acme, chat) == []
    monkeypatch.setattr(scheduled, "_end", whole)
    assert settle(acme, chat, row).status == "sent"
    assert len(said(acme, chat)) == 1


def test_two_workers_at_once_send_it_once(live_tenants: Any, cast: Any) -> None:
    acme, ana = cast.acme, cast["ana"]
    with tenant_context(acme):
        chat = make_conversation()
        row = due(chat, ana)
    start = Barrier(4)

    def work() -> None:
        start.wait()
        try:
            scheduled.send_due(tenant=acme, conversation_id=chat.pk)
        finally:
            connections.close_all()

    workers = [Thread(target=work) for _number in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert settle(acme, chat, row).status == "sent"
    assert len(said(acme, chat)) == 1


@pytest.mark.parametrize(
    ("choice", "now", "expected"),
    [
        ("hour", datetime(2026, 11, 21, 15, tzinfo=UTC), datetime(2026, 11, 21, 16, tzinfo=UTC)),
        ("tomorrow", datetime(2026, 11, 21, 2, tzinfo=UTC), datetime(2026, 11, 21, 12, tzinfo=UTC)),
        ("monday", datetime(2026, 11, 21, 15, tzinfo=UTC), datetime(2026, 11, 23, 12, tzinfo=UTC)),
        ("monday", datetime(2026, 11, 23, 10, tzinfo=UTC), datetime(2026, 11, 30, 12, tzinfo=UTC)),
    ],
)
def test_quick_choices_are_reckoned_on_the_companys_wall(choice: str, now: datetime, expected: datetime) -> None:
    assert later.moment(choice, now=now, zone="America/Argentina/Buenos_Aires") == expected


def test_a_change_of_the_clock_neither_skips_nor_doubles_a_time() -> None:
    zone = "America/New_York"
    assert later.at(date(2026, 3, 8), time(2, 30), zone=zone) is None
    assert later.at(date(2026, 3, 9), time(9), zone=zone) == datetime(2026, 3, 9, 13, tzinfo=UTC)
    assert later.at(date(2026, 11, 1), time(1, 30), zone=zone) == datetime(2026, 11, 1, 5, 30, tzinfo=UTC)
    before = datetime(2026, 3, 7, 20, tzinfo=UTC)
    assert later.moment("tomorrow", now=before, zone=zone) == datetime(2026, 3, 8, 13, tzinfo=UTC)

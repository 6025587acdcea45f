"""Who answered a waiting customer, and after how much working time."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.utils import timezone

from config.lib.ids import uuid7
from crm.models import Lead, Response
from crm.services import responses
from messaging.models import Conversation
from messaging.providers import base
from messaging.services import echoes, inbound, outbound
from tenants.context import tenant_context
from tenants.models import Tenant
from tenants.services import companies
from tests.factories.crm import make_contact, make_lead, make_seller
from tests.factories.messaging import make_channel, make_conversation
from tests.support.cast import Cast, Person
from tests.support.tasks import Queue
from tests.support.together import at_once

FRIDAY_NIGHT = datetime(2026, 11, 21, 1, tzinfo=UTC)  # 22:00 in Buenos Aires
MONDAY = datetime(2026, 11, 23, 12, 30, tzinfo=UTC)  # 09:30


def told(**over: Any) -> Response:
    contact = over.pop("contact", None) or make_contact()
    fields = {
        "contact_id": contact.pk,
        "conversation_id": uuid7(),
        "user_id": None,
        "by_ai": False,
        "asked_at": FRIDAY_NIGHT,
        "answered_at": MONDAY,
        **over,
    }
    responses.note_answer(**fields)
    return Response.objects.get(conversation_id=fields["conversation_id"])


def test_nights_and_days_off_of_the_company_do_not_count(in_acme: Tenant) -> None:
    row = told()
    # Saturday 9 to 13 and half an hour of Monday, with the usual hours.
    assert (row.seconds, row.business_seconds) == (59 * 3600 + 1800, 4 * 3600 + 1800)


def test_a_company_that_works_at_all_hours_counts_all_of_them(in_acme: Tenant, ana: Person) -> None:
    companies.update_settings(by=ana.actor, changes={"business_hours": {}})
    with tenant_context(companies.fresh()):
        row = told()
        assert row.business_seconds == row.seconds


def test_a_seller_is_measured_by_their_own_hours(in_acme: Tenant, sol: Person) -> None:
    seller = make_seller(user=sol.user, working_hours={"0": [["09:00", "10:00"]]})
    row = told(user_id=sol.user.pk)
    assert (row.seller, row.business_seconds) == (seller, 1800)


def test_what_the_ai_answers_is_nobodys_and_no_first_answer(in_acme: Tenant, sol: Person) -> None:
    make_seller(user=sol.user)
    lead = make_lead()
    row = told(contact=lead.contact, user_id=sol.user.pk, by_ai=True, answered_at=timezone.now())
    assert (row.by_ai, row.seller, row.user, row.is_first) == (True, None, None, False)
    assert Lead.objects.get(pk=lead.pk).first_response_at is None


def test_the_first_answer_of_a_person_is_kept_on_the_lead_once(in_acme: Tenant, sol: Person) -> None:
    lead, now = make_lead(), timezone.now()
    first = told(contact=lead.contact, asked_at=now, answered_at=now + timedelta(minutes=2))
    later = told(contact=lead.contact, asked_at=now, answered_at=now + timedelta(minutes=9))
    assert (first.is_first, later.is_first) == (True, False)
    assert Lead.objects.get(pk=lead.pk).first_response_at == first.answered_at


def test_one_question_has_one_answer_and_without_a_question_there_is_none(in_acme: Tenant) -> None:
    row = told()
    told(conversation_id=row.conversation_id, answered_at=MONDAY + timedelta(hours=5))
    responses.note_answer(
        contact_id=row.contact_id,
        conversation_id=uuid7(),
        user_id=None,
        by_ai=False,
        asked_at=None,
        answered_at=MONDAY,
    )
    assert list(Response.objects.values_list("seconds", flat=True)) == [row.seconds]


def test_an_answer_that_a_provider_dates_before_the_question_waited_nothing(in_acme: Tenant) -> None:
    row = told(asked_at=MONDAY, answered_at=MONDAY - timedelta(seconds=3))
    assert (row.seconds, row.business_seconds) == (0, 0)


# --- from the chats ----------------------------------------------------------------------------------------------------
def waiting_chat() -> Conversation:
    now = timezone.now()
    return make_conversation(last_inbound_at=now, waiting_since=now - timedelta(minutes=5), mode="human")


def test_a_person_who_answers_in_the_inbox_or_the_api_is_counted(acme: Tenant, sol: Person, queued: Queue) -> None:
    with tenant_context(acme):
        seller, chat = make_seller(user=sol.user), waiting_chat()
        for text in ("Hola", "¿En qué ayudo?"):
            outbound.send_as_person(conversation=chat, text=text, by=sol.actor, user=sol.user)
        row = Response.objects.get(conversation_id=chat.pk)
        assert (row.seller, row.by_ai, row.seconds) == (seller, False, 300)


def test_whoever_answers_from_the_phone_is_a_person_but_no_known_seller(acme: Tenant, queued: Queue) -> None:
    sender = base.Sender(ids=(("wa_id", "5491155550077"),), name="Zoe", phone="+5491155550077")
    with tenant_context(acme):
        channel, now = make_channel(), timezone.now()
        asked = base.InboundMessage(
            channel_ref="1", message_id="in-1", sender=sender, kind="text", text="Hola", timestamp=now
        )
        inbound.accept_message(channel=channel, item=asked)
        said = base.Echo(
            channel_ref="1", message_id="out-1", recipient=sender, kind="text", text="Buenas", timestamp=timezone.now()
        )
        echoes.accept_echo(channel=channel, item=said)
        row = Response.objects.get()
        assert (row.by_ai, row.seller, row.user, row.is_first) == (False, None, None, True)
        assert Lead.objects.get().first_response_at == row.answered_at


def test_an_agents_reply_is_counted_as_the_ais(acme: Tenant, queued: Queue) -> None:
    with tenant_context(acme):
        chat, token = waiting_chat(), uuid7()
        Conversation.objects.filter(pk=chat.pk).update(mode="ai", turn_token=token)
        outcome = outbound.commit_reply(
            conversation_id=chat.pk, turn_token=token, text="Hola", run_id=uuid7(), author_name="Luz"
        )
        assert outcome == "queued"
        row = Response.objects.get(conversation_id=chat.pk)
        assert (row.by_ai, row.seller, row.seconds) == (True, None, 300)


@pytest.mark.slow
def test_a_busy_lead_does_not_keep_a_person_from_answering(live_tenants: Cast, queued: Queue) -> None:
    acme, sol = live_tenants.acme, live_tenants["sol"]
    with tenant_context(acme):
        chat = waiting_chat()
        lead = make_lead(contact=chat.contact)

    def answer() -> None:
        outbound.send_as_person(conversation=chat, text="Hola", by=sol.actor, user=sol.user)

    with tenant_context(acme):
        Lead.objects.select_for_update().get(pk=lead.pk)
        assert at_once([answer], lambda: tenant_context(acme)) == [None]
        assert Lead.objects.get(pk=lead.pk).first_response_at is None
    for task in queued.named("settle_first_response"):
        queued.run(task)
    with tenant_context(acme):
        assert Lead.objects.get(pk=lead.pk).first_response_at is not None

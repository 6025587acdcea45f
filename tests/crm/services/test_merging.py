"""Two contacts become one and two again, to the same rows in every table of the company."""

import random
from typing import Any

import pytest
from django.db import IntegrityError, connection, models, transaction

from config.lib.errors import Conflict, Invalid, NotFound
from crm.models import Client, Contact, ContactMerge, ContactPoint, Conversion, DuplicatePair, Lead
from crm.services import merge_rows, merging, privacy
from crm.services.contacts import by_email, by_phone, create_contact, update_contact
from messaging.models import Conversation, Message
from tenants.context import tenant_context
from tenants.domain.actor import Actor
from tenants.domain.privacy import Subject
from tenants.live.models import LiveEvent
from tenants.models import SystemEvent, Tenant
from tests.factories import agents as agent_rows
from tests.factories import crm_more
from tests.factories.crm import make_contact, make_lead
from tests.factories.every_model import FACTORIES
from tests.factories.messaging import make_attachment, make_channel, make_conversation, make_identity, make_message

BY = Actor.system("Prueba")
TOWNS = ("", "Rosario", "Salta")
OURS = ("live_", "crm_contactmerge", "django_")  # what tells of the merge itself


def everything() -> dict[str, str]:
    """Every table of the company → the hash of all its rows, to the byte."""
    with connection.cursor() as cursor:
        cursor.execute("select tablename from pg_tables where schemaname = current_schema() order by 1")
        tables = [name for (name,) in cursor.fetchall() if not name.startswith(OURS)]
        found = {}
        for table in tables:
            cursor.execute(
                f"select md5(coalesce(string_agg(t::text, chr(10) order by t::text), '')) from \"{table}\" t"
            )
            (found[table],) = cursor.fetchone()
    assert len(tables) > 30
    return found


def people(chance: random.Random) -> tuple[Contact, Contact]:
    """Two contacts, each with a random life in every table that points at a contact."""
    channel = make_channel()
    pair = []
    for _side in range(2):
        contact = make_contact(
            name=chance.choice(("", "José Álvarez", "Ana Paz")),
            city=chance.choice(TOWNS),
            email=chance.choice(("", f"p{chance.random()}@example.test")),
            custom=chance.choice(({}, {"document": "1"}, {"document": "2", "insurance": "x"})),
            tags=chance.choice(([], ["vip"], ["vip", "feria"])),
            notes=chance.choice(("", "Llama de tarde")),
            **({"phone": None} if chance.random() < 0.3 else {}),
        )
        live_of(contact, channel, chance)
        pair.append(contact)
    if chance.random() < 0.5:
        crm_more.make_pair(first=pair[0], second=pair[1], status=chance.choice(("open", "dismissed")))
    if chance.random() < 0.3:
        third = make_contact()
        for each in pair:
            crm_more.make_pair(first=each, second=third)
    return pair[0], pair[1]


def live_of(contact: Contact, channel: Any, chance: random.Random) -> None:
    for key in merge_rows.pointing_at(Contact):
        if key.model in (DuplicatePair, Conversation):
            continue
        for _number in range(1 if key.unique else chance.randint(0, 2)):
            FACTORIES[key.model._meta.label](**{key.name: contact})
    for each in contact.leads.all():
        crm_more.make_task(lead=each)
        FACTORIES["crm.StageChange"](lead=each)
        if chance.random() < 0.3:
            crm_more.make_conversion(lead=each, client=Client.objects.filter(contact=contact).first())
    for home in (channel, make_channel()):
        if chance.random() < 0.7:
            chat = make_conversation(channel=home, contact=contact)
            for _number in range(chance.randint(1, 3)):
                make_attachment(message=make_message(conversation=chat))
            agent_rows.make_run(conversation_id=chat.pk)
            make_identity(channel=home, contact=contact)


@pytest.mark.parametrize("seed", range(10))
def test_a_merge_undone_leaves_every_table_as_it_was(in_acme: Tenant, seed: int) -> None:
    chance = random.Random(seed)
    for _pair in range(10):
        kept, other = people(chance)
        before = everything()
        done = merging.merge(kept=kept, other=other, by=BY)
        united = everything()
        assert united["crm_contact"] != before["crm_contact"]
        assert not Contact.objects.filter(pk=other.pk).exists()
        connection.check_constraints()
        merging.unmerge(merge=done, by=BY)
        connection.check_constraints()
        after = everything()
        assert {table for table in before if before[table] != after[table]} == set()


@pytest.mark.parametrize("left_out", ["crm.Note", "messaging.Conversation", "crm.Response", "crm.Submission"])
def test_the_check_sees_a_table_that_was_left_out(
    in_acme: Tenant, left_out: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The twin with a planted bug: what did not move points at nobody, which the database refuses."""
    every = merge_rows.pointing_at
    monkeypatch.setattr(
        merging, "pointing_at", lambda model: [key for key in every(model) if key.model._meta.label != left_out]
    )
    kept, other = make_contact(), make_contact()
    FACTORIES[left_out](contact=other)
    with pytest.raises(IntegrityError, match="foreign key"), transaction.atomic():
        merging.merge(kept=kept, other=other, by=BY)
        connection.check_constraints()


@pytest.mark.parametrize("column", ["merged_from", "contact_id"])
def test_the_check_sees_a_column_that_was_not_taken_back(
    in_acme: Tenant, column: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    every = merge_rows.move_back
    monkeypatch.setattr(merging, "move_back", lambda moves: every(m for m in moves if m["column"] != column))
    kept, other = make_contact(), make_contact()
    make_conversation(contact=other)
    before = everything()
    done = merging.merge(kept=kept, other=other, by=BY)
    merging.unmerge(merge=done, by=BY)
    assert everything()["messaging_conversation"] != before["messaging_conversation"]


def test_every_table_that_points_at_a_contact_moves(in_acme: Tenant) -> None:
    labels = {key.model._meta.label for key in merge_rows.pointing_at(Contact)}
    assert labels >= {
        "crm.Lead", "crm.Client", "crm.Task", "crm.Note", "crm.Touch", "crm.Consent", "crm.ContactPoint", "crm.Response",
        "crm.Submission", "crm.Notification", "crm.ImportRow", "crm.ContactMerge", "messaging.Conversation",
        "messaging.ChannelIdentity",
    }  # fmt: skip
    kept, other = make_contact(), make_contact()
    for label in labels - {"crm.DuplicatePair", "crm.ContactMerge"}:
        FACTORIES[label](contact=other)
    merging.merge(kept=kept, other=other, by=BY)
    for key in merge_rows.pointing_at(Contact):
        rows: models.Manager[Any] = key.model._base_manager
        assert not rows.filter(**{key.attname: other.pk}).exists(), key
        if key.model._meta.label not in ("crm.DuplicatePair", "crm.ContactMerge"):
            assert rows.filter(**{key.attname: kept.pk}).exists(), key


def test_the_kept_contact_has_its_own_data_and_what_it_lacked(in_acme: Tenant) -> None:
    kept = make_contact(name="Ana", phone="+5491155551111", email="", custom={"document": "1"}, tags=["vip"])
    other = make_contact(
        name="Ana Paz", phone="+5491155552222", email="ana@example.test", city="Salta",
        custom={"document": "2", "insurance": "x"}, tags=["feria", "vip"], blocked_at=kept.created_at, blocked_reason="spam",
    )  # fmt: skip
    merging.merge(kept=kept, other=other, by=BY)
    kept.refresh_from_db()
    assert (kept.name, kept.phone, kept.email, kept.city) == ("Ana", "+5491155551111", "ana@example.test", "Salta")
    assert (kept.custom, kept.tags) == ({"document": "1", "insurance": "x"}, ["vip", "feria"])
    assert kept.blocked_reason == "spam"
    assert [point.value for point in kept.points.all()] == ["+5491155552222"]
    assert by_phone("+541155552222") == kept
    assert Contact.objects.search("55552222").get() == kept


def test_what_was_said_and_changed_after_a_merge_stays(in_acme: Tenant) -> None:
    kept, other = make_contact(name="Ana", city=""), make_contact(name="Ana Paz", city="Salta", email="a@example.test")
    chat = make_conversation(contact=other)
    done = merging.merge(kept=kept, other=other, by=BY)
    make_message(conversation=chat, text="después")
    lead = make_lead(contact=Contact.objects.get(pk=kept.pk))
    update_contact(contact=kept, by=BY, city="Rosario")
    merging.unmerge(merge=done, by=BY)
    kept.refresh_from_db()
    assert (kept.city, kept.email) == ("Rosario", "")
    assert Contact.objects.get(pk=other.pk).city == "Salta"
    assert Message.objects.get(text="después").conversation.contact_id == other.pk
    assert Lead.objects.get(pk=lead.pk).contact_id == kept.pk
    assert "rosario" not in kept.search_text  # a name, numbers and addresses only
    assert by_email("a@example.test") == other


def test_two_clients_become_one_and_two_again(in_acme: Tenant) -> None:
    first, second = crm_more.make_conversion(), crm_more.make_conversion()
    kept, other = first.lead.contact, second.lead.contact
    done = merging.merge(kept=kept, other=other, by=BY)
    client = Client.objects.get(contact=kept)
    assert set(Conversion.objects.values_list("client", flat=True)) == {client.pk}
    merging.unmerge(merge=done, by=BY)
    second.refresh_from_db()
    assert second.client is not None
    assert second.client.contact_id == other.pk


def test_a_chain_is_taken_apart_from_its_end(in_acme: Tenant) -> None:
    first, second, third = (make_contact(name=name) for name in ("Uno", "Dos", "Tres"))
    chats = [make_conversation(contact=each) for each in (first, second, third)]
    before = everything()
    inner = merging.merge(kept=second, other=third, by=BY)
    outer = merging.merge(kept=first, other=Contact.objects.get(pk=second.pk), by=BY)
    inner.refresh_from_db()
    assert inner.kept_id == first.pk
    assert merging.went_to(third.pk) == merging.went_to(second.pk) == first.pk
    assert set(Conversation.objects.filter(contact=first)) == set(chats)
    with pytest.raises(Conflict, match="Dos"):
        merging.unmerge(merge=inner, by=BY)
    merging.unmerge(merge=outer, by=BY)
    inner.refresh_from_db()
    merging.unmerge(merge=inner, by=BY)
    assert everything() == before
    with pytest.raises(Conflict):
        merging.unmerge(merge=inner, by=BY)


def test_a_number_given_away_meanwhile_is_not_taken_from_its_new_owner(in_acme: Tenant) -> None:
    kept, other = make_contact(), make_contact(phone="+5491155552222")
    done = merging.merge(kept=kept, other=other, by=BY)
    ContactPoint.objects.all().delete()
    create_contact(by=BY, name="Otra", phone="+541155552222")
    with pytest.raises(Conflict, match="Otra"):
        merging.unmerge(merge=done, by=BY)
    assert not Contact.objects.filter(pk=other.pk).exists()


def test_nobody_is_united_with_themselves_or_with_somebody_gone(in_acme: Tenant) -> None:
    kept, other = make_contact(), make_contact()
    with pytest.raises(Invalid):
        merging.merge(kept=kept, other=kept, by=BY)
    Contact.objects.filter(pk=other.pk).delete()
    with pytest.raises(NotFound):
        merging.merge(kept=kept, other=other, by=BY)
    assert not ContactMerge.objects.exists()


def test_people_found_different_are_not_suggested_again_after_a_merge(in_acme: Tenant) -> None:
    kept, other, third = make_contact(), make_contact(), make_contact()
    crm_more.make_pair(first=other, second=third, status="dismissed", decided_by="Ana")
    merging.merge(kept=kept, other=other, by=BY)
    pair = DuplicatePair.objects.get()
    assert {pair.first_id, pair.second_id} == {kept.pk, third.pk}
    assert pair.status == "dismissed"


def test_open_screens_and_the_trail_are_told(acme: Tenant) -> None:
    with tenant_context(acme):
        kept, other = make_contact(), make_contact()
        lead, chat = make_lead(contact=other), make_conversation(contact=other)
        done = merging.merge(kept=kept, other=other, by=BY)
    with tenant_context(acme):
        told = set(LiveEvent.objects.values_list("type", "data__id"))
        assert {("LEAD_UPDATED", str(lead.pk)), ("CONVERSATION_UPDATED", str(chat.pk))} <= told
        merging.unmerge(merge=ContactMerge.objects.get(pk=done.pk), by=BY)
    with tenant_context(acme):
        acts = SystemEvent.objects.filter(tenant_id=acme.pk, resource_id=str(kept.pk)).values_list("action", flat=True)
        assert {"contact.merged", "contact.unmerged"} <= set(acts)


def test_what_hangs_on_somebody_is_counted_in_one_statement(in_acme: Tenant, statements: Any) -> None:
    other = make_contact()
    make_lead(contact=other)
    make_lead(contact=other)
    make_conversation(contact=other)
    with statements() as seen:
        found = dict(merging.what_moves(other))
    assert seen.count == 2  # the context and the question
    assert (found["leads"], found["conversaciones"]) == (2, 1)


def test_erasing_the_kept_contact_finds_and_takes_who_was_united_with_it(in_acme: Tenant) -> None:
    kept, other = make_contact(phone="+5491155551111"), make_contact(phone="+5491155552222", email="otra@example.test")
    done = merging.merge(kept=kept, other=other, by=BY)
    subject = Subject(contact_id=str(kept.pk))
    privacy.find(subject)
    assert {str(other.pk), str(done.pk)} <= set(subject.rows)
    assert {"5491155552222", "541155552222"} <= set(subject.phones)
    assert "otra@example.test" in subject.emails
    privacy.forget(subject)
    assert not ContactMerge.objects.exists()
    assert not ContactPoint.objects.exists()

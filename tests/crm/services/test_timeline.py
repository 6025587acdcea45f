"""The story of one person: everything that happened, in one list and one statement, for whoever may see it."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.utils import timezone

from config.lib.errors import AppError
from crm.domain.timeline import About, Entry, Group, Who
from crm.models import Contact, Note, Stage, StageTransition
from crm.services import leads
from crm.services.moves import move_stage
from crm.services.timeline import SHOWN, story
from messaging.models import Message
from tenants.context import tenant_context
from tenants.db.current import connection
from tenants.domain.actor import Actor
from tenants.models import Membership, Tenant
from tests.factories.agents import make_run, make_tool_call
from tests.factories.crm import make_contact, make_lead, make_seller
from tests.factories.crm_more import make_consent, make_conversion, make_merge, make_note, make_task, make_touch
from tests.factories.messaging import make_conversation, make_message
from tests.support.cast import Person


def member_of(person: Person) -> Membership:
    assert person.member is not None
    return Membership.objects.get(pk=person.member.pk)


def about(contact: Contact, person: Person, **more: Any) -> About:
    member = member_of(person)
    return About(contact.pk, member, "America/Argentina/Buenos_Aires", **more)


def told(entries: list[Entry]) -> str:
    return " | ".join(f"{entry.text} {entry.detail}" for entry in entries)


def test_everything_is_in_one_list_newest_first_and_costs_one_statement(
    in_acme: Tenant, ana: Person, statements: Callable
) -> None:
    contact = make_contact(name="Marta")
    lead = leads.create_lead(contact=contact, by=Actor("agent", "", "Ventas"))
    leads.update_lead(lead=lead, by=ana.actor, source="feria")
    chat = make_conversation(contact=contact)
    make_message(conversation=chat, text="Quiero un termotanque")
    make_note(contact=contact, lead=lead, text="Llamar el lunes")
    make_task(lead=lead, contact=contact, title="Mandar precio", done_at=timezone.now(), done_by="Sol")
    make_consent(contact=contact, granted=False)
    make_touch(contact=contact, source="feria")
    make_merge(kept=contact, other_name="Marta G.")
    connection.run_before_commit()

    whose = about(contact, ana)
    with statements() as seen:
        entries = story(whose).entries

    words = told(entries)
    for expected in (
        "Quiero un termotanque",
        "Llamar el lunes",
        "Tarea: Mandar precio",
        "Tarea hecha: Mandar precio",
        "Entró en Nuevo",
        "Datos del lead cambiados",
        "Rechazó",
        "feria",
        "Se unió con Marta G.",
    ):
        assert expected in words
    assert [entry.at for entry in entries] == sorted((entry.at for entry in entries), reverse=True)
    asked = [sql for sql in seen.sql if not sql.startswith("select set_config")]
    assert len(asked) == 1, asked


def test_another_sellers_lead_and_chat_stay_out_of_the_story(in_acme: Tenant, ana: Person, sol: Person) -> None:
    contact = make_contact(name="Marta")
    mine, other = (
        make_lead(contact=contact, owner=make_seller(user=sol.user)),
        make_lead(contact=contact, owner=make_seller()),
    )
    make_note(contact=contact, lead=mine, text="de la mía")
    make_note(contact=contact, lead=other, text="de la otra")
    make_note(contact=contact, text="de la persona")
    make_task(lead=other, title="tarea ajena")
    make_task(lead=mine, title="tarea propia")
    make_conversion(lead=other)

    seen_by_sol, seen_by_ana = (told(story(about(contact, person)).entries) for person in (sol, ana))

    for hidden in ("de la otra", "tarea ajena", "cliente"):
        assert hidden not in seen_by_sol
        assert hidden in seen_by_ana
    for shown in ("de la mía", "de la persona", "tarea propia"):
        assert shown in seen_by_sol


def test_a_chat_of_somebody_else_is_not_told(in_acme: Tenant, sol: Person, teo: Person) -> None:
    contact = make_contact()
    make_lead(contact=contact, owner=make_seller(user=teo.user))
    make_message(conversation=make_conversation(contact=contact, assignee=teo.user), text="en secreto")

    assert "en secreto" in told(story(about(contact, teo)).entries)
    assert "en secreto" not in told(story(about(contact, sol)).entries)


def test_a_chat_is_one_line_a_day_with_its_count_and_last_words(in_acme: Tenant, ana: Person) -> None:
    chat = make_conversation()
    noon = timezone.now().replace(hour=15, minute=0) - timedelta(days=3)
    for after, text in ((0, "hola"), (0, "¿precio?"), (1, "gracias")):
        message = make_message(conversation=chat, text=text)
        Message.objects.filter(pk=message.pk).update(created_at=noon + timedelta(days=after, minutes=message.sequence))

    days = [entry for entry in story(about(chat.contact, ana)).entries if entry.group == Group.CHATS]

    assert [(entry.text.split(" por ")[0], entry.detail) for entry in days] == [
        ("1 mensaje", "gracias"),
        ("2 mensajes", "¿precio?"),
    ]


def test_a_day_is_the_companys_day(in_acme: Tenant, ana: Person) -> None:
    chat = make_conversation()
    for hour, text in ((1, "a las 22 del día antes"), (4, "a la una")):  # UTC; Buenos Aires is three hours behind
        message = make_message(conversation=chat, text=text)
        Message.objects.filter(pk=message.pk).update(created_at=datetime(2026, 3, 10, hour, tzinfo=UTC))

    assert len(story(about(chat.contact, ana)).entries) == 2


def test_one_kind_can_be_asked_for_and_an_unknown_one_shows_all(in_acme: Tenant, ana: Person) -> None:
    contact = make_contact()
    make_note(contact=contact)
    make_consent(contact=contact)

    assert [entry.group for entry in story(about(contact, ana), group="notas").entries] == [Group.NOTES]
    assert len(story(about(contact, ana), group="nada").entries) == 2


def test_pages_hold_every_line_once_also_when_many_share_a_moment(in_acme: Tenant, ana: Person) -> None:
    contact, now = make_contact(), timezone.now()
    for number in range(SHOWN * 2 + 5):
        note = make_note(contact=contact, text=str(number))
        Note.objects.filter(pk=note.pk).update(created_at=now - timedelta(minutes=number // 20))

    pages = [story(about(contact, ana))]
    while pages[-1].older:
        pages.append(story(about(contact, ana), before=pages[-1].older))

    assert len(pages) == 3
    found = [int(entry.detail) for page in pages for entry in page.entries]
    assert sorted(found) == list(range(SHOWN * 2 + 5))


def test_an_open_page_asks_for_what_it_shows_and_gets_what_is_new(in_acme: Tenant, ana: Person) -> None:
    contact = make_contact()
    for number in range(SHOWN + 3):
        make_note(contact=contact, text=str(number))
    first = story(about(contact, ana))
    make_note(contact=contact, text="nueva")

    again = story(about(contact, ana), since=first.last)

    assert [entry.detail for entry in again.entries] == ["nueva", *(entry.detail for entry in first.entries)]


@pytest.mark.parametrize(
    "cursor", ["x", "2026-01-01~", "2026-01-01T00:00:00~x", f"2026-01-01T00:00:00+00:00~{'x' * 99}"]
)
def test_a_broken_cursor_is_refused_in_words(in_acme: Tenant, ana: Person, cursor: str) -> None:
    with pytest.raises(AppError) as refused:
        story(about(make_contact(), ana), before=cursor)

    assert refused.value.code == "bad_cursor"


def test_who_did_it_is_never_in_doubt(in_acme: Tenant, ana: Person) -> None:
    contact = make_contact()
    lead = leads.create_lead(contact=contact, by=Actor("agent", "", "Ventas"))
    move_stage(lead=lead, stage=Stage.objects.get(code="contactado"), by=Actor("user", "1", "Sol"))
    connection.run_before_commit()

    steps = {entry.text: (entry.who, entry.name) for entry in story(about(contact, ana), group="etapas").entries}

    assert steps["De Nuevo a Contactado"] == (Who.PERSON, "Sol")
    assert steps["Entró en Nuevo"] == (Who.AI, "Ventas")


def test_only_the_last_step_offers_the_way_back_and_only_where_it_asks_nothing(in_acme: Tenant, ana: Person) -> None:
    by, contact = Actor("user", "1", "Sol"), make_contact()
    lead = leads.create_lead(contact=contact, by=by)
    for code in ("contactado", "calificado"):
        move_stage(lead=lead, stage=Stage.objects.get(code=code), by=by)

    def undoable() -> list[str]:
        return [entry.text for entry in story(about(contact, ana), group="etapas").entries if entry.undo]

    assert undoable() == ["De Contactado a Calificado"]
    StageTransition.objects.filter(source__code="calificado", target__code="contactado").update(requires_comment=True)
    assert undoable() == []


def test_what_the_agent_did_is_told_with_its_receipt(in_acme: Tenant, ana: Person, sol: Person) -> None:
    chat = make_conversation()
    run = make_run(conversation_id=chat.pk)
    make_tool_call(
        run=run, conversation_id=chat.pk, ok=True, result={"receipt": {"kind": "crm", "text": "Anoté el interés"}}
    )
    make_tool_call(run=run, conversation_id=chat.pk, ok=True, result={"found": 3})

    (entry,) = story(about(chat.contact, ana), group="ia").entries
    (unlinked,) = story(about(chat.contact, sol), group="ia").entries

    assert (entry.text, entry.who, entry.href) == ("Anoté el interés", Who.AI, f"/agentes/turnos/{run.pk}/")
    assert unlinked.href == ""


def test_a_leads_story_leaves_the_persons_other_leads_out(in_acme: Tenant, ana: Person) -> None:
    contact = make_contact()
    one, other = make_lead(contact=contact), make_lead(contact=contact)
    for lead, text in ((one, "uno"), (other, "otro"), (None, "todos")):
        make_note(contact=contact, lead=lead, text=text)

    words = [entry.detail for entry in story(about(contact, ana, lead_id=one.pk)).entries]

    assert sorted(words) == ["todos", "uno"]


def test_another_companys_rows_are_not_in_it(acme: Tenant, globex: Tenant, ana: Person) -> None:
    with tenant_context(globex):
        theirs = make_note(text="de globex").contact
    with tenant_context(acme):
        assert story(about(theirs, ana)).entries == []

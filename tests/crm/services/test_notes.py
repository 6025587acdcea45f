"""Notes and who is told of them."""

import ast
from pathlib import Path

import pytest

from config.lib.errors import Forbidden, Invalid, NotFound
from crm.models import Contact, Note, Notification
from crm.services import notes
from tenants.context import tenant_context
from tenants.domain.actor import Actor
from tenants.live.models import LiveEvent
from tenants.models import SystemEvent, Tenant
from tests.factories.crm import make_contact, make_lead, make_seller
from tests.support.cast import Person


@pytest.fixture
def contact(in_acme: Tenant) -> Contact:
    """Nobody attends this one yet, so everybody sees it."""
    return make_contact(name="Marta")


def told(person: Person) -> list[str]:
    return list(Notification.objects.filter(user=person.user).values_list("kind", flat=True))


def test_whoever_is_named_is_told_once(contact: Contact, ana: Person, sol: Person, teo: Person) -> None:
    note = notes.add_note(contact=contact, text="@Sol y @Teo: llamar. @sol, urgente", by=ana.actor)

    assert set(note.mentions) == {sol.user.pk, teo.user.pk}
    assert (told(sol), told(teo), told(ana)) == (["mention"], ["mention"], [])
    row = Notification.objects.get(user=sol.user)
    assert (row.facts, row.href) == ({"by": "Ana"}, f"/contactos/{contact.pk}/#note-{note.pk}")


def test_naming_oneself_tells_nobody(contact: Contact, ana: Person) -> None:
    notes.add_note(contact=contact, text="@Ana me ocupo", by=ana.actor)

    assert told(ana) == []


def test_a_notification_never_holds_the_words_of_a_note(contact: Contact, ana: Person, sol: Person) -> None:
    notes.add_note(contact=contact, text="@Sol el secreto es 1234", by=ana.actor)

    assert "1234" not in str(list(Notification.objects.values()))


def test_somebody_who_does_not_see_the_contact_cannot_be_named(
    in_acme: Tenant, ana: Person, sol: Person, teo: Person
) -> None:
    contact = make_lead(owner=make_seller(user=teo.user)).contact

    with pytest.raises(Invalid) as refused:
        notes.add_note(contact=contact, text="@Sol mirá esto", by=ana.actor)

    assert "Sol" in str(refused.value.fields["text"])
    assert told(sol) == []
    assert not Note.objects.exists()


def test_of_a_contact_that_is_seen_another_sellers_lead_is_not(
    in_acme: Tenant, ana: Person, sol: Person, teo: Person
) -> None:
    contact = make_contact()
    make_lead(contact=contact, owner=make_seller(user=sol.user))
    lead = make_lead(contact=contact, owner=make_seller(user=teo.user))

    with pytest.raises(Invalid):
        notes.add_note(contact=contact, lead=lead, text="@Sol", by=ana.actor)
    notes.add_note(contact=contact, text="@Sol", by=ana.actor)

    assert told(sol) == ["mention"]


def test_who_waits_for_approval_or_works_elsewhere_is_just_text(
    contact: Contact, ana: Person, pia: Person, gus: Person
) -> None:
    note = notes.add_note(contact=contact, text="@Pia y @Gus", by=ana.actor)

    assert note.mentions == []


@pytest.mark.parametrize("wrong", ["", "   ", "x" * 4001, "nulo\x00", "medio \ud800"])
def test_what_cannot_be_kept_is_refused_beside_the_text(contact: Contact, ana: Person, wrong: str) -> None:
    with pytest.raises(Invalid) as refused:
        notes.add_note(contact=contact, text=wrong, by=ana.actor)

    assert "text" in refused.value.fields


def test_an_unknown_kind_and_a_strange_lead_are_refused(contact: Contact, ana: Person) -> None:
    for wrong in ({"kind": "chisme"}, {"lead": make_lead()}):
        with pytest.raises(Invalid):
            notes.add_note(contact=contact, text="x", by=ana.actor, **wrong)


def test_an_edit_tells_only_who_is_newly_named(contact: Contact, ana: Person, sol: Person, teo: Person) -> None:
    note = notes.add_note(contact=contact, text="@Sol", by=ana.actor)
    Notification.objects.all().delete()

    notes.edit_note(note=note, by=ana.actor, text="@Sol y @Teo")

    assert (told(sol), told(teo)) == ([], ["mention"])
    assert note.edited_at is not None


def test_only_its_author_changes_or_removes_a_note_and_anybody_pins_it(
    contact: Contact, ana: Person, sol: Person
) -> None:
    note = notes.add_note(contact=contact, text="de Ana", by=ana.actor)

    for act in (
        lambda: notes.edit_note(note=note, by=sol.actor, text="otra"),
        lambda: notes.remove_note(note=note, by=sol.actor),
    ):
        with pytest.raises(Forbidden):
            act()
    notes.edit_note(note=note, by=sol.actor, pinned=True)

    assert (Note.objects.get().text, Note.objects.get().is_pinned) == ("de Ana", True)


def test_what_an_agent_wrote_is_nobodys_to_change(contact: Contact, ana: Person) -> None:
    note = notes.add_note(contact=contact, text="Quiere el azul", by=Actor("agent", "", "Ventas"))

    with pytest.raises(Forbidden):
        notes.remove_note(note=note, by=ana.actor)


def test_a_removed_note_comes_back_as_it_was_for_whoever_removed_it(contact: Contact, ana: Person, sol: Person) -> None:
    notes.add_note(contact=contact, text="@Sol volvé", kind="call", pinned=True, by=ana.actor)
    before = Note.objects.values().get()

    assert notes.remove_note(note=Note.objects.get(), by=ana.actor)
    assert told(sol) == []
    with pytest.raises(NotFound):
        notes.restore_note(pk=before["id"], by=sol.actor)
    for _twice in range(2):
        notes.restore_note(pk=before["id"], by=ana.actor)

    assert Note.objects.values().get() == before
    assert told(sol) == ["mention"]


def test_a_note_of_an_erased_person_does_not_come_back(contact: Contact, ana: Person) -> None:
    note = notes.add_note(contact=contact, text="x", by=ana.actor)
    pk = note.pk
    notes.remove_note(note=note, by=ana.actor)
    contact.delete()

    with pytest.raises(NotFound):
        notes.restore_note(pk=pk, by=ana.actor)


def test_every_write_is_in_the_trail_without_the_words_and_tells_open_pages(acme: Tenant, ana: Person) -> None:
    with tenant_context(acme):
        lead = make_lead()
        note = notes.add_note(contact=lead.contact, text="privado", by=ana.actor)
        notes.edit_note(note=note, by=ana.actor, text="más privado")
        notes.remove_note(note=note, by=ana.actor)
    with tenant_context(acme):
        events = SystemEvent.objects.filter(tenant_id=acme.pk, action__startswith="note.")
        assert sorted(events.values_list("action", flat=True)) == ["note.added", "note.removed", "note.updated"]
        assert "privado" not in str(list(events.values_list("diff", flat=True)))
        assert LiveEvent.objects.filter(type="LEAD_UPDATED", data__id=str(lead.pk)).exists()


def test_no_module_of_the_ai_reads_notes() -> None:
    """What the team writes to itself never becomes words of the customer, nor an instruction."""
    read = []
    for folder in ("domain", "services", "tools", "llm"):
        for path in Path("agents", folder).glob("*.py"):
            nodes = list(ast.walk(ast.parse(path.read_text())))
            names = {node.id for node in nodes if isinstance(node, ast.Name)}
            names |= {node.attr for node in nodes if isinstance(node, ast.Attribute)}
            read += [path.name] if names & {"Note", "remarks", "notes"} else []

    assert read == []

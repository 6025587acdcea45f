"""Committed rows and real threads: page, API and impatient clicks at once, and whoever writes at the same time."""

from concurrent.futures import ThreadPoolExecutor

from django.db import connections

from agents.models import ToolCall
from agents.services import undo as undoing
from config.lib.errors import Conflict
from crm.models import Contact, Lead
from crm.services import contacts
from messaging.models import Message
from messaging.services.conversations import locked, note
from tenants.context import tenant_context
from tenants.models import SystemEvent
from tests.agents.services.story import TEAM, make_story
from tests.agents.tools.undoing import box_of, call_of, contact_of, use
from tests.support.cast import Cast


def test_eight_clicks_at_once_undo_once(live_tenants: Cast) -> None:
    acme, ana = live_tenants.acme, live_tenants["ana"]
    story = make_story(acme, name="", phone=None, email="")
    use(box_of(acme, story, "create_customer"), "create_customer", name="Ana Ruiz")
    call = call_of(acme, "create_customer")

    def click(_number: int) -> bool:
        try:
            with tenant_context(acme):
                undoing.undo(call=undoing.call_for(ana.member, call.pk), member=ana.member, by=ana.actor)
        except Conflict:
            return False
        finally:
            connections.close_all()
        return True

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(click, range(8))) == 1
    assert contact_of(acme, story).name == ""
    with tenant_context(acme):
        assert SystemEvent.objects.filter(action="act.undone").count() == 1
        assert (
            Message.objects.filter(conversation=story.conversation, kind="note", text__contains="deshizo").count() == 1
        )
        assert ToolCall.objects.get(pk=call.pk).undone_by == "Ana"


def test_it_takes_its_locks_in_the_order_of_everybody_else(live_tenants: Cast) -> None:
    """Forty undoings beside whoever corrects the same contacts and writes in the same chats: nobody waits in a ring."""
    acme, ana = live_tenants.acme, live_tenants["ana"]
    stories = [make_story(acme, name="", phone=None, email="") for _number in range(4)]
    calls = []
    for story in stories:
        for turn in range(10):
            use(box_of(acme, story, "qualify_lead", sequence=turn), "qualify_lead", budget=f"{turn} mil")
            calls.append(call_of(acme, "qualify_lead").pk)

    def undo(pk: object) -> str:
        try:
            with tenant_context(acme):
                undoing.undo(call=undoing.call_for(ana.member, pk), member=ana.member, by=ana.actor)
            return "undone"
        except Conflict:
            return "newer"
        finally:
            connections.close_all()

    def write(number: int) -> str:
        story = stories[number % 4]
        try:
            with tenant_context(acme):
                contact = Contact.objects.get(pk=story.conversation.contact_id)
                contacts.update_contact(contact=contact, by=TEAM, city=f"Ciudad {number}")
                chat = locked(story.conversation.pk)
                assert chat is not None
                note(chat, f"Nota {number}")
                chat.save()
            return "written"
        finally:
            connections.close_all()

    with ThreadPoolExecutor(8) as pool:
        undone = [pool.submit(undo, pk) for pk in reversed(calls)]
        written = [pool.submit(write, number) for number in range(40)]
        assert [each.result() for each in written] == ["written"] * 40
        found = [each.result() for each in undone]
    assert found.count("undone") >= 4, "the latest act of each chat at least"
    with tenant_context(acme):
        assert Lead.objects.count() == 4
        assert SystemEvent.objects.filter(action="act.undone").count() == found.count("undone")

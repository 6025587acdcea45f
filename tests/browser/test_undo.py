"""Taking back what the AI did, as a newcomer would: from the story of a person, and from the receipt in the chat."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from crm.models import AgendaEvent, Contact
from messaging.models import Conversation
from tenants.context import tenant_context
from tests.agents.services.story import Story, make_story
from tests.agents.tools.agenda import desk_of, look
from tests.agents.tools.agenda import use as use_agenda
from tests.agents.tools.undoing import box_of, use
from tests.browser.conftest import Site, overflows
from tests.browser.test_playground import shot
from tests.factories.crm import make_lead, make_seller
from tests.factories.messaging import make_message
from tests.support.thorough import dealt

pytestmark = [pytest.mark.browser, pytest.mark.slow]


def attended(site: Site) -> Story:
    """An agent noted a name and an e-mail and booked an hour; both receipts stand under its message."""
    acme = site.cast.acme
    story = make_story(acme, name="", phone=None, email="")
    with tenant_context(acme):
        make_seller(name="Sol Paz", working_hours={str(day): [["09:00", "18:00"]] for day in range(7)})
        make_lead(contact=Contact.objects.get(pk=story.conversation.contact_id), interest="high")
        make_message(
            conversation=story.conversation, text="Soy Marina Sosa, marina@correo.test. Quiero un turno mañana"
        )
    saved = use(
        box_of(acme, story, "create_customer"), "create_customer", name="Marina Sosa", email="marina@correo.test"
    )
    desk = desk_of(acme, story)
    look(desk, "mañana")
    booked = use_agenda(desk, "book_appointment", choice="1")
    assert saved.receipt is not None
    assert booked.receipt is not None, booked.message
    receipts = [saved.receipt.as_json(), booked.receipt.as_json()]
    with tenant_context(acme):
        row = Conversation.objects.get(pk=story.conversation.pk)
        text = "Listo Marina, anoté tus datos y quedó agendado tu turno de mañana."
        make_message(
            conversation=row, direction="out", author="agent", author_name="Vera", text=text,
            status="sent", payload={"receipts": receipts}, agent_run_id=desk.context.run_id,
        )  # fmt: skip
        Conversation.objects.filter(pk=row.pk).update(turn_token=None)
    return story


@pytest.mark.parametrize("phone", dealt([True, False], 1, share=2))
def test_a_booking_is_taken_back_and_the_person_is_told_to_write(
    site: Site, open_as: Callable[..., Page], phone: bool
) -> None:
    story, size = site.do(attended, site), "360" if phone else "1280"
    page = open_as("ana", f"/bandeja/{story.conversation.pk}/", phone=phone, dark=not phone)
    expect(page.get_by_role("link", name="Deshacer")).to_have_count(2)
    assert not overflows(page)
    shot(page, f"undo-chat-{size}")
    page.get_by_role("link", name="Deshacer").last.click()
    expect(page.get_by_text("Se cancela la cita:")).to_be_visible()
    expect(page.get_by_text("conviene escribirle después")).to_be_visible()
    assert not overflows(page)
    shot(page, f"undo-ask-{size}")
    page.get_by_role("button", name="Deshacer").click()
    expect(page.get_by_text("Deshecho por Ana")).to_be_visible()
    expect(page.get_by_role("link", name="Escribirle")).to_be_visible()
    assert not overflows(page)
    shot(page, f"undo-done-{size}")
    page.get_by_role("link", name="Escribirle").click()
    expect(page.locator("p.receipt s")).to_have_count(1)
    assert not overflows(page)
    shot(page, f"undo-receipt-{size}")
    page.goto(f"/contactos/{story.conversation.contact_id}/")
    story_box = page.locator("#story")
    expect(story_box.get_by_text("Deshecho por Ana")).to_be_visible()
    expect(story_box.get_by_role("link", name="Deshacer")).to_have_count(1)
    assert not overflows(page)
    shot(page, f"undo-story-{size}")

    def status() -> str:
        with tenant_context(site.cast.acme):
            return str(AgendaEvent.objects.get().status)

    assert site.do(status) == "cancelled"
    assert page.complaints == []  # type: ignore[attr-defined]

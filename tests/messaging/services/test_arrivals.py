"""Where somebody who writes came from: the channel of their first message, and every ad they clicked."""

from crm.models import Lead, Touch
from tenants.context import tenant_context
from tenants.models import Tenant
from tests.fakes import graph_events as wire
from tests.messaging.services.saying import Number

AD = {
    "source_type": "ad",
    "source_id": "120200000000001",
    "source_url": "https://fb.me/example",
    "headline": "2x1 en marzo",
    "ctwa_clid": "clid-1",
}


def touches(acme: Tenant) -> list[Touch]:
    with tenant_context(acme):
        return list(Touch.objects.order_by("at", "id"))


def test_the_first_message_of_somebody_new_is_an_arrival_and_the_next_is_not(acme: Tenant, number: Number) -> None:
    number.says("Hola")
    number.says("¿Están?")
    (touch,) = touches(acme)
    assert (touch.kind, touch.source, touch.lead_id is not None) == ("message", "whatsapp", True)


def test_somebody_who_clicked_an_ad_keeps_its_id_and_its_click(acme: Tenant, number: Number) -> None:
    number.sends({**wire.text("Quiero más información"), "referral": AD})
    (touch,) = touches(acme)
    assert (touch.kind, touch.source, touch.ad_id, touch.click_id, touch.content) == (
        "ad", "anuncio", "120200000000001", "clid-1", "2x1 en marzo",
    )  # fmt: skip
    with tenant_context(acme):
        lead = Lead.objects.get()
        assert (lead.source, lead.last_source) == ("anuncio", "anuncio")


def test_a_later_click_is_the_last_arrival_and_leaves_the_first(acme: Tenant, number: Number) -> None:
    number.says("Hola")
    number.sends({**wire.text("Vi el anuncio"), "referral": AD})
    assert [touch.kind for touch in touches(acme)] == ["message", "ad"]
    with tenant_context(acme):
        lead = Lead.objects.get()
        assert (lead.source, lead.last_source) == ("whatsapp", "anuncio")


def test_the_same_message_twice_is_one_arrival(acme: Tenant, number: Number) -> None:
    message = {**wire.text("Vi el anuncio"), "referral": AD}
    number.sends(message)
    number.sends(message)
    assert len(touches(acme)) == 1

"""What a channel's page says of its state, what it offers then, and how a channel goes for good."""

from collections.abc import Callable

from django.test import Client
from django.utils import timezone

from messaging.ingest.models import ChannelRoute
from messaging.models import Channel
from tenants.context import tenant_context
from tenants.domain.actor import Actor
from tenants.models import SystemEvent, Tenant
from tenants.services import vault
from tests.factories.messaging import make_channel, make_conversation
from tests.support.tasks import Queue

WHATSAPP = {"provider": "meta_direct", "channel_source": "whatsapp", "config": {"phone_number_id": "101"}}


def test_a_tick_needs_a_test_that_worked_and_a_missing_credential_is_told_first(
    acme: Tenant, client_as: Callable[..., Client]
) -> None:
    with tenant_context(acme):
        channel = make_channel(**WHATSAPP, status="pending", checked_at=timezone.now())
    browser = client_as("ana")
    page = browser.get(f"/canales/{channel.pk}/")
    assert not any(step.done for step in page.context["steps"])
    for path in ("/canales/", f"/canales/{channel.pk}/"):
        seen = browser.get(path).content.decode()
        assert "Faltan credenciales" in seen
        assert "Falta el primer mensaje" not in seen

    with tenant_context(acme):
        for category, name in (("whatsapp_cloud", "ACCESS_TOKEN"), ("meta", "APP_SECRET"), ("meta", "VERIFY_TOKEN")):
            vault.put_credential(category=category, name=name, value="v-0123456789", by=Actor.system("Prueba"))
    for path in ("/canales/", f"/canales/{channel.pk}/"):
        seen = browser.get(path).content.decode()
        assert "Faltan credenciales" not in seen
        assert "Falta el primer mensaje" in seen


def test_a_channel_that_is_off_offers_to_be_switched_on_and_no_test(
    acme: Tenant, client_as: Callable[..., Client], queued: Queue
) -> None:
    with tenant_context(acme):
        channel = make_channel(**WHATSAPP, status="disabled")
    browser = client_as("ana")
    answer = browser.get(f"/canales/{channel.pk}/")
    page = answer.content.decode()
    assert "/probar/" not in page
    assert answer.context["next_step"].href == f"/canales/{channel.pk}/encender/"
    browser.post(f"/canales/{channel.pk}/probar/")
    told = browser.get(f"/canales/{channel.pk}/").content.decode()
    assert "El canal está apagado" in told
    assert "Probando la conexión" not in told
    assert not queued.named("check_channel")


def test_a_channel_without_chats_is_removed_after_asking_and_one_with_chats_is_not(
    acme: Tenant, client_as: Callable[..., Client]
) -> None:
    with tenant_context(acme):
        channel = make_channel(**WHATSAPP, name="Por error", route=True)
        used = make_channel(name="Con chats")
        make_conversation(channel=used)
    browser, path = client_as("ana"), f"/canales/{channel.pk}/eliminar/"
    assert path in browser.get(f"/canales/{channel.pk}/").content.decode()
    assert "No se puede deshacer" in browser.get(path).content.decode()
    assert client_as("rita").post(path).status_code == 403
    assert client_as("gus").post(path).status_code == 404

    assert browser.post(path).headers["Location"] == "/canales/"
    assert browser.get(f"/canales/{channel.pk}/").status_code == 404
    with tenant_context(acme):
        assert not ChannelRoute.objects.filter(channel_id=channel.pk).exists()
        assert SystemEvent.objects.filter(action="channel.removed", actor_label__contains="Ana").exists()

    path = f"/canales/{used.pk}/eliminar/"
    assert path not in browser.get(f"/canales/{used.pk}/").content.decode()
    assert "se puede apagar, no eliminar" in browser.get(path).content.decode()
    back = browser.post(path).headers["Location"]
    assert "se puede apagar, no eliminar" in browser.get(back).content.decode()
    with tenant_context(acme):
        assert Channel.objects.filter(pk=used.pk).exists()


def test_a_number_without_templates_says_how_a_test_message_can_leave(
    acme: Tenant, client_as: Callable[..., Client]
) -> None:
    with tenant_context(acme):
        channel = make_channel(**WHATSAPP)
    page = client_as("ana").get(f"/canales/{channel.pk}/mensaje-de-prueba/").content.decode()
    form = page.partition('<form class="card-box')[2]
    assert "escribir primero desde ese teléfono al número" in form
    assert 'href="/plantillas/"' in form


def test_a_site_that_is_no_domain_is_named(client_as: Callable[..., Client]) -> None:
    form = {"name": "Sitio", "allowed_domains": "tienda.test\nhttp://tienda.test/carrito\nblog.test"}
    page = client_as("ana").post("/canales/nuevo/web/", form).content.decode()
    assert "«http://tienda.test/carrito» no tiene la forma esperada" in page

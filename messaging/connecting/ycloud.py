"""Connecting a WhatsApp number of the company's YCloud account: the key, then one of its numbers, then its webhook.

The key waits sealed in Redis; it goes into the vault with the channel, once it proved itself. A worker asks YCloud.
"""

from dataclasses import asdict, dataclass
from functools import partial
from typing import Any
from uuid import UUID

from django.utils import timezone, translation
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_variables

from config.lib import commit
from config.lib.errors import AppError, Conflict, Invalid, ProviderError
from messaging.connecting import draft
from messaging.ingest import routes
from messaging.models import Channel, Provider, Source
from messaging.providers.clean import identifier, items, phone, text
from messaging.providers.ycloud.client import YCloudWhatsApp
from messaging.services import channels
from messaging.services.adapters import adapter_for, endpoints
from tenants.context import current_tenant, tenant_context
from tenants.domain.actor import Actor
from tenants.live.services import emit
from tenants.locks import hold
from tenants.models import Tenant
from tenants.services import limits, vault
from tenants.services.audit import record

KIND = "ycloud"
LOOK, REGISTER, QUEUE = "messaging.tasks.look_at_ycloud", "messaging.tasks.register_ycloud", "sync"
MOST_NUMBERS = 200
MOST_ADDRESSES = 20  # YCloud: webhook endpoints of an account
BY = Actor.system("YCloud")
#: What we ask YCloud to tell: messages, what became of ours, the phone's own, and news of account, number and templates.
EVENTS = (
    "whatsapp.inbound_message.received",
    "whatsapp.message.updated",
    "whatsapp.smb.message.echoes",
    "whatsapp.template.reviewed",
    "whatsapp.template.quality_updated",
    "whatsapp.template.category_updated",
    "whatsapp.phone_number.quality_updated",
    "whatsapp.phone_number.name_updated",
    "whatsapp.phone_number.deleted",
    "whatsapp.business_account.updated",
    "whatsapp.business_account.reviewed",
    "whatsapp.business_account.deleted",
    "whatsapp.user.preferences",
)


@dataclass(frozen=True)
class Number:
    phone: str
    name: str
    waba_id: str = ""


@dataclass
class Attempt:
    """What one person is connecting. `state`: asking, found or failed."""

    key: str
    state: str = "asking"
    error: str = ""
    numbers: tuple[Number, ...] = ()

    def __repr__(self) -> str:
        return f"Attempt({self.state!r})"


# --- the key -----------------------------------------------------------------------------------------------------
@sensitive_variables("key")
def ask(*, person: UUID, key: str = "") -> None:
    """Have a worker try the key, or without one the one that is stored. Raises Invalid with fields, RateLimited."""
    try:
        key = vault.checked("ycloud", "API_KEY", key or stored_key())
    except Invalid as error:
        raise Invalid(error.message, fields={"key": error.message}) from None
    limits.check("provider-test", current_tenant().pk)
    draft.keep(KIND, person, asdict(Attempt(key)))
    commit.queue(LOOK, queue=QUEUE, person=str(person), language=translation.get_language())


def stored_key() -> str:
    """The company's own key or one that is lent to it; empty when there is none that opens."""
    try:
        return vault.get_tenant_credential(current_tenant().pk, "ycloud", "API_KEY")
    except AppError:
        return ""


def look(*, tenant: Tenant, person: UUID) -> None:
    """Ask YCloud for the key's numbers, outside of any transaction."""
    with tenant_context(tenant):
        attempt = waiting(person)
    if attempt is None or attempt.state != "asking":
        return
    try:
        adapter = YCloudWhatsApp(base_url=endpoints().ycloud, phone_number="", api_key=attempt.key)
        attempt.numbers = tuple(_numbers(adapter))
        attempt.state = "found"
    except ProviderError as error:
        attempt.state = "failed"
        attempt.error = (
            _("YCloud no aceptó la clave. Copiarla de nuevo en YCloud, Developers, API Keys.")
            if error.kind == "auth"
            else error.message
        )
    with tenant_context(tenant):
        now = waiting(person)
        # Whoever typed another key in the meantime waits for an answer to that.
        if now is not None and now.key == attempt.key:
            draft.keep(KIND, person, asdict(attempt))


def _numbers(adapter: YCloudWhatsApp) -> list[Number]:
    found: list[Number] = []
    for one in adapter.numbers():
        number = phone(one.get("phoneNumber"))
        if number and len(found) < MOST_NUMBERS:
            name = text(one.get("verifiedName") or one.get("displayName"), 100)
            found.append(Number(number, name, identifier(one.get("wabaId"))[:40]))
    return found


def waiting(person: UUID) -> Attempt | None:
    """What the person began in the entered company and did not finish."""
    kept = draft.read(KIND, person)
    if kept is None:
        return None
    return Attempt(**kept | {"numbers": tuple(Number(**each) for each in kept["numbers"])})


def forget(person: UUID, *, tenant_id: int) -> None:
    draft.forget(KIND, person, tenant_id=tenant_id)


# --- the number --------------------------------------------------------------------------------------------------
def connected_numbers() -> set[str]:
    """Numbers that are channels of the entered company."""
    rows = Channel.objects.filter(provider=Provider.YCLOUD).exclude(status=Channel.Status.DISABLED)
    return {str(number) for number in rows.values_list("config__phone_number", flat=True)}


def choose(*, person: UUID, number: str, by: Actor) -> Channel:
    """Make the channel of a number, or give the one it has this key; its webhook follows. Raises Invalid, Conflict."""
    attempt = waiting(person)
    chosen = next((each for each in attempt.numbers if each.phone == number), None) if attempt else None
    if attempt is None or chosen is None:
        raise Invalid(_("Elegir uno de los números."), fields={"number": _("Elegir uno de los números.")})
    config = {"phone_number": chosen.phone} | ({"waba_id": chosen.waba_id} if chosen.waba_id.isdecimal() else {})
    hold("channel", "phone_number", chosen.phone)
    channel = Channel.objects.filter(provider=Provider.YCLOUD, config__phone_number=chosen.phone).first()
    off = channel is not None and channel.status == Channel.Status.DISABLED
    if channel is None:
        channel = channels.create_channel(
            provider=Provider.YCLOUD,
            channel_source=Source.WHATSAPP,
            name=chosen.name or chosen.phone,
            config=config,
            by=by,
        )
    else:
        channel = channels.update_channel(channel=channel, config=config, by=by)
    _store(channel, attempt.key, by)
    if off:
        channels.set_enabled(channel=channel, enabled=True, by=by)  # which registers the address too
    else:
        _queue(channel)
    commit.after(partial(forget, person, tenant_id=current_tenant().pk))
    return channel


@sensitive_variables("key")
def _store(channel: Channel, key: str, by: Actor) -> None:
    """The first key is the company's; another one, of another account perhaps, belongs to its channel."""
    own = vault.own_rows("ycloud", ("API_KEY",), channel.pk)
    kept = own.get("API_KEY")
    if kept is not None and vault.open_row(kept) == key:
        return
    if kept is None and stored_key() == key:  # lent by the platform: it stays there
        return
    vault.put_credential(
        category="ycloud", name=f"API_KEY@{channel.pk}" if kept is not None else "API_KEY", value=key, by=by
    )


# --- the webhook -------------------------------------------------------------------------------------------------
def register_again(*, channel: Channel, by: Actor) -> None:
    """A person asks for the address to be registered at YCloud. Raises RateLimited, and Conflict for one that is off."""
    if channel.status == Channel.Status.DISABLED:
        raise Conflict(_("El canal está apagado: encenderlo registra también su dirección."))
    limits.check("provider-test", current_tenant().pk)
    _queue(channel)
    record(action="channel.tested", resource=channel, by=by)
    emit("CHANNEL_UPDATED", object="channel", id=channel.pk)


def _queue(channel: Channel) -> None:
    channel.status_detail = _("Conectando los avisos de YCloud…")
    channel.save(update_fields=["status_detail"])
    commit.queue(REGISTER, queue=QUEUE, channel_id=str(channel.pk))


def register(*, tenant: Tenant, channel_id: UUID) -> None:
    """Have YCloud tell us, and keep the secret it signs with; any number of times. How it went is said on the channel."""
    with tenant_context(tenant):
        channel = Channel.objects.filter(pk=channel_id, provider=Provider.YCLOUD).first()
    if channel is None or channel.status == Channel.Status.DISABLED:
        return
    try:
        adapter = adapter_for(tenant, channel)
        assert isinstance(adapter, YCloudWhatsApp)
        facts = adapter.facts()
        secret = _subscribed(adapter, channels.webhook_url(channel))
    except ProviderError as error:
        lost = {"status": Channel.Status.NEEDS_RECONNECT} if error.kind == "auth" else {}
        _say(tenant, channel, {"status_detail": error.message, **lost})
        return
    with tenant_context(tenant):
        _keep_secret(channel, secret)
    done = _("Conectado: YCloud avisa de cada mensaje.")
    now = timezone.now()
    known = {**channel.facts, **facts, "subscribed": True, channels.PROVEN: now.isoformat()}
    fields = {"facts": known, "checked_at": now}
    _say(tenant, channel, {"status": Channel.Status.CONNECTED, "status_detail": done, **fields})


@sensitive_variables("secret")
def _keep_secret(channel: Channel, secret: str) -> None:
    name = f"WEBHOOK_SECRET@{channel.pk}"
    kept = vault.own_rows("ycloud", (name,)).get("WEBHOOK_SECRET")
    if kept is None or vault.open_row(kept) != secret:
        vault.put_credential(category="ycloud", name=name, value=secret, by=BY)
        commit.after(routes.changed)


def _subscribed(adapter: YCloudWhatsApp, url: str) -> str:
    """The secret that YCloud signs with for our address, which is added, switched on or left as it is."""
    all_ = list(adapter.webhooks())
    found = next((one for one in all_ if one.get("url") == url), None)
    if found is None:
        if len(all_) >= MOST_ADDRESSES:
            message = _("La cuenta de YCloud ya tiene 20 direcciones: borrar una en Developers, Webhooks.")
            raise ProviderError(message, kind="permanent", code="too_many_addresses")
        found = _added(adapter, url)
    else:
        keep_on(adapter, found)
    secret = text(found.get("secret"), 300)
    if not secret.startswith("whsec_") or "*" in secret:  # lists may show it in part or not at all
        secret = adapter.new_secret(identifier(found.get("id")))
    if not secret:
        message = _("YCloud no dijo con qué secreto firma. Probar de nuevo.")
        raise ProviderError(message, kind="retry", code="no_secret")
    return secret


def _added(adapter: YCloudWhatsApp, url: str) -> dict[str, Any]:
    try:
        return adapter.add_webhook(url=url, events=EVENTS, description="CRM")
    except ProviderError as error:
        if error.code != "PARAM_INVALID":
            raise
        words = _("YCloud no aceptó la dirección %(url)s: tiene que verse desde internet y empezar con https.")
        raise ProviderError(words % {"url": url}, kind="permanent", code=error.code) from error


def keep_on(adapter: YCloudWhatsApp, found: dict[str, Any]) -> None:
    """YCloud stops calling an address that failed for a while; and ours may be older than an event we want."""
    listed = [text(one, 100) for one in items(found.get("enabledEvents"))]
    wanted = [*listed, *(one for one in EVENTS if one not in listed)]
    if found.get("status") != "active" or wanted != listed:
        adapter.change_webhook(identifier(found.get("id")), events=wanted)


def is_told(adapter: YCloudWhatsApp, url: str) -> bool:
    """Whether the account's events come to this address; for the daily look, which switches it on again."""
    found = next((one for one in adapter.webhooks() if one.get("url") == url), None)
    if found is not None:
        keep_on(adapter, found)
    return found is not None


def _say(tenant: Tenant, channel: Channel, fields: dict[str, Any]) -> None:
    fields["status_detail"] = str(fields["status_detail"])[:300]
    with tenant_context(tenant):
        Channel.objects.filter(pk=channel.pk).exclude(status=Channel.Status.DISABLED).update(**fields)
        emit("CHANNEL_UPDATED", object="channel", id=channel.pk)

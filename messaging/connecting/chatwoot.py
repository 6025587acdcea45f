"""Connecting an inbox of the company's Chatwoot: the server and a token, then one of its inboxes, then its webhook.

What was typed waits sealed (`draft`); it goes into the vault with the channel, once it proved itself.
"""

from dataclasses import asdict, dataclass
from functools import partial
from typing import Any
from uuid import UUID

from django.utils import timezone, translation
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_variables

from config.lib import commit
from config.lib.errors import Conflict, Invalid, ProviderError
from messaging.connecting import draft
from messaging.ingest import routes
from messaging.models import Channel
from messaging.providers.chatwoot.account import Account, Inbox
from messaging.services import channels
from messaging.services.adapters import secret_of
from tenants.context import current_tenant, tenant_context
from tenants.domain.actor import Actor
from tenants.live.services import emit
from tenants.locks import hold
from tenants.models import Tenant
from tenants.services import limits, vault

LOOK, SUBSCRIBE, QUEUE = "messaging.tasks.look_at_chatwoot", "messaging.tasks.subscribe_chatwoot", "sync"
KIND = "chatwoot"
BY = Actor.system("Chatwoot")


@dataclass
class Attempt:
    """What one person is connecting. `state`: asking, found or failed."""

    base_url: str
    token: str
    state: str = "asking"
    error: str = ""
    inboxes: tuple[Inbox, ...] = ()

    def __repr__(self) -> str:
        return f"Attempt({self.base_url!r}, {self.state!r})"

    @property
    def usable(self) -> list[Inbox]:
        return [each for each in self.inboxes if each.source]

    @property
    def others(self) -> list[Inbox]:
        return [each for each in self.inboxes if not each.source]


# --- the server and the token ------------------------------------------------------------------------------------
@sensitive_variables("token")
def ask(*, person: UUID, base_url: str, token: str) -> None:
    """Have a worker try them. Raises Invalid with fields, RateLimited."""
    base_url = _checked("base_url", "BASE_URL", base_url)
    token = _checked("token", "API_TOKEN", token)
    limits.check("provider-test", current_tenant().pk)
    draft.keep(KIND, person, asdict(Attempt(base_url, token)))
    commit.queue(LOOK, queue=QUEUE, person=str(person), language=translation.get_language())


def _checked(field: str, name: str, value: str) -> str:
    try:
        return vault.checked("chatwoot", name, value)
    except Invalid as error:
        raise Invalid(error.message, fields={field: error.message}) from None


def look(*, tenant: Tenant, person: UUID) -> None:
    """Ask the server which inboxes the person sees, outside of any transaction."""
    with tenant_context(tenant):
        attempt = waiting(person)
    if attempt is None or attempt.state != "asking":
        return
    try:
        attempt.inboxes = tuple(Account(attempt.base_url, attempt.token).inboxes())
        attempt.state = "found"
    except ProviderError as error:
        away = _("No se pudo llegar a esa dirección. Revisarla, o probar más tarde.")
        unreachable = error.code in ("not_connected", "timeout", "connection_lost")
        attempt.state, attempt.error = "failed", away if unreachable else str(error.message)
    with tenant_context(tenant):
        now = waiting(person)
        # Whoever typed something else in the meantime waits for an answer to that.
        if now is not None and (now.base_url, now.token) == (attempt.base_url, attempt.token):
            draft.keep(KIND, person, asdict(attempt))


def connected_inboxes() -> set[str]:
    """Inboxes that are channels of the entered company."""
    rows = Channel.objects.filter(provider="chatwoot").exclude(status=Channel.Status.DISABLED)
    return {str(inbox) for inbox in rows.values_list("config__inbox_id", flat=True)}


# --- the inbox -----------------------------------------------------------------------------------------------------
def choose(*, person: UUID, inbox: str, by: Actor) -> Channel:
    """Make the channel of an inbox, or give the one it has the new token; its webhook follows. Raises Invalid, Conflict."""
    attempt = waiting(person)
    chosen = next((each for each in attempt.usable if each.inbox_id == inbox), None) if attempt else None
    if attempt is None or chosen is None:
        raise Invalid(_("Elegir una de las bandejas."), fields={"inbox": _("Elegir una de las bandejas.")})
    config = {"account_id": chosen.account_id, "inbox_id": chosen.inbox_id}
    hold("channel", "inbox_id", chosen.inbox_id)
    channel = Channel.objects.filter(provider="chatwoot", config__inbox_id=chosen.inbox_id).first()
    if channel is None:
        channel = channels.create_channel(
            provider="chatwoot", channel_source=chosen.source, name=chosen.name or "Chatwoot", config=config, by=by
        )
    else:
        _refuse_another_server(channel, attempt.base_url)
        channel = channels.update_channel(channel=channel, config=config, by=by)
        if channel.status == Channel.Status.DISABLED:
            channel = channels.set_enabled(channel=channel, enabled=True, by=by)
    for name, value in (("BASE_URL", attempt.base_url), ("API_TOKEN", attempt.token)):
        vault.put_credential(category="chatwoot", name=f"{name}@{channel.pk}", value=value, by=by)
    if channel.status == Channel.Status.NEEDS_RECONNECT:
        channel.status = Channel.Status.PENDING
    channel.status_detail = _("Conectando los avisos de Chatwoot…")
    channel.save(update_fields=["status", "status_detail"])
    commit.queue(SUBSCRIBE, queue=QUEUE, channel_id=str(channel.pk))
    commit.after(partial(forget, person, tenant_id=current_tenant().pk))
    return channel


def _refuse_another_server(channel: Channel, base_url: str) -> None:
    """Two servers number their inboxes alike: the channel of the one must not get the token of the other."""
    known = secret_of(current_tenant(), channel)("chatwoot", "BASE_URL", "")
    if known and known != base_url:
        message = _(
            "Ya hay un canal con ese número de bandeja, «%(name)s», en %(server)s. Si ese Chatwoot se mudó, cambiar allí "
            "la dirección, en Credenciales que necesita."
        ) % {"name": channel.name, "server": known}
        raise Conflict(message, fields={"inbox": message})


def subscribe(*, tenant: Tenant, channel_id: UUID) -> None:
    """Have the account's webhook tell us, and keep the secret it signs with. What does not work is said on the channel."""
    with tenant_context(tenant):
        channel = Channel.objects.filter(pk=channel_id, provider="chatwoot").first()
    if channel is None or channel.status == Channel.Status.DISABLED:
        return
    secret = secret_of(tenant, channel)
    try:
        account = Account(secret("chatwoot", "BASE_URL"), secret("chatwoot", "API_TOKEN"))
        signs_with = account.subscribe(str(channel.config["account_id"]), channels.webhook_url(channel))
    except ProviderError as error:
        _say(tenant, channel, {"status_detail": _by_hand(error)})
        return
    with tenant_context(tenant):
        if signs_with:
            name = f"WEBHOOK_SECRET@{channel.pk}"
            vault.put_credential(category="chatwoot", name=name, value=signs_with, by=BY)
            commit.after(routes.changed)
    unsigned = _("Conectado. Esta versión de Chatwoot no firma sus avisos.")
    detail = _("Conectado: Chatwoot avisa de cada mensaje.") if signs_with else unsigned
    now = timezone.now()
    worked = {"checked_at": now, "facts": {**channel.facts, "subscribed": True, channels.PROVEN: now.isoformat()}}
    _say(tenant, channel, {"status": Channel.Status.CONNECTED, "status_detail": detail, **worked})


def _by_hand(error: ProviderError) -> str:
    """The token works, as its inboxes were read: what is missing is the right to add a webhook."""
    if error.kind == "auth":
        return _(
            "Los avisos los agrega un administrador: pegar la dirección de abajo en Chatwoot, Integraciones, Webhooks."
        )
    return _("No se pudieron conectar los avisos: %(why)s Pegar la dirección de abajo en Chatwoot, Webhooks.") % {
        "why": error.message
    }


def _say(tenant: Tenant, channel: Channel, fields: dict[str, Any]) -> None:
    fields["status_detail"] = str(fields["status_detail"])[:300]
    with tenant_context(tenant):
        Channel.objects.filter(pk=channel.pk).exclude(status=Channel.Status.DISABLED).update(**fields)
        emit("CHANNEL_UPDATED", object="channel", id=channel.pk)


# --- what waits ----------------------------------------------------------------------------------------------------
def waiting(person: UUID) -> Attempt | None:
    """What the person began in the entered company and did not finish."""
    kept = draft.read(KIND, person)
    if kept is None:
        return None
    return Attempt(**kept | {"inboxes": tuple(Inbox(**each) for each in kept["inboxes"])})


def forget(person: UUID, *, tenant_id: int) -> None:
    draft.forget(KIND, person, tenant_id=tenant_id)

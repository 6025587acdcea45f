"""Making Meta send a channel's events here, and stopping it again. Steps that may each be repeated; their outcome is kept.

`Channel.facts["setup"]`: step → {"state": "waiting" | "ok" | "failed" | "manual", "says"}. A channel that was typed in by hand has
none and is left as its owner set it up.
"""

import logging
import secrets
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from functools import partial
from typing import Any
from uuid import UUID

from django.conf import settings
from django.utils.translation import gettext as _

from config.lib import commit
from config.lib.errors import AppError, ProviderError
from messaging.connecting import meta_hooks
from messaging.connecting.meta_wire import Account, App
from messaging.ingest import routes
from messaging.models import Channel, Provider, Source
from messaging.providers.clean import mapping
from tenants.context import current_tenant, tenant_context
from tenants.domain.actor import Actor
from tenants.live.services import emit
from tenants.models import Credential, Tenant
from tenants.services.vault import (
    MissingCredential,
    get_tenant_credential,
    open_row,
    own_rows,
    put_credential,
    remove_credential,
)

logger = logging.getLogger(__name__)

TASK, QUEUE = "messaging.tasks.set_up_channel", "sync"
LEAVE_SECONDS = 5.0
#: source → (category, NAME) of a channel's token
TOKENS: dict[str, tuple[str, str]] = {
    Source.WHATSAPP: ("whatsapp_cloud", "ACCESS_TOKEN"),
    Source.FACEBOOK: ("facebook", "PAGE_ACCESS_TOKEN"),
    Source.INSTAGRAM: ("instagram", "ACCESS_TOKEN"),
}
#: source → the field of a channel's data that names its account
ACCOUNTS: dict[str, str] = {
    Source.WHATSAPP: "phone_number_id",
    Source.FACEBOOK: "page_id",
    Source.INSTAGRAM: "ig_user_id",
}


@dataclass(frozen=True)
class Job:
    """All that the calls for one channel need, read beforehand: no transaction is open over them."""

    channel: Channel
    app: App | None
    token: str = field(repr=False)
    verify_token: str = field(repr=False)
    pin: str = field(repr=False)
    address: str
    doors: dict[str, str] = field(repr=False)  # address → verify token of every channel of the company that is on
    # Address and verify token of another channel: one that lives on the same account, and one of the same kind, which may
    # take over the address that the app has.
    sibling: tuple[str, str] | None = field(repr=False)
    heir: tuple[str, str] | None = field(repr=False)

    @property
    def node(self) -> str:
        """What is subscribed: a WhatsApp account, a page, or an Instagram account that has none."""
        config = self.channel.config
        if self.channel.channel_source == Source.WHATSAPP:
            return str(config.get("waba_id") or "")
        return str(config.get("page_id") or config.get("ig_user_id") or "")

    @property
    def by_instagram(self) -> bool:
        return by_instagram(self.channel)

    def account(self, *, seconds: float = 30.0) -> Account:
        return Account(self.token, app=self.app, instagram=self.by_instagram, seconds=seconds)


def by_instagram(channel: Channel) -> bool:
    """Whether it hangs on Instagram's own sign-in, without a page."""
    return channel.channel_source == Source.INSTAGRAM and not channel.config.get("page_id")


# --- what is in the vault --------------------------------------------------------------------------------------
def app_of(*, instagram: bool = False) -> App | None:
    """The company's own app; never the platform's, whose events cannot be told apart. None while it is to be stored."""
    names = ("APP_ID", "APP_SECRET")
    rows = own_rows("instagram" if instagram else "meta", names)
    return App(open_row(rows[names[0]]), open_row(rows[names[1]])) if set(names) <= set(rows) else None


def verify_token(channel: Channel) -> str:
    """What Meta has to say when it asks for the channel's address; made up when the company has none."""
    try:
        return get_tenant_credential(current_tenant().pk, "meta", "VERIFY_TOKEN", channel.pk)
    except MissingCredential:
        value = secrets.token_urlsafe(24)
        put_credential(category="meta", name="VERIFY_TOKEN", value=value, by=Actor.system("Meta"))
        forget_routes()
        return value


def forget_routes() -> None:
    """The door reads every channel's secrets again."""
    commit.after(routes.changed)


def address_of(channel: Channel) -> str:
    return f"{settings.PUBLIC_URL}/webhooks/meta/{channel.route_key}/"


def job_for(channel: Channel) -> Job:
    """Inside the company's transaction. Raises ProviderError `auth` when there is no token that opens."""
    others = list(Channel.objects.filter(provider=Provider.META_DIRECT).exclude(status=Channel.Status.DISABLED))
    shared = "waba_id" if channel.channel_source == Source.WHATSAPP else "page_id"
    account = channel.config.get(shared)
    siblings = [each for each in others if account and each.pk != channel.pk and each.config.get(shared) == account]
    try:
        return Job(
            channel=channel,
            app=app_of(instagram=by_instagram(channel)),
            token=_secret(channel, *TOKENS[channel.channel_source]),
            verify_token=verify_token(channel) if "setup" in channel.facts else "",
            pin=_secret(channel, "whatsapp_cloud", "PIN", needed=False),
            address=address_of(channel),
            doors=dict(map(_door, [*others, channel])),
            sibling=next(map(_door, siblings), None),
            heir=next((_door(each) for each in others if _is_heir(each, channel)), None),
        )
    except AppError as error:
        raise ProviderError(str(error.message), kind="auth", code=error.code) from error


def _door(channel: Channel) -> tuple[str, str]:
    return address_of(channel), _secret(channel, "meta", "VERIFY_TOKEN", needed=False)


def _is_heir(other: Channel, channel: Channel) -> bool:
    same = other.channel_source == channel.channel_source and by_instagram(other) == by_instagram(channel)
    return same and other.pk != channel.pk


def _secret(channel: Channel, category: str, name: str, *, needed: bool = True) -> str:
    try:
        return get_tenant_credential(current_tenant().pk, category, name, channel.pk)
    except MissingCredential:
        if needed:
            raise
        return ""


# --- steps -----------------------------------------------------------------------------------------------------
def _hook(job: Job) -> str:
    """Pages and their Instagram accounts have no address of their own, a WhatsApp account no fields: their app has both."""
    if job.app is None:
        raise ProviderError(_("Falta la app de Meta de la empresa."), kind="permanent", code="no_app")
    return meta_hooks.ensure(job.app, source=job.channel.channel_source, address=job.address, doors=job.doors)


def _pass_hook_on(job: Job) -> None:
    if job.app is None or job.by_instagram:
        return
    source = job.channel.channel_source
    meta_hooks.pass_on(job.app, source=source, address=job.address, heir=job.heir, seconds=LEAVE_SECONDS)


def subscribe(job: Job) -> None:
    """Repeatable. A WhatsApp account first without and then with an address of its own, as Meta wants it."""
    if not job.node:
        message = _("Falta el identificador de la cuenta en los datos del canal.")
        raise ProviderError(message, kind="permanent", code="no_account")
    account = job.account()
    if job.channel.channel_source == Source.WHATSAPP:
        account.subscribe(job.node)
        account.subscribe(job.node, override_callback_uri=job.address, verify_token=job.verify_token)
    else:
        fields = meta_hooks.INSTAGRAM_FIELDS if job.by_instagram else meta_hooks.PAGE_FIELDS
        account.subscribe(job.node, subscribed_fields=fields)


def is_subscribed(job: Job) -> bool:
    """Whether Meta still sends here: it stops for a page after an hour of failures (providers §2.1)."""
    rows = job.account().subscriptions(job.node)
    if job.by_instagram or job.app is None:
        return bool(rows)
    ours = [each for each in rows if job.app.app_id in (str(each.get("id")), _app_id(each))]
    if job.channel.channel_source != Source.WHATSAPP or "setup" not in job.channel.facts:
        return bool(ours)
    return any(each.get("override_callback_uri", job.address) in job.doors for each in ours)


def _app_id(row: dict[str, Any]) -> str:
    return str(mapping(row.get("whatsapp_business_api_data")).get("id"))


def _register(job: Job) -> None:
    job.account().register(str(job.channel.config.get("phone_number_id")), job.pin)


def _sync(job: Job, *, what: str) -> None:
    """A number that stays on a phone: have what is on it sent. Meta wants it asked within a day, and takes it once."""
    try:
        job.account().sync(str(job.channel.config.get("phone_number_id")), what)
    except ProviderError as error:
        if error.kind != "permanent":
            raise
        message = _("Meta lo acepta una sola vez y en las primeras 24 horas. Los mensajes nuevos llegan igual.")
        raise ProviderError(message, kind="permanent", code=error.code) from error


#: What a step returns is said beside it.
RUN: dict[str, Callable[[Job], str | None]] = {
    "hook": _hook,
    "subscribe": subscribe,
    "register": _register,
    "contacts": partial(_sync, what="smb_app_state_sync"),
    "history": partial(_sync, what="history"),
}
ONCE = ("contacts", "history")


def steps_of(channel: Channel, *, registered: bool = False) -> dict[str, dict[str, str]]:
    """What is still to be done for a channel whose token was just stored."""
    wanted = ["hook", "subscribe"]
    if channel.channel_source == Source.WHATSAPP and not registered:
        wanted.append("register")
    if channel.config.get("coexistence"):
        wanted += ONCE
    made = {"token": {"state": "ok", "says": ""}}
    for step in wanted:
        manual = step == "hook" and by_instagram(channel)
        done = step in ONCE and _state(channel, step) == "ok"
        made[step] = {"state": "manual" if manual else "ok" if done else "waiting", "says": ""}
    return made


def titles() -> dict[str, str]:
    return {
        "token": _("Permiso guardado"),
        "hook": _("Dirección de los avisos"),
        "subscribe": _("Suscripción a los mensajes"),
        "register": _("Registro del número"),
        "contacts": _("Contactos del teléfono"),
        "history": _("Chats anteriores del teléfono"),
    }


# --- running them ----------------------------------------------------------------------------------------------
def ask(channel: Channel) -> None:
    """Have a worker take the steps that are not done."""
    _note(channel.pk, dict.fromkeys(_open(channel), "waiting"))
    commit.queue(TASK, queue=QUEUE, channel_id=str(channel.pk))


def _open(channel: Channel) -> list[str]:
    return [name for name in RUN if _state(channel, name) in ("waiting", "failed")]


def _state(channel: Channel, step: str) -> str:
    return str(mapping(mapping(channel.facts.get("setup")).get(step)).get("state") or "")


def run(*, tenant: Tenant, channel_id: UUID) -> bool:
    """Take every open step, each outside of a transaction; one that fails does not stop the next. True: all is done.

    A channel that was switched off is left at Meta instead.
    """
    with tenant_context(tenant):
        channel = Channel.objects.filter(pk=channel_id, provider=Provider.META_DIRECT).first()
        if channel is None or "setup" not in channel.facts:
            return False
        try:
            job = job_for(channel)
        except ProviderError as error:
            _note(channel.pk, dict.fromkeys(_open(channel), "failed"), error.message)
            return False
    if channel.status == Channel.Status.DISABLED:
        leave(job)
        return False
    done = True
    for step in _open(channel):
        state, says = "ok", ""
        try:
            says = RUN[step](job) or ""
        except ProviderError as error:
            state, says, done = "failed", error.message, False
        with tenant_context(tenant):
            _note(channel.pk, {step: state}, says)
    return done


def _note(channel_id: UUID, outcome: dict[str, str], says: str = "") -> None:
    channel = Channel.objects.select_for_update(no_key=True).filter(pk=channel_id).first()
    if channel is None or not outcome:
        return
    setup = dict(mapping(channel.facts.get("setup")))
    setup |= {name: {"state": state, "says": says[:300]} for name, state in outcome.items()}
    channel.facts = {**channel.facts, "setup": setup}
    channel.save(update_fields=["facts"])
    emit("CHANNEL_UPDATED", object="channel", id=channel_id)


# --- leaving ---------------------------------------------------------------------------------------------------
def switched(*, channel: Channel, enabled: bool) -> None:
    """The channel was switched on or off: Meta sends its events again, or no longer. Nothing for other channels."""
    if channel.provider != Provider.META_DIRECT or "setup" not in channel.facts:
        return
    if enabled:
        again = [name for name in ("hook", "subscribe") if _state(channel, name) not in ("", "manual")]
        _note(channel.pk, dict.fromkeys(again, "waiting"))
    commit.queue(TASK, queue=QUEUE, channel_id=str(channel.pk))


def removed(*, channel: Channel, by: Actor) -> None:
    """Call before a channel goes for good: its own secrets are forgotten and, once it is gone, Meta is told."""
    if channel.provider == Provider.META_DIRECT and "setup" in channel.facts:
        try:
            commit.after(partial(leave, job_for(channel)))
        except ProviderError as error:
            logger.info("channel %s is removed without telling Meta: %s", channel.pk, error.code)
    own = Credential.objects.filter(tenant_id=current_tenant().pk, name__endswith=f"@{channel.pk}")
    for category, name in list(own.values_list("category", "name")):
        remove_credential(category=category, name=name, by=by)


def leave(job: Job) -> None:
    """Tell Meta to send nothing more, as far as it listens. What another channel lives on too goes on with that one."""
    try:
        _pass_hook_on(job)
        account = job.account(seconds=LEAVE_SECONDS)
        if job.sibling is None:
            account.unsubscribe(job.node)
        elif job.channel.channel_source == Source.WHATSAPP:
            address, token = job.sibling
            account.subscribe(job.node, override_callback_uri=address, verify_token=token)
    except ProviderError as error:
        logger.info("Meta was not told that channel %s is off: %s", job.channel.pk, error.code)


def accounts_taken(source: str) -> set[str]:
    """Ids of the accounts that are channels already."""
    name = ACCOUNTS[source]
    rows: Iterable[dict[str, Any]] = Channel.objects.filter(
        provider=Provider.META_DIRECT, channel_source=source
    ).values_list("config", flat=True)
    return {str(config[name]) for config in rows if config.get(name)}

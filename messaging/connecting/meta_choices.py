"""What a person chose of a sign-in at Meta becomes channels; an existing channel gets its new token."""

import json
import re
import secrets
from typing import Any

from django.utils.translation import gettext as _

from config.lib.errors import AppError, Invalid
from messaging.connecting import meta
from messaging.models import Channel, Message, MessageStatus, MetaLogin, Provider, Source
from messaging.services import channels, meta_setup
from messaging.services.outbound import wake
from tenants.domain.actor import Actor
from tenants.live.services import emit
from tenants.services.audit import record
from tenants.services.vault import put_credential

Thing = dict[str, Any]
MOST_WAKES = 500
PIN = re.compile(r"[0-9]{6}")


def connect(*, login: MetaLogin, ids: list[str], pin: str = "", by: Actor) -> list[Channel]:
    """A channel for each chosen thing, with its token in the vault; Meta is told by a task. The sign-in is then forgotten.

    `pin`: of the two-step verification of the numbers; made up when empty. Raises Invalid, Conflict; then nothing was made.
    """
    things = {each["id"]: each for each in meta.state_of(login)["things"]}
    chosen = [things[each] for each in dict.fromkeys(ids) if each in things]
    if not chosen or len(chosen) < len(set(ids)):
        raise Invalid(_("Elegir qué conectar."), fields={"things": _("Elegir al menos uno de la lista.")})
    pin = _pin(chosen, pin)
    made = [_connect(login, thing, pin, by) for thing in chosen]
    login.delete()
    return made


def _connect(login: MetaLogin, thing: Thing, pin: str, by: Actor) -> Channel:
    try:
        channel = channels.create_channel(
            provider=Provider.META_DIRECT,
            channel_source=login.channel_source,
            name=_name(login.channel_source, thing),
            config=_config(login.channel_source, thing),
            by=by,
        )
    except AppError as error:
        # Of several the person has to know which one.
        words = f"{thing['name']}: {error.message}"
        raise Invalid(words, code=error.code, fields={"things": words}) from error
    _take_token(channel, login, thing, pin, by)
    return channel


def reconnect(*, login: MetaLogin, channel: Channel, pin: str = "", by: Actor) -> Channel:
    """The new permission for a channel, if it is for the same account. Raises Invalid otherwise; nothing is changed then."""
    thing = same_account(login, channel)
    if thing is None:
        raise other_account(channel)
    channel = Channel.objects.select_for_update(no_key=True).get(pk=channel.pk)
    fresh = _config(channel.channel_source, thing)
    # An Instagram account may now hang on a page, or no longer; the account itself is the same.
    channel.config = {**{name: each for name, each in channel.config.items() if name != "page_id"}, **fresh}
    channel.failures, channel.resting_until = 0, None
    off = channel.status == Channel.Status.DISABLED
    if not off:
        channel.status, channel.status_detail = Channel.Status.CONNECTED, ""
    channel.save(update_fields=["config", "failures", "resting_until", "status", "status_detail"])
    record(action="channel.reconnected", resource=channel, by=by)
    _take_token(channel, login, thing, _pin([thing], pin), by)
    login.delete()
    if not off:
        _go_on(channel)
    return channel


def same_account(login: MetaLogin, channel: Channel) -> Thing | None:
    """The thing of the sign-in that this channel is."""
    account = str(channel.config.get(meta_setup.ACCOUNTS[channel.channel_source]) or "")
    return next((each for each in meta.state_of(login)["things"] if account and each["id"] == account), None)


def other_account(channel: Channel) -> Invalid:
    words = _("Esa cuenta de Meta no da acceso a «%(name)s». Entrar con la cuenta que lo administra.")
    return Invalid(words % {"name": channel.name}, code="other_account")


def _take_token(channel: Channel, login: MetaLogin, thing: Thing, pin: str, by: Actor) -> None:
    page = thing["id"] if channel.channel_source == Source.FACEBOOK else thing.get("page", "")
    # The token of a page does not end with the one it was made from.
    value = json.loads(login.page_tokens or "{}").get(page) if page else login.token
    if not value:
        raise Invalid(_("Meta no dio acceso a los mensajes de «%(name)s».") % {"name": thing["name"]}, code="no_token")
    category, name = meta_setup.TOKENS[channel.channel_source]
    until = None if page else login.token_expires_at
    put_credential(category=category, name=f"{name}@{channel.pk}", value=value, by=by, expires_at=until)
    steps = meta_setup.steps_of(channel, registered=bool(thing.get("registered")))
    if pin and "register" in steps:
        put_credential(category="whatsapp_cloud", name=f"PIN@{channel.pk}", value=pin, by=by)
    channel.facts = {name: each for name, each in channel.facts.items() if name != "lost_told"} | {"setup": steps}
    channel.token_expires_at, channel.expiry_warned_days = until, None
    channel.save(update_fields=["facts", "token_expires_at", "expiry_warned_days"])
    meta_setup.forget_routes()
    meta_setup.ask(channel)
    emit("CHANNEL_UPDATED", object="channel", id=channel.pk)


def _go_on(channel: Channel) -> None:
    """What waited for a working channel is looked at now."""
    waiting = Message.objects.filter(conversation__channel=channel, direction="out", status=MessageStatus.QUEUED)
    for pk in waiting.order_by().values_list("conversation_id", flat=True).distinct()[:MOST_WAKES]:
        wake(pk)


def needs_pin(things: list[Thing]) -> bool:
    return any(each["kind"] == "number" and not each.get("registered") for each in things)


def _pin(things: list[Thing], pin: str) -> str:
    pin = pin.strip()
    if pin and not PIN.fullmatch(pin):
        raise Invalid(_("Revisar el PIN."), fields={"pin": _("Son seis números.")})
    return pin or (f"{secrets.randbelow(1_000_000):06}" if needs_pin(things) else "")


def _name(source: str, thing: Thing) -> str:
    if source == Source.INSTAGRAM:
        return f"Instagram @{thing['name']}"[:120]
    return f"{thing['name']} {thing['detail']}".strip()[:120] if source == Source.WHATSAPP else thing["name"][:120]


def _config(source: str, thing: Thing) -> dict[str, Any]:
    account = {meta_setup.ACCOUNTS[source]: thing["id"]}
    if source == Source.WHATSAPP:
        shown = (
            {"display_phone_number": thing["detail"]} if re.fullmatch(r"[+0-9 ()\-.]{5,40}", thing["detail"]) else {}
        )
        both = {"coexistence": True} if thing.get("coexistence") else {}
        return {**account, "waba_id": thing["waba"], **shown, **both}
    if source == Source.INSTAGRAM and thing.get("page"):
        return {**account, "page_id": thing["page"]}
    return account

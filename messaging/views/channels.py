"""Channels: the list, creating one, and one channel's page with its address, secrets, test and latest news."""

import uuid
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.utils.html import escape
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from config.lib.errors import AppError, Invalid
from config.lib.fragments import go_to, is_fragment
from messaging.access import channel_for
from messaging.forms.channels import KINDS, ChannelForm, SecretForm
from messaging.ingest.models import InboundEvent
from messaging.models import Channel, ProviderNotice
from messaging.services import channels
from tenants.access import page
from tenants.requests import Request
from tenants.services import vault

NEWS = 10


@dataclass(frozen=True)
class Secret:
    """A secret the channel needs: where it lives in the vault and whether it is there."""

    name: str
    stored: bool
    form: SecretForm


@page("channels.read")
@never_cache
@require_safe
def channel_list(request: Request) -> HttpResponse:
    context = {"channels": list(Channel.objects.all())}
    return render(request, "messaging/_channels.html" if is_fragment(request) else "messaging/channels.html", context)


@page("channels.write")
@require_http_methods(["GET", "POST"])
def new(request: Request, kind: str) -> HttpResponse:
    if kind not in KINDS:
        raise Http404
    provider, source = KINDS[kind]
    form = ChannelForm(request.POST or None, provider=provider, channel_source=source)
    if request.method == "POST" and form.is_valid():
        try:
            channel = channels.create_channel(
                provider=provider,
                channel_source=source,
                name=form.cleaned_data["name"],
                config=form.config(),
                by=request.actor,
            )
        except AppError as error:
            _onto(form, error)
        else:
            messages.success(request, _("Canal creado."))
            return go_to(request, f"/canales/{channel.pk}/")
    title = _("Conectar WhatsApp") if kind == "whatsapp" else _("Crear chat web")
    return _form(request, form, title, "/canales/")


@page("channels.write")
@require_http_methods(["GET", "POST"])
def edit(request: Request, pk: uuid.UUID) -> HttpResponse:
    channel = channel_for(request.member, pk)
    form = ChannelForm.of(channel, request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            channels.update_channel(
                channel=channel, name=form.cleaned_data["name"], config=form.config(), by=request.actor
            )
        except AppError as error:
            _onto(form, error)
        else:
            messages.success(request, _("Cambios guardados."))
            return go_to(request, f"/canales/{pk}/")
    return _form(request, form, _("Editar canal"), f"/canales/{pk}/")


def _form(request: Request, form: ChannelForm, title: str, back: str) -> HttpResponse:
    context = {"form": form, "title": title, "back": back}
    return render(request, "messaging/channel_form.html", context, status=422 if form.errors else 200)


@page("channels.read")
@never_cache
@require_safe
def detail(request: Request, pk: uuid.UUID) -> HttpResponse:
    return _detail(request, channel_for(request.member, pk))


def _detail(request: Request, channel: Channel, *, secret: SecretForm | None = None, status: int = 200) -> HttpResponse:
    events = InboundEvent.objects.filter(tenant_id=request.tenant.pk, channel_id=channel.pk).order_by("-id")
    context: dict[str, Any] = {
        "channel": channel,
        "address": channels.webhook_url(channel),
        "secrets": _secrets(channel, secret),
        "notices": list(ProviderNotice.objects.filter(channel=channel).order_by("-created_at", "-id")[:NEWS]),
        "events": list(events.only("id", "state", "error", "received_at", "attempts")[:NEWS]),
        "snippet": _snippet(request.tenant.name, channels.webhook_url(channel)),
        "preview": f"{settings.PUBLIC_URL}/demo/chat/{channel.pk}/",
    }
    template = "messaging/_channel.html" if is_fragment(request) else "messaging/channel.html"
    return render(request, template, context, status=status)


def _snippet(company: str, address: str) -> str:
    """What a site pastes; the company's name is the title of the chat."""
    return f'<script src="{address}" data-title="{escape(company)}" defer></script>'


def _secrets(channel: Channel, bound: SecretForm | None) -> list[Secret]:
    needed = channels.needed_credentials(channel)
    names = [name for name, _stored in needed]
    return [
        Secret(
            name,
            stored,
            bound
            if bound is not None and bound.data.get("name") == name
            else SecretForm(names=names, initial={"name": name}, auto_id=f"id_{name.replace('/', '_')}_%s"),
        )
        for name, stored in needed
    ]


@page("credentials.write")
@require_http_methods(["GET", "POST"])
def secret(request: Request, pk: uuid.UUID) -> HttpResponse:
    """Store one of the channel's secrets. A refused form stays at this address: reloading it leads back."""
    channel = channel_for(request.member, pk)
    if request.method == "GET":
        return go_to(request, f"/canales/{pk}/")
    names = [name for name, _stored in channels.needed_credentials(channel)]
    form = SecretForm(request.POST, names=names)
    if not form.is_valid():
        return _detail(request, channel, secret=form, status=422)
    category, _slash, name = form.cleaned_data["name"].partition("/")
    if form.cleaned_data["only_here"]:
        name = f"{name}@{channel.pk}"
    try:
        vault.put_credential(category=category, name=name, value=form.cleaned_data["value"].strip(), by=request.actor)
    except Invalid as error:
        form.add_error("value", str(error.message))
        return _detail(request, channel, secret=form, status=422)
    channels.update_channel(channel=channel, by=request.actor)  # the door reads the channel's secrets again
    messages.success(request, _("Credencial guardada."))
    return go_to(request, f"/canales/{pk}/")


@page("channels.write")
@require_POST
def check(request: Request, pk: uuid.UUID) -> HttpResponse:
    """Ask a worker to try the connection; the page shows what it said."""
    channels.ask_for_test(channel=channel_for(request.member, pk), by=request.actor)
    return go_to(request, f"/canales/{pk}/")


@page("channels.write")
@require_POST
def enable(request: Request, pk: uuid.UUID) -> HttpResponse:
    channels.set_enabled(channel=channel_for(request.member, pk), enabled=True, by=request.actor)
    return go_to(request, f"/canales/{pk}/")


@page("channels.write")
@require_POST
def disable(request: Request, pk: uuid.UUID) -> HttpResponse:
    channels.set_enabled(channel=channel_for(request.member, pk), enabled=False, by=request.actor)
    return go_to(request, f"/canales/{pk}/")


def _onto(form: ChannelForm, error: AppError) -> None:
    """A refusal beside the fields it names, the rest at the top."""
    known = {name: text for name, text in error.fields.items() if name in form.fields}
    for name, text in known.items():
        form.add_error(name, str(text))
    if not known:
        form.add_error(None, str(error.message))

"""Channels: the list, creating one, and one channel's page with its address, secrets, test and latest news."""

import uuid
from dataclasses import dataclass
from typing import Any

from django import forms
from django.conf import settings
from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.utils.html import escape
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from config.lib.errors import AppError, Conflict, Invalid
from config.lib.fragments import go_to, is_fragment
from messaging.access import channel_for
from messaging.forms.channels import KINDS, ChannelForm, OwnNumberForm, SecretForm
from messaging.models import Channel, Provider, ProviderNotice
from messaging.providers import provider_class
from messaging.services import (
    channel_events,
    channel_facts,
    channel_health,
    channel_leaving,
    channel_test,
    channels,
    dead_letters,
    templates,
    unrouted,
)
from messaging.services.channel_steps import steps_of
from messaging.views import channel_kinds
from tenants.access import page
from tenants.requests import Request
from tenants.services import vault

NEWS = 5


@dataclass(frozen=True)
class Card:
    """A channel on the hub, with what needs a look; `lacks`: one of its credentials is not stored."""

    channel: Channel
    left: int
    quality: channel_facts.Fact | None
    rests: bool
    warning: str
    lacks: bool


@page("channels.read")
@never_cache
@require_safe
def channel_list(request: Request) -> HttpResponse:
    left, stored = dead_letters.counts(), channels.stored_names()
    cards = [
        Card(
            each,
            left.get(each.pk, 0),
            channel_facts.quality(each),
            channel_facts.resting(each),
            channel_health.warning(each),
            bool(channels.missing_of(channels.credentials_of(each, stored))),
        )
        for each in Channel.objects.all()
    ]
    context = {"cards": cards, "kinds": channel_kinds.KINDS, "unrouted": unrouted.waiting()}
    return render(request, "messaging/_channels.html" if is_fragment(request) else "messaging/channels.html", context)


@page("channels.write")
@require_http_methods(["GET", "POST"])
def new(request: Request, kind: str) -> HttpResponse:
    """The way by hand. `?cuenta=` fills in an account that already writes to nobody."""
    if kind not in KINDS:
        raise Http404
    provider, source = KINDS[kind]
    account = provider_class(provider, source).config.account_field
    given = {account: request.GET.get("cuenta", "")[:200]} if account else {}
    form = ChannelForm(request.POST or None, provider=provider, channel_source=source, initial=given)
    if request.method == "POST" and form.is_valid():
        try:
            channel = channels.create_channel(
                provider=provider,
                channel_source=form.cleaned_data.get("channel_source") or source,
                name=form.cleaned_data["name"],
                config=form.config(),
                by=request.actor,
            )
        except AppError as error:
            _onto(form, error)
        else:
            messages.success(request, _("Canal creado."))
            return go_to(request, f"/canales/{channel.pk}/")
    title = _("Crear chat web") if kind == "web" else _("Conectar %(kind)s") % {"kind": channel_kinds.TITLES[kind]}
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
            if "fallback" in form.fields:
                channels.set_fallback(channel=channel, fallback=form.cleaned_data["fallback"], by=request.actor)
        except AppError as error:
            _onto(form, error)
        else:
            messages.success(request, _("Cambios guardados."))
            return go_to(request, f"/canales/{pk}/")
    return _form(request, form, _("Editar canal"), f"/canales/{pk}/")


def _form(request: Request, form: forms.Form, title: str, back: str, **more: object) -> HttpResponse:
    context = {"form": form, "title": title, "back": back, **more}
    return render(request, "messaging/channel_form.html", context, status=422 if form.errors else 200)


@page("channels.read")
@never_cache
@require_safe
def detail(request: Request, pk: uuid.UUID) -> HttpResponse:
    return _detail(request, channel_for(request.member, pk))


def _detail(
    request: Request, channel: Channel, *, secret: SecretForm | None = None, token: str = "", status: int = 200
) -> HttpResponse:
    known = channels.credentials_of(channel)
    missing = channels.missing_of(known)
    so_far = channels.progress(channel)
    steps = steps_of(channel, missing=missing, heard=so_far.heard, answered=so_far.answered)
    context: dict[str, Any] = {
        "channel": channel,
        "address": channels.webhook_url(channel),
        "verify_token": token,
        "secrets": _secrets(known, secret),
        "lacks": bool(missing),
        "unsigned": channels.unsigned(channel, known),
        "steps": steps,
        "next_step": next((step for step in steps if not step.done), None),
        "facts": channel_facts.told(channel),
        "rests": channel_facts.resting(channel),
        "warning": channel_health.warning(channel),
        "fallback": so_far.fallback,
        "removable": not so_far.used,
        "may_test": channel_test.possible(channel),
        "notices": list(ProviderNotice.objects.filter(channel=channel).order_by("-created_at", "-id")[:NEWS]),
        "events": channel_events.listed(channel, limit=NEWS).rows,
        "snippet": _snippet(request.tenant.name, channels.webhook_url(channel)),
        "preview": f"{settings.PUBLIC_URL}/demo/chat/{channel.pk}/",
    }
    template = "messaging/_channel.html" if is_fragment(request) else "messaging/channel.html"
    return render(request, template, context, status=status)


def _snippet(company: str, address: str) -> str:
    """What a site pastes; the company's name is the title of the chat."""
    return f'<script src="{address}" data-title="{escape(company)}" defer></script>'


def _secrets(known: list[channels.Needed], bound: SecretForm | None) -> list[tuple[channels.Needed, SecretForm]]:
    """Each secret with its form; a refused one keeps its error."""
    names = [each.name for each in known]
    return [
        (
            each,
            bound
            if bound is not None and bound.data.get("name") == each.name
            else SecretForm(names=names, initial={"name": each.name}, auto_id=f"id_{each.name.replace('/', '_')}_%s"),
        )
        for each in known
    ]


@page("credentials.write")
@require_http_methods(["GET", "POST"])
def secret(request: Request, pk: uuid.UUID) -> HttpResponse:
    """Store one of the channel's secrets. A refused form stays at this address: reloading it leads back."""
    channel = channel_for(request.member, pk)
    if request.method == "GET":
        return go_to(request, f"/canales/{pk}/")
    names = [each.name for each in channels.credentials_of(channel)]
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
    off = channel.status == Channel.Status.DISABLED
    if not off and not channels.missing_of(channels.credentials_of(channel)):
        channels.ask_for_test(channel=channel, by=request.actor)  # whoever gave the last one wants to know
    messages.success(request, _("Credencial guardada."))
    return go_to(request, f"/canales/{pk}/")


@page("credentials.write")
@require_http_methods(["GET", "POST"])
def verify_token(request: Request, pk: uuid.UUID) -> HttpResponse:
    """Make a new one and show it this once."""
    channel = channel_for(request.member, pk)
    if request.method == "GET" or channel.provider != Provider.META_DIRECT:
        return go_to(request, f"/canales/{pk}/")
    return _detail(request, channel, token=channels.make_verify_token(channel=channel, by=request.actor))


@page("channels.write")
@require_http_methods(["GET", "POST"])
def test_message(request: Request, pk: uuid.UUID) -> HttpResponse:
    channel = channel_for(request.member, pk)
    form = OwnNumberForm(request.POST or None, channel=channel, initial={"key": uuid.uuid4(), "text": _("Prueba.")})
    if request.method == "POST" and form.is_valid():
        try:
            said = form.cleaned_data
            chat = channel_test.send(channel=channel, by=request.actor, user=request.user, **said)
        except AppError as error:
            _onto(form, error)
        else:
            messages.success(request, _("Mensaje de prueba en camino."))
            return go_to(request, f"/bandeja/{chat}/")
    bare = not templates.offered(channel.pk).exists()
    return _form(request, form, _("Mensaje de prueba"), f"/canales/{pk}/", submit=_("Enviar"), without_templates=bare)


@page("channels.write")
@require_POST
def check(request: Request, pk: uuid.UUID) -> HttpResponse:
    """Ask a worker to try the connection; the page shows what it said."""
    try:
        channels.ask_for_test(channel=channel_for(request.member, pk), by=request.actor)
    except Conflict as error:
        messages.error(request, str(error.message))
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


@page("channels.write")
@require_http_methods(["GET", "POST"])
def remove(request: Request, pk: uuid.UUID) -> HttpResponse:
    """Asks first: its address and its own credentials do not come back."""
    channel = channel_for(request.member, pk)
    if request.method == "GET":
        context = {"channel": channel, "possible": channel_leaving.removable(channel)}
        return render(request, "messaging/channel_remove.html", context)
    try:
        channel_leaving.remove(channel=channel, by=request.actor)
    except Conflict as error:
        messages.error(request, str(error.message))
        return go_to(request, f"/canales/{pk}/")
    messages.success(request, _("Canal eliminado."))
    return go_to(request, "/canales/")


def _onto(form: forms.Form, error: AppError) -> None:
    """A refusal beside the fields it names, the rest at the top."""
    known = {name: text for name, text in error.fields.items() if name in form.fields}
    for name, text in known.items():
        form.add_error(name, str(text))
    if not known:
        form.add_error(None, str(error.message))

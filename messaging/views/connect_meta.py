"""Connecting WhatsApp, Instagram or Messenger at Meta, step by step: the app, the permission, the choice, the outcome."""

import uuid
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from config.lib.errors import AppError, Invalid
from config.lib.fragments import go_to, is_fragment
from messaging.access import channel_for
from messaging.connecting import meta, meta_choices
from messaging.forms.connect_meta import AppForm, ChooseForm
from messaging.models import Channel, MetaLogin, Provider, Source
from messaging.services import meta_setup
from tenants.access import page
from tenants.forms_people import onto
from tenants.requests import Request

LABELS: dict[str, str] = {Source.WHATSAPP: "WhatsApp", Source.INSTAGRAM: "Instagram", Source.FACEBOOK: "Messenger"}
QUALITY = {"GREEN": "money", "YELLOW": "needs", "RED": "fail"}


# --- the app and the permission --------------------------------------------------------------------------------
@page("channels.write")
@sensitive_post_parameters("app_secret")
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def connect(request: Request, source: str) -> HttpResponse:
    """The company's own app, and then on to Meta."""
    return _connect(request, source, None)


@page("channels.write")
@sensitive_post_parameters("app_secret")
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def reconnect(request: Request, pk: uuid.UUID) -> HttpResponse:
    """The same for a channel that is there: it needs a new permission."""
    channel = _meta_channel(request, pk)
    return _connect(request, channel.channel_source, channel)


def _connect(request: Request, source: str, channel: Channel | None) -> HttpResponse:
    if source not in LABELS:
        raise Http404
    direct = source == Source.INSTAGRAM and request.GET.get("con", _way(channel)) == meta.DIRECT
    form = AppForm(request.POST if request.method == "POST" else None, with_config=source == Source.WHATSAPP)
    if request.method == "POST" and form.is_valid():
        try:
            meta.store_app(by=request.actor, direct=direct, **form.cleaned_data)
        except AppError as error:
            form.add_error(None, str(error.message))
        else:
            messages.success(request, _("App guardada."))
            return go_to(request, request.get_full_path())
    context = {
        "source": source,
        "label": LABELS[source],
        "channel": channel,
        "direct": direct,
        "form": form,
        "has_app": meta_setup.app_of(instagram=direct) is not None,
        "signup": bool(source == Source.WHATSAPP and meta.signup_config()),
        "back": _back(request),
        "scopes": meta.needed_scopes(source, direct=direct),
        "target": f"&canal={channel.pk}" if channel else "",
    }
    return render(request, "messaging/connect_meta.html", context, status=422 if form.errors else 200)


def _way(channel: Channel | None) -> str:
    """An Instagram account that came without a page is asked about in the same way again."""
    return meta.DIRECT if channel is not None and meta_setup.by_instagram(channel) else ""


@page("channels.write")
@never_cache
@require_safe
def ask(request: Request, source: str) -> HttpResponse:
    """Over to Meta's own page, where the person says yes."""
    if source not in LABELS:
        raise Http404
    target = request.GET.get("canal", "")
    channel = _meta_channel(request, target) if target else None
    if channel is not None and channel.channel_source != source:
        raise Http404
    return redirect(
        meta.dialog_url(
            source=source,
            redirect=_back(request),
            person=request.member.user_id,
            sign_in=_sign_in(request),
            direct=source == Source.INSTAGRAM and request.GET.get("con") == meta.DIRECT,
            with_phone=request.GET.get("app") == "1",
            channel=channel,
        )
    )


@page("channels.write")
@never_cache
@require_safe
def back(request: Request) -> HttpResponse:
    """Back from Meta with a code, or with a no. Neither is written down anywhere."""
    if request.GET.get("error"):
        messages.error(request, _("Meta no dio el permiso: no se conectó nada."))
        return redirect("channels")
    state, code = request.GET.get("state", ""), request.GET.get("code", "")
    try:
        login = meta.finish(
            state=state, code=code, redirect=_back(request), member=request.member, sign_in=_sign_in(request)
        )
    except AppError as error:
        messages.error(request, str(error.message))
        return redirect("channels")
    return redirect("meta-choose", pk=login.pk)


def _back(request: Request) -> str:
    """The address that has to be named at Meta, letter by letter."""
    return request.build_absolute_uri(reverse("meta-back"))


def _sign_in(request: Request) -> str:
    return request.claim.sign_in if request.claim else ""


# --- the choice ------------------------------------------------------------------------------------------------
@page("channels.write")
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def choose(request: Request, pk: uuid.UUID) -> HttpResponse:
    """What the account has. Looks for itself until Meta has answered."""
    login = meta.login_for(request.member, pk)
    if request.method != "POST":
        return _choose(request, login, None)
    channel, form = meta.target_of(login), _form(login, request.POST)
    try:
        if channel is not None:
            meta_choices.reconnect(login=login, channel=channel, pin=request.POST.get("pin", ""), by=request.actor)
            messages.success(request, _("Canal conectado de nuevo."))
            return go_to(request, f"/canales/{channel.pk}/conexion/")
        if form.is_valid():
            made = meta_choices.connect(
                login=login, ids=form.cleaned_data["things"], pin=form.cleaned_data.get("pin", ""), by=request.actor
            )
            messages.success(request, _("Canal creado.") if len(made) == 1 else _("Canales creados."))
            return go_to(request, f"/canales/{made[0].pk}/conexion/" if len(made) == 1 else "/canales/")
    except Invalid as error:
        form.is_valid()
        onto(form, error)
    return _choose(request, login, form)


@page("channels.write")
@require_POST
def look_again(request: Request, pk: uuid.UUID) -> HttpResponse:
    meta.look_again(meta.login_for(request.member, pk))
    return go_to(request, f"/canales/meta/elegir/{pk}/")


def _form(login: MetaLogin, data: Any) -> ChooseForm:
    taken = meta_setup.accounts_taken(login.channel_source)
    return ChooseForm(data, free=[each for each in meta.state_of(login)["things"] if each["id"] not in taken])


def _choose(request: Request, login: MetaLogin, form: ChooseForm | None) -> HttpResponse:
    state, channel = meta.state_of(login), meta.target_of(login)
    taken = meta_setup.accounts_taken(login.channel_source)
    form = form or _form(login, None)
    chosen = form["things"].value() or []
    lines = [
        {
            **each,
            "taken": each["id"] in taken,
            "chosen": each["id"] in chosen,
            "quality_kind": QUALITY.get(each.get("quality", ""), ""),
        }
        for each in state["things"]
    ]
    context = {
        **state,
        "login": login,
        "label": LABELS[login.channel_source],
        "channel": channel,
        "same": meta_choices.same_account(login, channel) if channel else None,
        "other": str(meta_choices.other_account(channel).message) if channel else "",
        "asks_pin": "pin" in form.fields,
        "lines": lines,
        "free": any(not each["taken"] for each in lines),
        "form": form,
        "again": _again(login, channel),
    }
    name = "messaging/_connect_meta_choose.html" if is_fragment(request) else "messaging/connect_meta_choose.html"
    return render(request, name, context, status=422 if form.errors else 200)


def _again(login: MetaLogin, channel: Channel | None) -> str:
    if channel is not None:
        return reverse("channel-reconnect", args=[channel.pk])
    way = f"?con={meta.DIRECT}" if meta.is_direct(login) else ""
    return reverse("meta-connect", args=[login.channel_source]) + way


# --- the outcome -----------------------------------------------------------------------------------------------
@page("channels.read")
@never_cache
@require_safe
def setup(request: Request, pk: uuid.UUID) -> HttpResponse:
    """How each step of a connection went."""
    return _setup(request, _meta_channel(request, pk))


@page("channels.write")
@require_POST
def setup_again(request: Request, pk: uuid.UUID) -> HttpResponse:
    """A worker takes the steps that failed once more."""
    channel = _meta_channel(request, pk)
    meta_setup.ask(channel)
    return go_to(request, f"/canales/{pk}/conexion/")


def _setup(request: Request, channel: Channel) -> HttpResponse:
    done, titles = channel.facts.get("setup") or {}, meta_setup.titles()
    steps = [{"title": titles[name], "name": name, **done[name]} for name in titles if name in done]
    states = {each["state"] for each in steps}
    context = {
        "channel": channel,
        "steps": steps,
        "waiting": "waiting" in states,
        "failed": "failed" in states,
        "address": meta_setup.address_of(channel),
        "may": request.member.may("channels.write"),
    }
    name = "messaging/_connect_meta_setup.html" if is_fragment(request) else "messaging/connect_meta_setup.html"
    return render(request, name, context)


def _meta_channel(request: Request, pk: object) -> Channel:
    channel = channel_for(request.member, pk)
    if channel.provider != Provider.META_DIRECT:
        raise Http404
    return channel

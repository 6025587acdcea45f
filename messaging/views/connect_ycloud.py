"""Connecting YCloud, step by step: the key, then which number. A worker asks YCloud, nobody waits."""

import uuid

from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST

from config.lib.errors import AppError
from config.lib.fragments import go_to, is_fragment
from messaging.access import channel_for
from messaging.connecting import ycloud
from messaging.forms.connect_ycloud import KeyForm, NumberForm
from messaging.models import Provider
from tenants.access import page
from tenants.forms_people import onto
from tenants.requests import Request

HOME = "/canales/ycloud/conectar/"


@page("credentials.write")
@sensitive_post_parameters("key")
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def connect(request: Request) -> HttpResponse:
    """The key, typed or the stored one; the numbers once a worker has read them."""
    if request.method != "POST":
        return _page(request)
    stored = "stored" in request.POST
    form = KeyForm(None if stored else request.POST)
    if stored or form.is_valid():
        try:
            ycloud.ask(person=request.member.user_id, key="" if stored else form.cleaned_data["key"])
        except AppError as error:
            if stored:
                raise
            onto(form, error)
        else:
            return go_to(request, HOME)
    return _page(request, key=form)


@page("credentials.write")
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def choose(request: Request) -> HttpResponse:
    """The number becomes a channel. A refused choice stays at this address: reloading it leads back."""
    attempt = ycloud.waiting(request.member.user_id)
    if request.method != "POST" or attempt is None:
        return go_to(request, HOME)
    form = NumberForm(request.POST, numbers=attempt.numbers)
    if form.is_valid():
        try:
            channel = ycloud.choose(person=request.member.user_id, number=form.cleaned_data["number"], by=request.actor)
        except AppError as error:
            onto(form, error)
        else:
            return go_to(request, f"/canales/{channel.pk}/")
    return _page(request, number=form)


@page("credentials.write")
@require_POST
def again(request: Request) -> HttpResponse:
    """Another key."""
    ycloud.forget(request.member.user_id, tenant_id=request.tenant.pk)
    return go_to(request, HOME)


@page("channels.write")
@require_POST
def register(request: Request, pk: uuid.UUID) -> HttpResponse:
    """Have YCloud call this channel's address: after a failure, or for a channel that was typed in by hand."""
    channel = channel_for(request.member, pk)
    if channel.provider != Provider.YCLOUD:
        raise Http404
    ycloud.register_again(channel=channel, by=request.actor)
    return go_to(request, f"/canales/{pk}/")


def _page(request: Request, *, key: KeyForm | None = None, number: NumberForm | None = None) -> HttpResponse:
    attempt = None if key else ycloud.waiting(request.member.user_id)
    found = attempt is not None and attempt.state == "found"
    if attempt is not None and found and number is None:
        number = NumberForm(numbers=attempt.numbers, taken=ycloud.connected_numbers())
    wrong = (key is not None and key.is_bound) or (number is not None and number.is_bound)
    context = {
        "attempt": attempt,
        "asking": attempt is not None and attempt.state == "asking",
        "key": None if found else key or KeyForm(),
        "has_stored": not found and bool(ycloud.stored_key()),
        "number": number if found else None,
    }
    name = "messaging/_connect_ycloud.html" if is_fragment(request) else "messaging/connect_ycloud.html"
    return render(request, name, context, status=422 if wrong else 200)

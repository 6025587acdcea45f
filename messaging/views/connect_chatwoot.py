"""Connecting Chatwoot, step by step: where it is and a token, then which inbox. A worker asks Chatwoot, nobody waits."""

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST

from config.lib.errors import AppError
from config.lib.fragments import go_to, is_fragment
from messaging.connecting import chatwoot
from messaging.forms.connect_chatwoot import InboxForm, ServerForm
from tenants.access import page
from tenants.forms_people import onto
from tenants.requests import Request

HOME = "/canales/chatwoot/conectar/"


@page("channels.write")
@sensitive_post_parameters("token")
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def connect(request: Request) -> HttpResponse:
    """The server and the token; the inboxes once a worker has read them."""
    if request.method != "POST":
        return _page(request)
    form = ServerForm(request.POST)
    if form.is_valid():
        try:
            chatwoot.ask(person=request.member.user_id, **form.cleaned_data)
        except AppError as error:
            onto(form, error)
        else:
            return go_to(request, HOME)
    return _page(request, server=form)


@page("channels.write")
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def choose(request: Request) -> HttpResponse:
    """The inbox becomes a channel. A refused choice stays at this address: reloading it leads back."""
    attempt = chatwoot.waiting(request.member.user_id)
    if request.method != "POST" or attempt is None:
        return go_to(request, HOME)
    form = InboxForm(request.POST, inboxes=attempt.usable)
    if form.is_valid():
        try:
            channel = chatwoot.choose(person=request.member.user_id, inbox=form.cleaned_data["inbox"], by=request.actor)
        except AppError as error:
            onto(form, error)
        else:
            return go_to(request, f"/canales/{channel.pk}/")
    return _page(request, inbox=form)


@page("channels.write")
@require_POST
def again(request: Request) -> HttpResponse:
    """Another server or token."""
    chatwoot.forget(request.member.user_id, tenant_id=request.tenant.pk)
    return go_to(request, HOME)


def _page(request: Request, *, server: ServerForm | None = None, inbox: InboxForm | None = None) -> HttpResponse:
    attempt = None if server else chatwoot.waiting(request.member.user_id)
    found = attempt is not None and attempt.state == "found"
    if attempt is not None and attempt.state == "failed":
        server = ServerForm(initial={"base_url": attempt.base_url})
    context = {
        "attempt": attempt,
        "asking": attempt is not None and attempt.state == "asking",
        "server": None if found else server or ServerForm(),
        "inbox": inbox or _inboxes(attempt) if attempt is not None and found else None,
    }
    name = "messaging/_connect_chatwoot.html" if is_fragment(request) else "messaging/connect_chatwoot.html"
    wrong = (server is not None and server.is_bound) or inbox is not None
    return render(request, name, context, status=422 if wrong else 200)


def _inboxes(attempt: chatwoot.Attempt) -> InboxForm:
    return InboxForm(inboxes=attempt.usable, taken=chatwoot.connected_inboxes())

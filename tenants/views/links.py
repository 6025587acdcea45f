"""`/enlace/<token>/`: looking says what the link does, only pressing the button does it, since mail scanners look too.

The answer names its address to nobody: "strict-origin" sends no path anywhere. Under "no-referrer" browsers send
`Origin: null` with the form (Fetch standard, "append a request Origin header"), which the check against forged forms refuses.
"""

from collections.abc import Callable

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import translation
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods

from config.lib.errors import AppError, Conflict
from tenants.access import auth_page
from tenants.forms_people import NewPasswordForm, NewPersonForm, onto
from tenants.models import OneTimeLink, User
from tenants.requests import Request
from tenants.services import invitations, limits, links, passwords, profile, sign_in
from tenants.services.client_address import client_ip
from tenants.views.register import at_page, refused

GONE = 410


@auth_page
@never_cache
@sensitive_post_parameters("password")
@require_http_methods(["GET", "HEAD", "POST"])
def open_link(request: Request, token: str) -> HttpResponse:
    """Used, expired, revoked and invented ones get the same answer."""
    limits.check("link", client_ip(request))
    link = links.peek(token)
    try:
        response = OPENERS[link.kind](request, token, link) if link is not None else _dead(request)
    except Conflict:
        request.undo = True
        response = _dead(request)
    response["Referrer-Policy"] = "strict-origin"
    return response


def _dead(request: Request) -> HttpResponse:
    return render(request, "tenants/link_dead.html", status=GONE)


def _take(token: str) -> OneTimeLink:
    """The link, used up; Conflict when somebody was quicker."""
    link = links.redeem(token)
    if link is None:
        raise Conflict(_("Ese enlace ya se usó o se anuló."))
    return link


def _invitation(request: Request, token: str, link: OneTimeLink) -> HttpResponse:
    user = at_page(request)
    if user is not None and user.email != link.email:
        return render(request, "tenants/link_other.html", {"link": link, "user": user}, status=_seen(request, 409))
    if user is not None:
        return _accept_as(request, token, link, user)
    if User.objects.filter(email=link.email).exists():
        context = {"link": link, "next": request.path}
        return render(request, "tenants/link_sign_in.html", context, status=_seen(request, 401))
    form = NewPersonForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        try:
            language = translation.get_language() or "es"
            person = invitations.accept_as_new(
                link=_take(token),
                proven=links.proves_address(token),
                locale=language.partition("-")[0],
                **form.cleaned_data,
            )
        except AppError as error:
            return _again(request, "tenants/link_new_person.html", form, link, error)
        begun = sign_in.begin(request=request, user=person, tenant=link.tenant)
        return redirect("/mi-dia/" if begun else "/login/codigo/")
    return _page(request, "tenants/link_new_person.html", form, link)


def _accept_as(request: Request, token: str, link: OneTimeLink, user: User) -> HttpResponse:
    if request.method != "POST":
        return render(request, "tenants/link_accept.html", {"link": link, "user": user})
    taken = _take(token)
    invitations.accept_as(link=taken, user=user, proven=links.proves_address(token))
    if taken.tenant is not None:
        sign_in.choose(request=request, tenant=taken.tenant)
    return redirect("/mi-dia/")


def _activation(request: Request, token: str, link: OneTimeLink) -> HttpResponse:
    if request.method != "POST":
        return render(request, "tenants/link_activate.html", {"link": link})
    invitations.activate_by(_take(token))
    messages.success(request, _("El acceso está activo. Ya se puede ingresar."))
    return redirect("/login/?next=/mi-dia/")


def _reset(request: Request, token: str, link: OneTimeLink) -> HttpResponse:
    form = NewPasswordForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        try:
            passwords.reset_by(
                link=_take(token), password=form.cleaned_data["password"], proven=links.proves_address(token)
            )
        except AppError as error:
            return _again(request, "tenants/link_reset.html", form, link, error)
        messages.success(request, _("La contraseña cambió y se cerraron todas las sesiones. Ingresar con la nueva."))
        return redirect("/login/")
    return _page(request, "tenants/link_reset.html", form, link)


def _email_change(request: Request, token: str, link: OneTimeLink) -> HttpResponse:
    if request.method != "POST":
        same = link.user is not None and link.user.email == link.email
        return render(request, "tenants/link_email.html", {"link": link, "same": same})
    profile.change_email_by(_take(token))
    messages.success(request, _("El correo quedó confirmado."))
    return redirect("/perfil/" if at_page(request) else "/login/")


def _page(request: Request, template: str, form: forms.Form, link: OneTimeLink) -> HttpResponse:
    return render(request, template, {"form": form, "link": link}, status=422 if form.errors else 200)


def _again(request: Request, template: str, form: forms.Form, link: OneTimeLink, error: AppError) -> HttpResponse:
    """The form once more, with the link as good as before."""
    if isinstance(error, Conflict):
        raise error
    request.undo = True
    onto(form, error)
    return refused(render(request, template, {"form": form, "link": link}), error)


def _seen(request: Request, status: int) -> int:
    """Looking is fine; only pressing the button is refused."""
    return status if request.method == "POST" else 200


OPENERS: dict[str, Callable[[Request, str, OneTimeLink], HttpResponse]] = {
    OneTimeLink.Kind.INVITATION: _invitation,
    OneTimeLink.Kind.ACTIVATION: _activation,
    OneTimeLink.Kind.RESET: _reset,
    OneTimeLink.Kind.EMAIL_CHANGE: _email_change,
}

"""A person's own account: name, password, address; and the way back for who forgot the password."""

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import translation
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods

from config.lib.errors import AppError
from tenants.access import auth_page
from tenants.forms_people import ChangeEmailForm, ChangePasswordForm, ForgottenForm, NameForm, onto
from tenants.models import User
from tenants.requests import Request
from tenants.services import passwords, reauth, sign_in
from tenants.services import profile as own
from tenants.services.client_address import client_ip
from tenants.views.register import at_page, refused

HERE = "/perfil/"


@auth_page
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def forgotten(request: Request) -> HttpResponse:
    """Asks for a link by e-mail. The answer is the same whether there is such an account or not."""
    form = ForgottenForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        language = (translation.get_language() or "es").partition("-")[0]
        try:
            passwords.ask_reset(email=form.cleaned_data["email"], address=client_ip(request), locale=language)
        except AppError as error:
            onto(form, error)
            return refused(render(request, "tenants/forgotten.html", {"form": form}), error)
        return render(request, "tenants/forgotten_sent.html")
    return render(request, "tenants/forgotten.html", {"form": form}, status=422 if form.errors else 200)


@auth_page
@never_cache
@sensitive_post_parameters("password", "new_password")
@require_http_methods(["GET", "HEAD", "POST"])
def profile(request: Request) -> HttpResponse:
    """Three forms on one page; `act` says which one was sent."""
    user = at_page(request)
    if user is None:
        return redirect(f"/login/?next={HERE}")
    act = request.POST.get("act", "") if request.method == "POST" else ""
    if act == "stop":
        own.stop_email_change(user=user)
        return redirect(HERE)
    shown: dict[str, forms.Form] = {
        "name": NameForm(request.POST if act == "name" else None, initial={"name": user.name}),
        "password": ChangePasswordForm(request.POST if act == "password" else None),
        "email": ChangeEmailForm(request.POST if act == "email" else None),
    }
    sent = shown.get(act)
    if sent is not None and sent.is_valid():
        try:
            return _save(request, user, act, sent.cleaned_data)
        except AppError as error:
            request.undo = True
            onto(sent, error)
            return refused(_page(request, user, shown), error)
    response = _page(request, user, shown)
    response.status_code = 200 if request.method != "POST" else 422
    return response


def _save(request: Request, user: User, act: str, fields: dict[str, str]) -> HttpResponse:
    if act == "name":
        own.rename(user=user, name=fields["name"])
        messages.success(request, _("El nombre cambió."))
        return redirect(HERE)
    reauth.confirm(user=user, password=fields["password"], address=client_ip(request))
    if act == "email":
        own.ask_email_change(user=user, email=fields["email"])
        messages.success(request, _("Se envió un enlace al correo nuevo. Hasta abrirlo vale el de siempre."))
        return redirect(HERE)
    passwords.change(user=user, password=fields["new_password"])
    if request.claim is not None and request.claim.kind == "session":
        sign_in.renew(request=request, user=user)
    messages.success(request, _("La contraseña cambió y se cerraron las demás sesiones."))
    return redirect(HERE)


def _page(request: Request, user: User, shown: dict[str, forms.Form]) -> HttpResponse:
    context = {"person": user, "forms": shown, "waiting_address": own.waiting_address(user)}
    return render(request, "tenants/profile.html", context)

"""Forms of the pages around signing in."""

from typing import Any

from django import forms
from django.http import HttpRequest
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext_lazy as _


class LoginForm(forms.Form):
    email = forms.EmailField(
        label=_("Correo"),
        max_length=254,
        widget=forms.EmailInput(attrs={"autocomplete": "username", "autofocus": True}),
    )
    password = forms.CharField(
        label=_("Contraseña"),
        max_length=200,
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "current-password"}),
    )
    next = forms.CharField(required=False, max_length=2000, widget=forms.HiddenInput)


class PreferencesForm(forms.Form):
    """Theme ("auto" = as the device) and language; only what was pressed arrives."""

    theme = forms.ChoiceField(required=False, choices=[(name, name) for name in ("auto", "light", "dark")])
    language = forms.ChoiceField(required=False, choices=[("es", "es"), ("en", "en")])
    next = forms.CharField(required=False, max_length=2000)


class CompanyForm(forms.Form):
    tenant = forms.IntegerField(min_value=1)
    next = forms.CharField(required=False, max_length=2000)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        kwargs.setdefault("auto_id", "company_%s")
        super().__init__(*args, **kwargs)


def safe_next(request: HttpRequest, wanted: str, fallback: str) -> str:
    """Where to go afterwards: only a path of this very site."""
    allowed = url_has_allowed_host_and_scheme(wanted, {request.get_host()}, require_https=request.is_secure())
    return wanted if wanted.startswith("/") and allowed else fallback

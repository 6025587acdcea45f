"""Forms of the pages around signing in."""

from typing import Any

from django import forms
from django.http import HttpRequest
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext_lazy as _

from tenants.models import Category


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


# What each kind of key is called; integrations and the product look for these names.
KNOWN_NAMES = (
    "API_KEY", "BASE_URL", "ACCESS_TOKEN", "APP_ID", "APP_SECRET", "VERIFY_TOKEN", "CLIENT_ID", "CLIENT_SECRET",
    "REFRESH_TOKEN", "SERVICE_ACCOUNT_JSON", "PAGE_ACCESS_TOKEN", "WEBHOOK_SECRET", "API_TOKEN", "BOT_TOKEN", "STORE_ID",
    "HOST", "PORT", "USER", "PASSWORD", "FROM", "DSN",
)  # fmt: skip


class CredentialForm(forms.Form):
    category = forms.ChoiceField(label=_("Proveedor"), choices=Category.choices)
    name = forms.CharField(
        label=_("Nombre"),
        max_length=80,
        help_text=_("Por ejemplo API_KEY. El nombre dice para qué se usa."),
        widget=forms.TextInput(attrs={"list": "known-names", "autocomplete": "off", "autocapitalize": "characters"}),
    )
    value = forms.CharField(
        label=_("Valor"),
        max_length=20_000,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
        help_text=_("Se guarda cifrado y no se vuelve a mostrar."),
    )


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

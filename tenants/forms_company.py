"""Forms of a company's beginning: the account that asks for it, and the company's own facts."""

from zoneinfo import available_timezones

from django import forms
from django.conf import settings
from django.contrib.auth.password_validation import validate_password
from django.utils.translation import gettext_lazy as _

from tenants.models import Trade, User
from tenants.services.company_requests import CURRENCIES

# Those of the countries that the product is made for come first; every other one is found by typing.
NEAR = (
    "America/Argentina/Buenos_Aires",
    "America/Mexico_City",
    "America/Santiago",
    "America/Bogota",
    "America/Montevideo",
    "America/Lima",
    "America/La_Paz",
    "America/Asuncion",
    "America/Sao_Paulo",
    "Europe/Madrid",
)


def zones() -> list[tuple[str, str]]:
    rest = sorted(zone for zone in available_timezones() - set(NEAR) if "/" in zone and not zone.startswith("Etc/"))
    return [(zone, zone.partition("/")[2].replace("_", " ").replace("/", ", ")) for zone in (*NEAR, *rest)]


class AccountForm(forms.Form):
    """Who asks."""

    person = forms.CharField(
        label=_("Nombre y apellido"), max_length=120, widget=forms.TextInput(attrs={"autocomplete": "name"})
    )
    email = forms.EmailField(
        label=_("Correo"), max_length=254, widget=forms.EmailInput(attrs={"autocomplete": "username"})
    )
    password = forms.CharField(
        label=_("Contraseña"),
        max_length=200,
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
        help_text=_("Al menos 10 caracteres. Una frase corta es fácil de recordar."),
    )

    def clean_password(self) -> str:
        given = self.cleaned_data["password"]
        validate_password(given, User(email=self.data.get("email", ""), name=self.data.get("person", "")))
        return str(given)


class CompanyFactsForm(forms.Form):
    """What every company has; nothing that later depends on it is hard to change."""

    name = forms.CharField(
        label=_("Nombre de la empresa"), max_length=120, widget=forms.TextInput(attrs={"autocomplete": "organization"})
    )
    trade = forms.ChoiceField(
        label=_("Rubro"),
        choices=Trade.choices,
        help_text=_("Con el rubro se eligen los textos de ejemplo y lo que la IA sabe de la empresa."),
    )
    timezone = forms.ChoiceField(label=_("Zona horaria"), choices=zones, initial=NEAR[0])
    currency = forms.ChoiceField(label=_("Moneda"), choices=[(code, code) for code in CURRENCIES], initial="ARS")
    locale = forms.ChoiceField(label=_("Idioma con los clientes"), choices=settings.LANGUAGES, initial="es")


class NewCompanyForm(CompanyFactsForm):
    slug = forms.SlugField(
        label=_("Dirección"),
        max_length=40,
        required=False,
        help_text=_("Minúsculas, números y guiones. Vacía, se arma con el nombre."),
        widget=forms.TextInput(attrs={"autocapitalize": "none", "spellcheck": "false"}),
    )
    field_order = ("name", "slug", "trade", "timezone", "currency", "locale")

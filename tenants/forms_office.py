"""Forms of teams, visits and the platform: shape only, the rules are in the services."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from tenants.models import Category
from tenants.services import platform, teams, visits


class TeamForm(forms.Form):
    name = forms.CharField(
        label=_("Nombre del equipo"),
        max_length=teams.LONGEST_NAME,
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )


class VisitForm(forms.Form):
    """Why and for how long somebody of the platform looks into a company. Shares its page with ReasonForm."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **{"auto_id": "visit_%s", **kwargs})

    reason = forms.CharField(
        label=_("Motivo"),
        min_length=visits.SHORTEST_REASON,
        max_length=visits.LONGEST_REASON,
        help_text=_("Lo lee la empresa. Al menos 10 letras."),
        widget=forms.Textarea(attrs={"rows": 2}),
    )
    minutes = forms.TypedChoiceField(
        label=_("Por cuánto tiempo"),
        coerce=int,
        choices=[(15, _("15 minutos")), (60, _("1 hora")), (240, _("4 horas"))],
    )


class ReasonForm(forms.Form):
    """Why a company is suspended or reactivated."""

    reason = forms.CharField(
        label=_("Motivo"),
        min_length=platform.SHORTEST_REASON,
        max_length=platform.LONGEST_REASON,
        help_text=_("Queda en la auditoría de la empresa. Al menos 10 letras."),
        widget=forms.Textarea(attrs={"rows": 2}),
    )


class LentCredentialForm(forms.Form):
    """A secret of the platform; lending it is another step."""

    category = forms.ChoiceField(label=_("Proveedor"), choices=Category.choices)
    name = forms.CharField(
        label=_("Nombre"),
        max_length=40,
        help_text=_("Por ejemplo API_KEY."),
        widget=forms.TextInput(attrs={"autocomplete": "off", "autocapitalize": "characters"}),
    )
    value = forms.CharField(
        label=_("Valor"),
        max_length=20_000,
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
        help_text=_("Se guarda cifrado y no se vuelve a mostrar."),
    )


class LendForm(forms.Form):
    """Who may use a secret of the platform: every company, or these."""

    everyone = forms.BooleanField(label=_("Para todas las empresas"), required=False)
    companies = forms.CharField(
        label=_("Solo para estas empresas"),
        required=False,
        max_length=4000,
        help_text=_("Identificadores separados por espacios o comas."),
        widget=forms.TextInput(attrs={"autocomplete": "off", "autocapitalize": "none"}),
    )

    def slugs(self) -> list[str]:
        return self.cleaned_data["companies"].replace(",", " ").lower().split()

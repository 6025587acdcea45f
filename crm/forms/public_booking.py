"""Forms around the booking page: what a visitor fills in, and with what the company opens it."""

from collections.abc import Sequence
from datetime import datetime
from functools import cache
from typing import Any
from zoneinfo import ZoneInfo, available_timezones

from django import forms
from django.utils.translation import gettext_lazy as _

from config.lib.errors import Invalid
from crm.forms.colors import COLOR_CHOICES
from crm.models import AgendaSettings
from crm.services.finding import checked_email, number_of

CONSENT = _("Acepto que usen estos datos para la cita y para recordármela.")
# Where most visitors are; the one of the visitor's device is added when it is another.
ZONES = (
    *("America/Argentina/Buenos_Aires", "America/Mexico_City", "America/Bogota", "America/Santiago", "Europe/Madrid"),
    *("America/Montevideo", "America/Asuncion", "America/La_Paz", "America/Lima", "America/Guayaquil"),
    *("America/Caracas", "America/Panama", "America/Costa_Rica", "America/Guatemala", "America/Santo_Domingo"),
    *("America/Sao_Paulo", "America/New_York", "America/Chicago", "America/Denver", "America/Los_Angeles"),
    *("Atlantic/Canary", "Europe/London", "Europe/Berlin"),
)


@cache
def _every_zone() -> frozenset[str]:
    return frozenset(available_timezones())


def zone_of(name: str, other: str) -> str:
    """The zone a visitor named, or the other one when there is no such zone."""
    return name if name in _every_zone() else other


def zone_words(name: str, now: datetime) -> str:
    """ "Buenos Aires (GMT-3)"."""
    offset = now.astimezone(ZoneInfo(name)).utcoffset()
    minutes = round(offset.total_seconds() / 60) if offset else 0
    hours, rest = divmod(abs(minutes), 60)
    sign = "-" if minutes < 0 else "+"
    return f"{name.rpartition('/')[2].replace('_', ' ')} (GMT{sign}{hours}{f':{rest:02}' if rest else ''})"


def zone_choices(chosen: str, home: str, now: datetime) -> list[tuple[str, str]]:
    """For the list of zones: the company's first, and whichever is chosen."""
    names = dict.fromkeys([home, *([chosen] if chosen not in ZONES else []), *ZONES])
    return [(name, zone_words(name, now)) for name in names if name in _every_zone()]


class VisitorForm(forms.Form):
    """Who books. `oferta` is the signed time; with `alternatives` the visitor chooses another one here."""

    oferta = forms.CharField(max_length=600, widget=forms.HiddenInput)
    name = forms.CharField(
        label=_("Nombre"), max_length=200, widget=forms.TextInput(attrs={"autocomplete": "name", "required": True})
    )
    phone = forms.CharField(
        label=_("Teléfono"),
        max_length=40,
        help_text=_("Con el código de país si es de otro: +34 600 000 000."),
        widget=forms.TextInput(attrs={"type": "tel", "inputmode": "tel", "autocomplete": "tel", "required": True}),
    )
    email = forms.CharField(
        label=_("Correo"),
        required=False,
        max_length=254,
        widget=forms.TextInput(attrs={"type": "email", "autocomplete": "email"}),
    )
    consent = forms.BooleanField(label=CONSENT, error_messages={"required": _("Sin esto no se puede tomar la cita.")})
    # Programs fill in whatever there is; people never see this one.
    website = forms.CharField(
        required=False, max_length=300, widget=forms.TextInput(attrs={"tabindex": "-1", "autocomplete": "off"})
    )

    def __init__(
        self, *args: Any, consent: str = "", alternatives: Sequence[tuple[str, str]] = (), **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        if consent:
            self.fields["consent"].label = consent
        if alternatives:
            self.fields["oferta"] = forms.ChoiceField(
                label=_("Elegir otro horario"), choices=list(alternatives), widget=forms.RadioSelect
            )

    def visible(self) -> list[forms.BoundField]:
        """In the order of the page."""
        return [self[name] for name in ("name", "phone", "email", "consent")]

    def clean_phone(self) -> str:
        """E.164."""
        return _read(number_of, self.cleaned_data["phone"])

    def clean_email(self) -> str:
        return _read(checked_email, self.cleaned_data["email"])


def _read(read: Any, raw: str) -> str:
    try:
        return str(read(raw))
    except Invalid as error:
        raise forms.ValidationError(str(next(iter(error.fields.values()), error.message))) from error


class PageForm(forms.Form):
    """How the booking page looks and whether it is open."""

    page_on = forms.BooleanField(label=_("Página abierta"), required=False)
    page_title = forms.CharField(label=_("Título"), max_length=120, required=False)
    page_intro = forms.CharField(
        label=_("Texto de arriba"), max_length=500, required=False, widget=forms.Textarea(attrs={"rows": 3})
    )
    page_color = forms.ChoiceField(label=_("Color"), choices=COLOR_CHOICES, required=False)
    page_consent = forms.CharField(
        label=_("Texto del consentimiento"),
        max_length=500,
        required=False,
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text=_("Quien reserva tiene que aceptarlo. Vacío, se usa el de siempre."),
    )

    @classmethod
    def of(cls, settings: AgendaSettings, data: Any = None) -> "PageForm":
        """Filled with what is stored."""
        return cls(data, initial={name: getattr(settings, name) for name in cls.base_fields})

"""Forms of the agenda's settings: shape of the input only; the rules are in crm.agenda."""

from typing import Any

from django import forms
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext_lazy

from crm.agenda.catalogue import LONGEST_REASON
from crm.forms.colors import COLOR_CHOICES
from crm.forms.hours import OVERLAP, UNREAD
from crm.forms.leads import AmountField
from crm.models import AgendaSettings, HoursException, Seller, Service
from tenants.domain import weekly_hours
from tenants.services.company_requests import CURRENCIES

DAY = forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
HOURS = ngettext_lazy("%(n)d hora", "%(n)d horas", "n")
DAYS = ngettext_lazy("%(n)d día", "%(n)d días", "n")
MINUTES = _("%(n)d minutos")
NOTICES = (0, 30, 60, 120, 240, 720, 1440, 2880, 4320, 10_080)
STEPS = (10, 15, 20, 30, 45, 60, 90, 120)


def words_of(minutes: int) -> str:
    """ "30 minutos", "4 horas", "2 días"."""
    for unit, words in ((1440, DAYS), (60, HOURS)):
        if minutes >= unit and minutes % unit == 0:
            return str(words % {"n": minutes // unit})
    return str(MINUTES) % {"n": minutes}


class MinutesField(forms.TypedChoiceField):
    """A time from a short list; what is kept already may be another."""

    def __init__(self, *, of: tuple[int, ...], zero: Any = None, **kwargs: Any) -> None:
        self.of, self.zero = of, zero
        super().__init__(coerce=int, **kwargs)

    def also(self, value: int) -> None:
        said = sorted({*self.of, value})
        self.choices = [(each, str(self.zero) if each == 0 and self.zero else words_of(each)) for each in said]


class ServiceForm(forms.Form):
    name = forms.CharField(label=_("Nombre"), max_length=120)
    description = forms.CharField(
        label=_("Descripción"),
        required=False,
        max_length=500,
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text=_("La leen los clientes en la página de reservas, y la IA."),
    )
    duration_minutes = forms.IntegerField(label=_("Dura, en minutos"), min_value=5, max_value=720, initial=60)
    step_minutes = MinutesField(of=STEPS, label=_("Un turno cada"), initial=60)
    price = AmountField(label=_("Precio"), required=False)
    currency = forms.ChoiceField(label=_("Moneda"), required=False)
    buffer_before = forms.IntegerField(label=_("Minutos libres antes"), min_value=0, max_value=720, initial=0)
    buffer_after = forms.IntegerField(label=_("Minutos libres después"), min_value=0, max_value=720, initial=0)
    notice_minutes = MinutesField(of=NOTICES, zero=_("Sin aviso"), label=_("Aviso mínimo"), initial=0)
    horizon_days = forms.IntegerField(label=_("Hasta cuántos días adelante"), min_value=1, max_value=366, initial=60)
    daily_limit = forms.IntegerField(
        label=_("Por día y vendedor, como máximo"),
        required=False,
        min_value=1,
        max_value=200,
        help_text=_("Vacío: sin límite."),
    )
    place = forms.CharField(label=_("Dónde"), required=False, max_length=200, help_text=_("Una dirección o un enlace."))
    color = forms.ChoiceField(label=_("Color"), required=False, choices=[("", "—"), *COLOR_CHOICES])
    sellers = forms.ModelMultipleChoiceField(
        Seller.objects.none(),
        label=_("Quién lo atiende"),
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text=_("Quien no figura en ningún servicio atiende todos."),
    )
    is_public = forms.BooleanField(label=_("En la página de reservas"), required=False, initial=True)
    is_active = forms.BooleanField(label=_("Se puede reservar"), required=False, initial=True)
    WIDE = frozenset({"name", "description", "place", "sellers", "is_public", "is_active"})

    def __init__(self, *args: Any, service: Service | None = None, **kwargs: Any) -> None:
        known: dict[str, Any] = {}
        if service is not None:
            known = {name: getattr(service, name) for name in self.base_fields if name != "sellers"}
            known["sellers"] = [each.pk for each in service.sellers.all()]
            known["price"] = "" if service.price is None else f"{service.price:f}".rstrip("0").rstrip(".")
        kwargs["initial"] = known
        super().__init__(*args, **kwargs)
        chosen: Any = self.fields
        chosen["step_minutes"].also(service.step_minutes if service else 60)
        chosen["notice_minutes"].also(service.notice_minutes if service else 0)
        listed = Q(is_active=True) | Q(pk__in=known.get("sellers", ()))
        chosen["sellers"].queryset = Seller.objects.filter(listed)
        codes = dict.fromkeys([*CURRENCIES, *([service.currency] if service and service.currency else [])])
        chosen["currency"].choices = [("", _("La de la empresa")), *((code, code) for code in codes)]

    @property
    def cells(self) -> list[tuple[forms.BoundField, bool]]:
        """Each field, and whether it takes the whole width."""
        return [(field, field.name in self.WIDE) for field in self]


class GeneralForm(forms.Form):
    """Holidays, reminders, and how long an offer lasts."""

    holidays = forms.ChoiceField(label=_("Feriados de"), required=False, choices=AgendaSettings.Holidays.choices)
    offer_minutes = forms.IntegerField(
        label=_("Un horario ofrecido vale, en minutos"),
        min_value=5,
        max_value=1440,
        help_text=_("Pasado ese tiempo hay que ofrecerlo de nuevo."),
    )
    reminder_hours = forms.CharField(
        label=_("Recordar tantas horas antes"),
        required=False,
        max_length=40,
        widget=forms.TextInput(attrs={"inputmode": "numeric", "placeholder": "24, 2"}),
        help_text=_("Separadas por comas. Vacío: no se recuerda."),
    )
    reminder_template = forms.CharField(
        label=_("Plantilla de WhatsApp del recordatorio"),
        required=False,
        max_length=512,
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
        help_text=_(
            "Su nombre en Meta, sus datos y sus botones, en el orden de la plantilla: recordatorio_cita {{nombre}} {{fecha}} "
            "{{hora}} {{servicio}} {{vendedor}} {{lugar}} {{empresa}} [confirmar] [mover] [cancelar]. Sin plantilla solo se "
            "recuerda a quien escribió en las últimas 24 horas."
        ),
    )
    reminder_language = forms.CharField(
        label=_("Idioma de la plantilla"),
        required=False,
        max_length=12,
        widget=forms.TextInput(attrs={"autocomplete": "off", "placeholder": "es_AR"}),
    )

    @classmethod
    def of(cls, now: AgendaSettings, data: Any = None) -> "GeneralForm":
        known = {name: getattr(now, name) for name in cls.base_fields}
        return cls(data, initial={**known, "reminder_hours": ", ".join(map(str, now.reminder_hours))})

    def clean_reminder_hours(self) -> list[int]:
        typed = [each.strip() for each in self.cleaned_data["reminder_hours"].split(",") if each.strip()]
        if not all(each.isascii() and each.isdecimal() and len(each) < 6 for each in typed):
            raise forms.ValidationError(_("Números separados por comas, como 24, 2."))
        return [int(each) for each in typed]


class DayForm(forms.Form):
    """A day whose hours differ. Without `sellers` to choose from it is the reader's own."""

    day = forms.DateField(label=_("Día"), widget=DAY)
    spans = forms.CharField(
        label=_("Horario de ese día"),
        required=False,
        max_length=120,
        widget=forms.TextInput(attrs={"autocomplete": "off", "placeholder": "09:00-13:00"}),
        help_text=_("Vacío: cerrado todo el día."),
    )
    seller = forms.ModelChoiceField(
        Seller.objects.none(), label=_("De quién"), required=False, empty_label=_("De toda la empresa")
    )
    reason = forms.CharField(label=_("Motivo"), required=False, max_length=LONGEST_REASON)

    def __init__(self, *args: Any, everybody: bool, **kwargs: Any) -> None:
        kwargs["prefix"] = "day"
        super().__init__(*args, **kwargs)
        if everybody:
            self.fields["seller"].queryset = Seller.objects.filter(is_active=True)  # type: ignore[attr-defined]  # a ModelChoiceField
        else:
            del self.fields["seller"]

    def clean_spans(self) -> list[list[str]]:
        spans = weekly_hours.read_day(self.cleaned_data["spans"])
        if spans is None:
            raise forms.ValidationError(UNREAD)
        if weekly_hours.problem({"0": spans}):
            raise forms.ValidationError(OVERLAP)
        return spans


def hours_of(day: HoursException) -> str:
    """ "09:00-13:00", empty when closed."""
    return weekly_hours.write_day(day.spans)

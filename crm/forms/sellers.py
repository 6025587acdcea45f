"""Forms of the sellers' pages: shape of the input only; the rules are in the services."""

from datetime import datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django import forms
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from crm.forms.hours import HoursForm
from crm.models import Seller, Service
from tenants.forms_company import zones
from tenants.models import Membership

DAY = forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")


class SellerForm(HoursForm):
    """A person who attends, with their week. `people`: members who are no sellers yet, and the one who is this seller."""

    name = forms.CharField(label=_("Nombre"), max_length=120)
    user = forms.ChoiceField(
        label=_("Persona del equipo"),
        required=False,
        help_text=_("Quien entra al sistema. Sin persona, es solo un nombre con agenda."),
    )
    email = forms.EmailField(label=_("Correo"), required=False, max_length=254)
    capacity = forms.IntegerField(
        label=_("Leads abiertos como máximo"),
        required=False,
        min_value=0,
        max_value=100_000,
        help_text=_("Las reglas no le dan más. Vacío: sin límite."),
    )
    specialties = forms.CharField(
        label=_("Especialidades"),
        required=False,
        max_length=1_700,
        help_text=_("Separadas por comas. Una regla por especialidad las busca en lo que el lead pide."),
    )
    services = forms.ModelMultipleChoiceField(
        Service.objects.none(),
        label=_("Servicios que atiende"),
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text=_("Ninguno marcado: todos."),
    )
    weight = forms.IntegerField(
        label=_("Peso en el reparto de citas"),
        required=False,
        min_value=1,
        max_value=100,
        initial=1,
        help_text=_("Con 2 le tocan el doble que a quien tiene 1. Vacío: 1."),
    )
    timezone = forms.ChoiceField(label=_("Zona horaria"), required=False)
    is_active = forms.BooleanField(label=_("Atiende"), required=False, initial=True)
    OWN = ("name", "user", "email", "capacity", "specialties", "services", "weight", "timezone", "is_active")
    TYPED = frozenset({"user", "specialties", "services"})  # kept in another shape than they are typed in

    def __init__(self, *args: Any, seller: Seller | None = None, people: list[Membership], **kwargs: Any) -> None:
        known: dict[str, Any] = {}
        if seller is not None:
            known = {name: getattr(seller, name) for name in self.OWN if name not in self.TYPED}
            known |= {"user": str(seller.user_id or ""), "specialties": ", ".join(seller.specialties)}
            known["services"] = [each.pk for each in seller.services.all()]
        super().__init__(*args, initial=known, hours=seller.working_hours if seller else None, **kwargs)
        names = [(str(each.user_id), each.user.name or each.user.email) for each in people]
        self.fields["user"].choices = [("", _("Nadie")), *names]  # type: ignore[attr-defined]  # a ChoiceField
        attended = Service.objects.filter(Q(is_active=True) | Q(pk__in=known.get("services", ())))
        self.fields["services"].queryset = attended  # type: ignore[attr-defined]  # a ModelMultipleChoiceField
        self.fields["timezone"].choices = [("", _("La de la empresa")), *zones()]  # type: ignore[attr-defined]  # a ChoiceField

    @property
    def facts(self) -> list[forms.BoundField]:
        return [self[name] for name in self.OWN]

    @property
    def values(self) -> dict[str, Any]:
        """For the service, of a valid form; `user` as an id or None."""
        said = {name: self.cleaned_data[name] for name in self.OWN}
        said["specialties"] = said["specialties"].split(",")
        said["weight"] = said["weight"] or 1
        return {**said, "user": said["user"] or None, "working_hours": self.hours}


class AbsenceForm(forms.Form):
    """Whole days, the last one included."""

    first = forms.DateField(label=_("Desde el día"), widget=DAY)
    last = forms.DateField(label=_("Hasta el día, incluido"), widget=DAY)
    reason = forms.CharField(label=_("Motivo"), required=False, max_length=200)
    cover = forms.ModelChoiceField(
        Seller.objects.none(), label=_("Lo cubre"), required=False, empty_label=_("Nadie: sigue el turno")
    )
    NAMES = {"starts_at": "first", "ends_at": "last"}

    def __init__(self, *args: Any, seller: Seller, **kwargs: Any) -> None:
        kwargs["prefix"] = "absence"
        super().__init__(*args, **kwargs)
        others = Seller.objects.filter(is_active=True).exclude(pk=seller.pk)
        self.fields["cover"].queryset = others  # type: ignore[attr-defined]  # a ModelChoiceField

    def times(self, zone: str) -> dict[str, datetime]:
        """From the first midnight to the one after the last day, where the seller is."""
        place, days = ZoneInfo(zone), self.cleaned_data
        start = datetime.combine(days["first"], time.min, place)
        return {"starts_at": start, "ends_at": datetime.combine(days["last"] + timedelta(days=1), time.min, place)}


class HandoverForm(forms.Form):
    """Who receives, and what."""

    to = forms.ModelMultipleChoiceField(
        Seller.objects.none(),
        label=_("Reciben"),
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text=_("Si son varios, cada contacto pasa entero a uno de ellos."),
    )
    by_rule = forms.BooleanField(label=_("Repartir cada lead según las reglas de asignación"), required=False)
    which = forms.ChoiceField(
        label=_("Leads"),
        choices=[("open", _("Solo los abiertos")), ("all", _("Todos, también los cerrados"))],
        initial="open",
    )
    clients = forms.BooleanField(label=_("También sus clientes"), required=False, initial=True)
    tasks = forms.BooleanField(label=_("También sus tareas pendientes"), required=False, initial=True)

    def __init__(self, *args: Any, seller: Seller, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        others = Seller.objects.filter(is_active=True).exclude(pk=seller.pk)
        self.fields["to"].queryset = others  # type: ignore[attr-defined]  # a ModelMultipleChoiceField

"""Forms of the lead pages: shape of the input only; the rules are in the services."""

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from crm.domain.amounts import parse_amount
from crm.forms.custom import form_fields, given
from crm.models import CustomField, Interest, Lead, Pipeline, Seller, Stage

MOST_MONEY = Decimal(10) ** 12  # what the column holds
INTERESTS = [("", _("Sin definir")), *Interest.choices]
PHONE = forms.TextInput(attrs={"type": "tel", "autocomplete": "off", "inputmode": "tel", "placeholder": "+54 9 11 …"})


class AmountField(forms.CharField):
    """Money typed by hand, in any of the usual ways of writing thousands and decimals."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(max_length=40, widget=forms.TextInput(attrs={"inputmode": "decimal"}), **kwargs)

    def clean(self, value: Any) -> Decimal | None:
        typed = super().clean(value)
        if not typed:
            return None
        amount = parse_amount(typed)
        if amount is None or amount >= MOST_MONEY or amount != round(amount, 2):
            raise forms.ValidationError(_("Escribir un importe, por ejemplo 1.500,50."))
        return amount


class TagsField(forms.CharField):
    """Labels separated by commas; the catalogue's spelling is the service's affair."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(max_length=600, required=False, help_text=_("Separadas por comas."), **kwargs)

    def prepare_value(self, value: Any) -> Any:
        return ", ".join(value) if isinstance(value, list | tuple) else value

    def clean(self, value: Any) -> list[str]:
        return [each.strip() for each in super().clean(value).split(",") if each.strip()]


class LeadForm(forms.Form):
    """A lead and its contact, created or edited together; the company's own fields come last."""

    name = forms.CharField(label=_("Nombre"), max_length=200)
    phone = forms.CharField(
        label=_("Teléfono"), required=False, max_length=40, widget=PHONE, help_text=_("Con código de país.")
    )
    email = forms.EmailField(label=_("Correo"), required=False, max_length=254)
    city = forms.CharField(label=_("Ciudad"), required=False, max_length=120)
    source = forms.CharField(
        label=_("Origen"), required=False, max_length=60, help_text=_("Por ejemplo: feria, referido.")
    )
    interest = forms.ChoiceField(label=_("Interés"), required=False, choices=INTERESTS)
    budget = forms.CharField(label=_("Presupuesto"), required=False, max_length=200)
    timeline = forms.CharField(label=_("Plazo"), required=False, max_length=200)
    needs = forms.CharField(
        label=_("Necesidad"), required=False, max_length=4000, widget=forms.Textarea(attrs={"rows": 3})
    )
    value = AmountField(label=_("Valor estimado"), required=False)
    expected_close = forms.DateField(
        label=_("Cierre esperado"), required=False, widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
    )
    probability = forms.IntegerField(
        label=_("Probabilidad (%)"),
        required=False,
        min_value=0,
        max_value=100,
        help_text=_("Vacío: la de la etapa."),
    )
    tags = TagsField(label=_("Etiquetas"))

    CONTACT = ("name", "phone", "email", "city")
    QUALIFICATION = ("interest", "budget", "timeline", "needs")
    OWN = ("source", "budget", "timeline", "needs", "value", "expected_close", "probability", "tags")

    def __init__(
        self, *args: Any, own: Sequence[CustomField] = (), values: Mapping[str, Any] | None = None, **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        self.fields.update(form_fields(own, values or {}))

    def part(self, names: Iterable[str]) -> dict[str, Any]:
        return {name: self.cleaned_data[name] for name in names}

    def custom(self) -> dict[str, Any]:
        """The company's own fields, by key."""
        return given(self.cleaned_data)

    @classmethod
    def of(cls, lead: Lead, data: Any = None, *, own: Sequence[CustomField] = ()) -> "LeadForm":
        """The form filled with what is known; an interest once known may change but not be forgotten."""
        known = {name: getattr(lead, name) for name in (*cls.OWN, "interest")}
        contact = lead.contact
        of_contact = {"name": contact.name, "phone": contact.phone or "", "email": contact.email, "city": contact.city}
        form = cls(data, initial={**known, **of_contact}, own=own, values=lead.custom)
        if lead.interest:
            form.fields["interest"].choices = Interest.choices  # type: ignore[attr-defined]  # a ChoiceField
            form.fields["interest"].required = True
        return form

    def changes_of(self, lead: Lead) -> dict[str, Any]:
        """The lead's own fields whose values differ from what is stored."""
        changed = {name: self.cleaned_data[name] for name in self.OWN if self.cleaned_data[name] != getattr(lead, name)}
        custom = {key: value for key, value in self.custom().items() if value != lead.custom.get(key)}
        return {**changed, **({"custom": custom} if custom else {})}


class NewLeadForm(LeadForm):
    """A new lead may be given to somebody at once, and begin in another pipeline."""

    owner = forms.ModelChoiceField(
        Seller.objects.filter(is_active=True),
        label=_("Vendedor"),
        required=False,
        empty_label=_("Según las reglas"),
    )
    pipeline = forms.ModelChoiceField(
        Pipeline.objects.filter(is_active=True), label=_("Embudo"), required=False, empty_label=_("El principal")
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if len(Pipeline.objects.filter(is_active=True)[:2]) < 2:
            del self.fields["pipeline"]  # nothing to choose


class MoveForm(forms.Form):
    """The step to another stage; what it asks for besides is the service's to say."""

    stage = forms.ModelChoiceField(Stage.objects.select_related("pipeline"), to_field_name="code")
    lost_reason = forms.CharField(label=_("Motivo de la pérdida"), required=False, max_length=300)
    comment = forms.CharField(
        label=_("Comentario"), required=False, max_length=300, widget=forms.Textarea(attrs={"rows": 2})
    )


class ScoreForm(forms.Form):
    """A person's own view of the score."""

    score = forms.IntegerField(label=_("Puntaje"), min_value=0, max_value=100)
    reason = forms.CharField(label=_("Por qué"), required=False, max_length=300)


class ReasonForm(forms.Form):
    """Why something is taken back."""

    reason = forms.CharField(label=_("Motivo"), max_length=300)


class OwnerForm(forms.Form):
    """Whose lead it is; empty = nobody's."""

    owner = forms.ModelChoiceField(
        Seller.objects.filter(is_active=True), label=_("Vendedor"), required=False, empty_label=_("Sin asignar")
    )

"""Forms of the lead pages: shape of the input only; the rules are in the services."""

from collections.abc import Iterable
from decimal import Decimal
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from crm.domain.amounts import parse_amount
from crm.models import Interest, Lead, Seller, Stage

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


class LeadFilter(forms.Form):
    """What the list shows; everything is in the address."""

    q = forms.CharField(
        label=_("Buscar"),
        required=False,
        max_length=120,
        widget=forms.TextInput(attrs={"type": "search", "data-search": True, "autocomplete": "off"}),
    )
    owner = forms.ChoiceField(label=_("Vendedor"), required=False)
    source = forms.ChoiceField(label=_("Origen"), required=False)
    stage = forms.SlugField(required=False, widget=forms.HiddenInput)

    def __init__(self, *args: Any, sellers: Iterable[Seller], sources: Iterable[str], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        people = [(str(seller.pk), seller.name) for seller in sellers]
        self.fields["owner"].choices = [("", _("Todos")), ("none", _("Sin asignar")), *people]  # type: ignore[attr-defined]  # a ChoiceField
        self.fields["source"].choices = [("", _("Todos")), *((each, each) for each in sources)]  # type: ignore[attr-defined]  # a ChoiceField


class LeadForm(forms.Form):
    """A lead and its contact, created or edited together."""

    name = forms.CharField(label=_("Nombre"), max_length=200)
    phone = forms.CharField(
        label=_("Teléfono"), required=False, max_length=40, widget=PHONE, help_text=_("Con código de país.")
    )
    email = forms.EmailField(label=_("Correo"), required=False, max_length=254)
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

    CONTACT = ("name", "phone", "email")
    QUALIFICATION = ("interest", "budget", "timeline", "needs")
    OWN = ("source", "budget", "timeline", "needs", "value")

    def part(self, names: Iterable[str]) -> dict[str, Any]:
        return {name: self.cleaned_data[name] for name in names}

    @classmethod
    def of(cls, lead: Lead, data: Any = None) -> "LeadForm":
        """The form filled with what is known; an interest once known may change but not be forgotten."""
        known = {name: getattr(lead, name) for name in (*cls.OWN, "interest")}
        contact = lead.contact
        form = cls(data, initial={**known, "name": contact.name, "phone": contact.phone or "", "email": contact.email})
        if lead.interest:
            form.fields["interest"].choices = Interest.choices  # type: ignore[attr-defined]  # a ChoiceField
            form.fields["interest"].required = True
        return form

    def changes_of(self, lead: Lead) -> dict[str, Any]:
        """The lead's own fields whose values differ from what is stored."""
        return {name: self.cleaned_data[name] for name in self.OWN if self.cleaned_data[name] != getattr(lead, name)}


class MoveForm(forms.Form):
    """The step to another stage; a lost one needs its reason (the service insists)."""

    stage = forms.ModelChoiceField(Stage.objects.all(), to_field_name="code")
    lost_reason = forms.CharField(label=_("Motivo de la pérdida"), required=False, max_length=300)


class OwnerForm(forms.Form):
    """Whose lead it is; empty = nobody's."""

    owner = forms.ModelChoiceField(
        Seller.objects.filter(is_active=True), label=_("Vendedor"), required=False, empty_label=_("Sin asignar")
    )

"""What the page of the trail is asked for; everything is in the address."""

from collections.abc import Iterable
from datetime import date, datetime, time, timedelta
from typing import Any

from django import forms
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from tenants.models import Membership
from tenants.services.audit_words import FAMILIES, KINDS, OUTCOMES

EARLIEST, LATEST = date(2000, 1, 1), date(2100, 1, 1)


class Day(forms.DateInput):
    input_type = "date"

    def __init__(self) -> None:
        super().__init__(format="%Y-%m-%d")


class EventFilter(forms.Form):
    who = forms.ChoiceField(label=_("Quién"), required=False)
    action = forms.ChoiceField(label=_("Qué"), required=False, choices=[("", _("Todo")), *FAMILIES.items()])
    outcome = forms.ChoiceField(label=_("Resultado"), required=False, choices=[("", _("Todos")), *OUTCOMES.items()])
    resource = forms.CharField(
        label=_("Recurso"), required=False, max_length=64, widget=forms.TextInput(attrs={"autocomplete": "off"})
    )
    since = forms.DateField(label=_("Desde"), required=False, widget=Day)
    until = forms.DateField(label=_("Hasta"), required=False, widget=Day)

    def __init__(self, *args: Any, members: Iterable[Membership], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        people = [(str(member.user_id), str(member.user)) for member in members]
        kinds = [("", _("Todos")), *KINDS.items(), *people]
        given = self.data.get("who", "")
        if given and given not in {key for key, _label in kinds}:  # somebody who is not in the company any more
            kinds.append((given, given[:8]))
        self.fields["who"].choices = kinds  # type: ignore[attr-defined]  # a ChoiceField

    def clean_since(self) -> datetime | None:
        return _moment(self.cleaned_data["since"])

    def clean_until(self) -> datetime | None:
        """The whole of the last day."""
        last = self.cleaned_data["until"]
        return _moment(last + timedelta(days=1)) if last and last < LATEST else _moment(last)


def _moment(day: date | None) -> datetime | None:
    """The beginning of a day where the company is."""
    if day is None:
        return None
    if not EARLIEST <= day <= LATEST:
        raise forms.ValidationError(_("Esa fecha no puede ser."))
    return timezone.make_aware(datetime.combine(day, time.min))

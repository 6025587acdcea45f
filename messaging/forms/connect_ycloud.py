"""Forms of connecting YCloud: the key, then one of its numbers."""

from collections.abc import Collection
from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from messaging.connecting.ycloud import Number


class KeyForm(forms.Form):
    key = forms.CharField(
        label=gettext_lazy("Clave de API"),
        max_length=300,
        help_text=gettext_lazy("En YCloud: Developers, API Keys, Create API key."),
        widget=forms.PasswordInput({"autocomplete": "off", "spellcheck": "false"}),
    )


class NumberForm(forms.Form):
    number = forms.ChoiceField(label=gettext_lazy("Número de WhatsApp"), widget=forms.RadioSelect)

    def __init__(self, *args: Any, numbers: Collection[Number], taken: Collection[str] = (), **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        found = [(each.phone, _label(each, each.phone in taken)) for each in numbers]
        self.fields["number"].choices = found  # type: ignore[attr-defined]  # a ChoiceField
        free = [each.phone for each in numbers if each.phone not in taken]
        if len(free) == 1:
            self.fields["number"].initial = free[0]


def _label(number: Number, taken: bool) -> str:
    words = " · ".join(filter(None, (number.name, number.phone)))
    return f"{words} · {_('ya conectado')}" if taken else words

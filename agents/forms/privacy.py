"""Erasing a person is asked with their name and one's own password."""

from django import forms
from django.utils.translation import gettext_lazy


class EraseForm(forms.Form):
    confirm = forms.CharField(
        label=gettext_lazy("Nombre de la persona"),
        max_length=254,
        help_text=gettext_lazy("Escribirlo tal como se ve arriba."),
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )
    password = forms.CharField(
        label=gettext_lazy("Su contraseña"),
        max_length=128,
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "current-password"}),
    )

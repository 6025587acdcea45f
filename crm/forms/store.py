"""Forms of the page of the online store. No secret is ever shown again."""

from django import forms
from django.utils.translation import gettext_lazy as _


class AppForm(forms.Form):
    """The company's own app at Tienda Nube."""

    app_id = forms.CharField(
        label=_("Id de la app"), max_length=40, widget=forms.TextInput({"autocomplete": "off", "inputmode": "numeric"})
    )
    app_secret = forms.CharField(
        label=_("Secreto de la app"), max_length=300, widget=forms.PasswordInput({"autocomplete": "off"})
    )


class TokenForm(forms.Form):
    """What somebody has who installed the app already."""

    store_id = forms.CharField(
        label=_("Número de tienda"),
        max_length=20,
        help_text=_("Tienda Nube lo llama user_id: solo números."),
        widget=forms.TextInput({"autocomplete": "off", "inputmode": "numeric"}),
    )
    token = forms.CharField(
        label=_("Token de acceso"), max_length=300, widget=forms.PasswordInput({"autocomplete": "off"})
    )

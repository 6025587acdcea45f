"""Forms of signing in at Meta. No secret is ever shown again."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from messaging.connecting.meta_choices import needs_pin


class AppForm(forms.Form):
    """The company's app at Meta, or that of Instagram's own sign-in."""

    app_id = forms.CharField(label=_("Id de la app"), max_length=32, widget=forms.TextInput({"autocomplete": "off"}))
    app_secret = forms.CharField(
        label=_("Clave secreta de la app"), max_length=300, widget=forms.PasswordInput({"autocomplete": "off"})
    )
    config_id = forms.CharField(
        label=_("Configuración de registro"),
        max_length=32,
        required=False,
        help_text=_("El id del «Registro insertado» de la app, si lo tiene."),
        widget=forms.TextInput({"autocomplete": "off"}),
    )

    def __init__(self, *args: Any, with_config: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if not with_config:
            del self.fields["config_id"]


class ChooseForm(forms.Form):
    """Which of the numbers, pages or accounts become channels."""

    things = forms.MultipleChoiceField(label=_("Qué conectar"), widget=forms.CheckboxSelectMultiple)
    pin = forms.CharField(
        label=_("PIN de verificación en dos pasos"),
        max_length=6,
        required=False,
        help_text=_("Seis números. Si el número no tiene uno, dejarlo vacío: se crea y se guarda cifrado."),
        widget=forms.TextInput({"inputmode": "numeric", "autocomplete": "off"}),
    )

    def __init__(self, *args: Any, free: list[dict[str, Any]], **kwargs: Any) -> None:
        """`free`: the things that are no channel yet."""
        super().__init__(*args, **kwargs)
        self.fields["things"].choices = [(each["id"], each["name"]) for each in free]  # type: ignore[attr-defined]  # a ChoiceField
        if len(free) == 1:
            self.fields["things"].initial = [free[0]["id"]]
        if not needs_pin(free):
            del self.fields["pin"]

"""Forms of codes, the password asked for once more, and the keys of integrations."""

from datetime import datetime, time
from typing import Any

from django import forms
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from tenants.permission_words import AREAS


class OtpForm(forms.Form):
    """A code of the app, or a recovery code."""

    code = forms.CharField(
        label=_("Código"),
        max_length=40,
        help_text=_("Los seis números que muestra la aplicación. Sin el teléfono, un código de recuperación."),
        widget=forms.TextInput(attrs={"autocomplete": "one-time-code", "inputmode": "text", "autofocus": True}),
    )


class ProveForm(forms.Form):
    """The first code of a new secret."""

    code = forms.CharField(
        label=_("Código"),
        max_length=12,
        help_text=_("Los seis números que muestra ahora la aplicación."),
        widget=forms.TextInput(attrs={"autocomplete": "one-time-code", "inputmode": "numeric"}),
    )


class PasswordForm(forms.Form):
    """The person's own password, before something that matters."""

    password = forms.CharField(
        label=_("Contraseña actual"),
        max_length=200,
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "current-password"}),
    )


class KeyForm(forms.Form):
    """`offered` are the scopes that the maker may give: their own rights but those for people only."""

    name = forms.CharField(label=_("Nombre"), max_length=80, help_text=_("Para reconocerla: qué programa la usa."))
    scopes = forms.MultipleChoiceField(
        label=_("Permisos"),
        help_text=_("Solo los que necesita. La clave nunca puede más que quien la creó."),
        widget=forms.CheckboxSelectMultiple,
    )
    expires_at = forms.DateField(
        label=_("Vence"),
        required=False,
        help_text=_("El último día que sirve."),
        widget=forms.DateInput(attrs={"type": "date"}),
    )

    def __init__(self, *args: Any, offered: list[str], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["scopes"].choices = _in_words(offered)  # type: ignore[attr-defined]  # of its class

    def clean_expires_at(self) -> datetime | None:
        """The end of that day where the company is."""
        day = self.cleaned_data.get("expires_at")
        if day is None:
            return None
        return timezone.make_aware(datetime.combine(day, time.max))


def _in_words(offered: list[str]) -> list[tuple[str, str]]:
    """(scope, what it lets the key do), area by area."""
    words = {name.replace(".", ":"): text for named in AREAS.values() for name, text in named.items()}
    known = [(scope, f"{text} ({scope})") for scope, text in words.items() if scope in offered]
    return known + [(scope, scope) for scope in offered if scope not in words]
